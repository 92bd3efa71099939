#include "sequence_scorer/text_training.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <utility>

#include "seqguard/core/error.hpp"
#include "seqguard/core/files.hpp"
#include "seqguard/model/checkpoint.hpp"
#include "seqguard/model/sentence_embedding.hpp"
#include "sequence_scorer/fine_tune_text_state.hpp"
#include "sequence_scorer/text_options_check.hpp"
#include "sequence_scorer/text_split.hpp"
#include "sequence_scorer/text_tuner.hpp"
#include "sequence_scorer/tuned_text_files.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

using Clock = std::chrono::steady_clock;

HeadSpec head_of(const LabelledTexts& texts, const FineTuneTextOptions& options,
                 const std::vector<std::string>& classes) {
  HeadSpec head{"", texts.is(TextProblem::spans) ? Head::token_classification : Head::sequence_classification, classes};
  if (texts.is(TextProblem::regression)) head.loss = HeadLoss::squared_error;
  if (texts.is(TextProblem::multi_label_classification)) head.loss = HeadLoss::binary;
  if (!texts.is(TextProblem::single_label_classification)) return head;
  const bool two = classes.size() == 2;
  if (options.loss == TextLoss::bce || (options.loss == TextLoss::focal && two)) head.loss = HeadLoss::binary;
  if (two && head.loss == HeadLoss::binary) head.labels = {classes[1]};
  return head;
}

/// What the head gives becomes factor times it, plus shift: of a number, by weights and bias of the last layer.
void turn_output(Model<float>& model, double factor, double shift) {
  const LinearParameters<const float>& last = model.parameters().heads.front().classifier.out_proj;
  const auto at = [&](const float* parameter) {
    return &model.values()[static_cast<std::size_t>(parameter - model.values().data())];
  };
  float* const weight = at(last.weight);
  for (std::size_t i = 0; i < last.out_features * last.in_features; ++i)
    weight[i] = static_cast<float>(factor * static_cast<double>(weight[i]));
  float& bias = *at(last.bias);
  bias = static_cast<float>(factor * static_cast<double>(bias) + shift);
}

/// The checkpoint with the head. One of the very same classes goes on, any other is new.
Model<float> begin_model(const Model<float>& base, const HeadSpec& head, const TextExamples& examples,
                         const FineTuneTextOptions& options) {
  const bool of_numbers = head.loss == HeadLoss::squared_error;
  ModelSpec spec = with_head(base.spec(), head);
  spec.pooler = false;  // what the head reads is there anyway
  spec.frozen = options.frozen;
  spec.lora = options.lora;
  const HeadSpec* const known = base.spec().checkpoint_head(head.kind);
  if (known != nullptr && known->labels == head.labels && (known->loss == HeadLoss::squared_error) == of_numbers) {
    Model<float> model = begin_from(base, std::move(spec), options.seed);
    if (of_numbers) turn_output(model, 1 / examples.deviation, -examples.mean / examples.deviation);
    return model;
  }
  ModelSpec bare = base.spec();
  bare.pooler = has_pooler(bare);
  bare.heads.clear();
  return begin_from(begin_from(base, std::move(bare), options.seed), std::move(spec), options.seed);
}

void warn_of_pooler(const Model<float>& base, const Model<float>& model, const FineTuneTextOptions& options,
                    std::vector<std::string>& warnings) {
  if (!has_pooler(model.spec()) || has_pooler(base.spec()) || !(options.frozen.base || options.lora.rank > 0)) return;
  if (options.adapter_only)
    fail(ErrorCode::unsupported_model, "fine-tune",
         "the checkpoint has no pooler, which the head reads: an adapter of it would not hold the new one; write all "
         "weights instead");
  warnings.push_back("the checkpoint has no pooler, which the head reads: it is new, random, and does not learn");
}

/// The texts of which `chosen` says so.
LabelledTexts select_texts(const LabelledTexts& texts, const std::vector<std::size_t>& folds, std::size_t fold,
                           bool of_fold) {
  LabelledTexts result{texts.file, texts.problem, texts.classes, {}};
  for (std::size_t i = 0; i < texts.texts.size(); ++i)
    if ((folds[i] == fold) == of_fold) result.texts.push_back(texts.texts[i]);
  return result;
}

/// Judges `test` by what was learned from others: its loss, then its judgements.
std::vector<double> judge_fold(const TrainedText& trained, TextExamples& test, const FineTuneTextOptions& options,
                               Executor& executor) {
  test.mean = trained.examples.mean;
  test.deviation = trained.examples.deviation;
  const std::size_t outputs = head_outputs(trained.model.config(), trained.model.spec().heads.front());
  const LabelTable labels = label_table(test, outputs);
  const LabelLossOptions loss = text_loss_options(options, trained.examples, outputs);
  const HeldOutTexts judge(labels, test, loss, options.metric);
  judge.loss(trained.model, executor);
  std::vector<double> said = {judge.figures().loss};
  said.insert(said.end(), judge.judgements().begin(), judge.judgements().end());
  return said;
}

template <class T>
void append(std::vector<T>& to, const std::vector<T>& from) {
  to.insert(to.end(), from.begin(), from.end());
}

}  // namespace

TextStart TextStart::load(const std::string& from, const FineTuneTextOptions& options) {
  require_training_precision(options.compute.precision);
  const Context<float> context = make_context(options.compute);
  Model<float> base = load_model(context, from, {}, options.compute.access);
  TextInput input =
      TextInput::load(from, base.config(), SentenceEmbedding::load(context, from, base.config()), options.text);
  require_own_lower_case(from);
  return {std::move(base), std::move(input)};
}

TrainedText train_text(const TextStart& start, const LabelledTexts& texts, const FineTuneTextOptions& options,
                       std::string_view phase, Executor& executor, ProgressSink progress) {
  const Clock::time_point began = Clock::now();
  TextExamples examples = make_text_examples(texts, start.input, options);
  check_metric(examples, options);
  Model<float> model = begin_model(start.base, head_of(texts, options, examples.classes), examples, options);
  TrainedText result{std::move(model), std::move(examples), {}};
  FineTuneTextReport& report = result.report;
  report.problem = result.examples.problem;
  report.classes = result.examples.classes;
  report.learned_from = result.examples.counts(false);
  report.held_out = result.examples.counts(true);
  report.texts = texts.texts.size();
  report.held_out_texts = result.examples.held_out.size();
  report.parameters = result.model.table().size();
  report.learning_parameters = result.model.table().unread_gradient();
  report.warnings = result.examples.warnings;
  warn_of_pooler(start.base, result.model, options, report.warnings);
  if (result.examples.held_out.empty() && options.valid_fraction > 0)
    report.warnings.push_back("no text can be held out: the last weights are kept, and nothing says how good they are");
  TextTuner(result.model, result.examples, options, fine_tune_text_fingerprint(result.model, result.examples, options),
            phase, executor, progress)
      .run(report);
  report.seconds = std::chrono::duration<double>(Clock::now() - began).count();
  return result;
}

void turn_to_unit_of_labels(TrainedText& trained) {
  if (trained.examples.problem == TextProblem::regression)
    turn_output(trained.model, trained.examples.deviation, trained.examples.mean);
}

FinishedTrainings::FinishedTrainings(const std::string& state_file, bool resume, std::string fingerprint)
    : state_file_(state_file),
      path_(state_file.empty() ? "" : state_file + ".trainings"),
      description_{"fine-tune texts", k_fine_tune_text_layout, std::move(fingerprint)} {
  if (resume && !path_.empty() && file_exists(path_)) state_ = load_state<State>(path_, description_);
}

std::string FinishedTrainings::file(std::size_t n) const {
  return state_file_.empty() ? "" : state_file_ + "." + std::to_string(n);
}

std::optional<std::vector<double>> FinishedTrainings::find(std::size_t n) const {
  if (n >= state_.sizes.size()) return std::nullopt;
  std::size_t first = 0;
  for (std::size_t i = 0; i < n; ++i) first += state_.sizes[i];
  if (state_.sizes[n] == 0 || first + state_.sizes[n] > state_.numbers.size())
    fail(ErrorCode::bad_checkpoint, path_, "finished trainings", "numbers of each", "fewer");
  const auto begin = state_.numbers.begin() + static_cast<std::ptrdiff_t>(first);
  return std::vector<double>(begin, begin + static_cast<std::ptrdiff_t>(state_.sizes[n]));
}

void FinishedTrainings::add(std::size_t n, std::span<const double> said) {
  state_.sizes.push_back(said.size());
  state_.numbers.insert(state_.numbers.end(), said.begin(), said.end());
  if (path_.empty()) return;
  save_state(state_, path_, description_);
  std::remove(file(n).c_str());
}

void FinishedTrainings::remove() const {
  if (path_.empty()) return;
  for (std::size_t n = 0; n < state_.sizes.size(); ++n) std::remove(file(n).c_str());
  std::remove(path_.c_str());
}

TextCrossValidation cross_validate_text(const TextStart& start, const LabelledTexts& texts,
                                        const FineTuneTextOptions& options, FinishedTrainings& series,
                                        std::size_t first, const std::string& phase, Executor& executor,
                                        ProgressSink progress) {
  const std::vector<std::size_t> folds = fold_of_texts(texts, options.folds, options.seed);
  TextCrossValidation result;
  TextExamples all;  // rows of all folds, one after another
  std::vector<double> judgements;
  double loss = 0;
  for (std::size_t fold = 0; fold < options.folds; ++fold) {
    TextExamples test = make_judged_examples(select_texts(texts, folds, fold, true), start.input, options);
    std::optional<std::vector<double>> said = series.find(first + fold);
    if (!said) {
      FineTuneTextOptions of_fold = options;
      of_fold.curves.clear();
      of_fold.state_file = series.file(first + fold);
      const std::string name = phase + "fold " + std::to_string(fold + 1) + "/" + std::to_string(options.folds);
      const TrainedText trained =
          train_text(start, select_texts(texts, folds, fold, false), of_fold, name, executor, progress);
      said = judge_fold(trained, test, options, executor);
      series.add(first + fold, *said);
    }
    const std::span<const double> of_rows = std::span<const double>(*said).subspan(1);
    TextFigures& figures = result.folds.emplace_back(judge_held_out(test, of_rows));
    figures.loss = said->front();
    loss += figures.loss * static_cast<double>(figures.rows);
    judgements.insert(judgements.end(), of_rows.begin(), of_rows.end());
    all.problem = test.problem;
    all.classes = test.classes;
    append(all.targets, test.targets);
    append(all.members, test.members);
    append(all.numbers, test.numbers);
  }
  result.figures = judge_held_out(all, judgements);
  result.figures.loss = loss / static_cast<double>(std::max<std::size_t>(1, result.figures.rows));
  return result;
}

}  // namespace v0
}  // namespace seqguard
