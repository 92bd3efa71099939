#include "seqguard/sequence_scorer/fine_tune_text.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "seqguard/core/error.hpp"
#include "sequence_scorer/fine_tune_text_state.hpp"
#include "sequence_scorer/text_options_check.hpp"
#include "sequence_scorer/text_training.hpp"
#include "sequence_scorer/tuned_text_files.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

using Clock = std::chrono::steady_clock;

/// The settings as they are run. @throws Error invalid_argument.
std::vector<FineTuneTextOptions> checked(const LabelledTexts& texts, std::span<const TextTrial> trials) {
  if (trials.empty()) fail(ErrorCode::invalid_argument, "fine-tune", "settings to compare", "at least one", "none");
  const FineTuneTextOptions& first = trials.front().options;
  std::vector<FineTuneTextOptions> result;
  for (const TextTrial& trial : trials) {
    FineTuneTextOptions options = with_loss(texts, trial.options);
    options.metric = first.metric;
    options.valid_fraction = first.valid_fraction;
    options.folds = first.folds;
    options.seed = first.seed;
    options.tags = first.tags;
    options.first_pieces_only = first.first_pieces_only;
    options.text = first.text;
    options.curves = first.curves;
    options.state_file = first.state_file;
    options.resume = first.resume;
    options.compute = first.compute;
    check_options(options);
    result.push_back(std::move(options));
  }
  if (trials.size() == 1) return result;
  if (first.valid_fraction == 0 && first.folds == 0)
    fail(ErrorCode::invalid_argument, "fine-tune", "settings are compared on texts that they have not learned from",
         "a valid_fraction above 0, or folds", "neither");
  const auto same_loss = [&](const FineTuneTextOptions& options) {
    const FineTuneTextOptions& one = result.front();
    return options.loss == one.loss && options.focal_gamma == one.focal_gamma &&
           options.focal_alpha == one.focal_alpha && options.label_smoothing == one.label_smoothing &&
           options.balanced == one.balanced && options.class_weights == one.class_weights;
  };
  if (first.metric == TextMetric::loss && !std::all_of(result.begin(), result.end(), same_loss))
    fail(ErrorCode::invalid_argument, "fine-tune", "metric of settings with different losses",
         "one that is not the loss: losses of different kinds do not compare", "loss");
  return result;
}

bool is_better(const TextFigures& a, const TextFigures& b, TextMetric metric) {
  return smaller_is_better(metric) ? a.value(metric) < b.value(metric) : a.value(metric) > b.value(metric);
}

/// Trains with setting `t` alone, on what it learns from in the end.
TrainedText train_setting(const TextStart& start, const LabelledTexts& texts, FineTuneTextOptions options,
                          std::string state_file, const std::string& phase, Executor& executor, ProgressSink progress) {
  options.state_file = std::move(state_file);
  return train_text(start, texts, options, phase, executor, progress);
}

}  // namespace

TextSearchReport search_fine_tune_text(const std::string& from, const LabelledTexts& texts, const std::string& to,
                                       std::span<const TextTrial> trials, Executor& executor, ProgressSink progress) {
  const Clock::time_point began = Clock::now();
  const std::vector<FineTuneTextOptions> settings = checked(texts, trials);
  check_output(from, to);
  const FineTuneTextOptions& first = settings.front();
  const TextStart start = TextStart::load(from, first);
  const bool compares = settings.size() > 1, keeps = !first.state_file.empty() && (compares || first.folds > 0);
  FinishedTrainings series(keeps ? first.state_file : "", first.resume,
                           keeps ? text_series_fingerprint(start.base, texts, settings) : "");
  TextSearchReport result;
  std::optional<TrainedText> best;  // the model of result.best, if it was trained just now
  for (std::size_t t = 0; t < settings.size() && (compares || first.folds > 0); ++t) {
    const std::string phase =
        compares ? "setting " + std::to_string(t + 1) + "/" + std::to_string(settings.size()) : "";
    TextTrialResult& trial = result.trials.emplace_back(TextTrialResult{trials[t].name, {}, {}});
    std::optional<TrainedText> trained;
    if (first.folds > 0) {
      trial.cross_validation = cross_validate_text(start, texts, settings[t], series, t * first.folds,
                                                   compares ? phase + ", " : "", executor, progress);
      trial.figures = trial.cross_validation->figures;
    } else if (const auto said = series.find(t)) {
      trial.figures = curve_of(*said).front().held_out;
    } else {
      trained = train_setting(start, texts, settings[t], series.file(t), phase, executor, progress);
      if (!trained->report.validated)
        fail(ErrorCode::invalid_argument, "fine-tune", "settings cannot be compared: no text can be held out");
      trial.figures = trained->report.figures;
      series.add(t, numbers_of(std::vector<TextCurvePoint>{{0, 0, 0, trial.figures}}));
    }
    if (t > 0 && !is_better(trial.figures, result.trials[result.best].figures, first.metric)) continue;
    result.best = t;
    best = std::move(trained);
  }
  if (!best)
    best = train_setting(start, texts, settings[result.best], first.state_file, "fine-tuning", executor, progress);
  turn_to_unit_of_labels(*best);
  write_tuned_text(from, to, start.base, best->model, start.input.options.max_length, settings[result.best]);
  series.remove();
  result.report = std::move(best->report);
  if (first.folds > 0) result.report.cross_validation = result.trials[result.best].cross_validation;
  result.report.seconds = std::chrono::duration<double>(Clock::now() - began).count();
  return result;
}

FineTuneTextReport fine_tune_text(const std::string& from, const LabelledTexts& texts, const std::string& to,
                                  const FineTuneTextOptions& options, Executor& executor, ProgressSink progress) {
  const TextTrial only{"", options};
  return search_fine_tune_text(from, texts, to, {&only, 1}, executor, progress).report;
}

}  // namespace v0
}  // namespace seqguard
