#include "sequence_scorer/label_weight.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <utility>

#include "seqguard/detection/calibration.hpp"
#include "seqguard/detection/label_classifier.hpp"
#include "seqguard/detection/profile.hpp"
#include "seqguard/metrics/metrics.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

constexpr double k_weights[] = {1, 3, 6, 12, 24};

ViewSpec label_view(double weight) {
  ViewSpec view;
  view.name = std::string(k_label_view);
  view.weight = weight;
  view.given = true;
  return view;
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

/// Of the numbers that come with a sequence, those that the recipe uses, in its order.
std::vector<std::size_t> used_columns(const SequenceDetector& detector) {
  std::vector<std::size_t> columns;
  for (const std::string& name : detector.recipe().given())
    columns.push_back(static_cast<std::size_t>(std::find(detector.given().begin(), detector.given().end(), name) -
                                               detector.given().begin()));
  return columns;
}

std::vector<double> select(std::span<const double> given, std::size_t width, std::span<const std::size_t> columns) {
  std::vector<double> result;
  for (std::size_t first = 0; first < given.size(); first += width)
    for (const std::size_t column : columns) result.push_back(given[first + column]);
  return result;
}

/// [rows, width + 1]: each row with one number more.
std::vector<double> with_column(std::span<const double> matrix, std::size_t width, std::span<const double> last) {
  std::vector<double> result;
  for (std::size_t i = 0; i < last.size(); ++i) {
    const std::span<const double> row = matrix.subspan(i * width, width);
    result.insert(result.end(), row.begin(), row.end());
    result.push_back(last[i]);
  }
  return result;
}

/// Raw scores [sequences, views] of all views.
std::vector<double> raw_scores(const Profile& profile, std::span<const TypeSequence> sequences,
                               std::span<const double> given, Executor& executor) {
  const std::size_t views = profile.views(), width = sequences.empty() ? 0 : given.size() / sequences.size();
  std::vector<double> raw(sequences.size() * views);
  auto scratches = make_per_worker(executor, [] { return DetectionScratch(); });
  executor.run(sequences.size(), [&](std::size_t i, std::size_t worker) {
    profile.scores(sequences[i], given.subspan(i * width, width), scratches[worker], {raw.data() + i * views, views});
  });
  return raw;
}

/// What a recipe says of the labelled sequences.
struct Judged {
  std::vector<double> normal, abnormal;      ///< T
  std::vector<double> normal_p, abnormal_p;  ///< p-values
};

/// `raw` may have columns behind those of the recipe.
Judged judge(const Recipe& recipe, MatrixView<const double> normal, MatrixView<const double> abnormal) {
  const std::size_t views = recipe.views.size();
  const MatrixView<const double> held_out(normal.data, normal.rows, views, normal.stride);
  const Calibration calibration(recipe, {held_out});
  std::vector<double> levels(views);
  Judged result;
  const auto add = [&](MatrixView<const double> rows, std::vector<double>& values, std::vector<double>& p_values) {
    for (std::size_t r = 0; r < rows.rows; ++r) {
      const Judgement judgement = calibration.judge({rows.row(r), views}, levels);
      values.push_back(judgement.value);
      p_values.push_back(judgement.p_value);
    }
  };
  add(normal, result.normal, result.normal_p);
  add(abnormal, result.abnormal, result.abnormal_p);
  return result;
}

HeldOutFigures figures(const Judged& judged, double target) {
  const auto found =
      std::count_if(judged.abnormal_p.begin(), judged.abnormal_p.end(), [&](double p) { return p < target; });
  return {auroc(judged.normal, judged.abnormal), average_precision(judged.normal, judged.abnormal),
          static_cast<double>(found) / static_cast<double>(judged.abnormal_p.size())};
}

/// The rate r for which "p < r" has the best F1; between two p-values, so that rounding decides nothing.
double best_f1_rate(const Judged& judged) {
  std::vector<double> rates(judged.abnormal_p.begin(), judged.abnormal_p.end());
  rates.insert(rates.end(), judged.normal_p.begin(), judged.normal_p.end());
  std::sort(rates.begin(), rates.end());
  const auto below = [](const std::vector<double>& p, double rate) {
    return static_cast<double>(std::count_if(p.begin(), p.end(), [&](double value) { return value <= rate; }));
  };
  double best = 0, best_rate = 0.01;
  for (std::size_t i = 0; i < rates.size(); ++i) {
    if (i + 1 < rates.size() && rates[i + 1] == rates[i]) continue;
    const double hits = below(judged.abnormal_p, rates[i]), alarms = below(judged.normal_p, rates[i]);
    const double f1 = 2 * hits / (hits + alarms + static_cast<double>(judged.abnormal_p.size()));
    if (f1 <= best) continue;
    best = f1;
    best_rate = i + 1 < rates.size() ? (rates[i] + rates[i + 1]) / 2 : (rates[i] + 1) / 2;
  }
  return std::clamp(best_rate, 1e-12, 1 - 1e-12);
}

}  // namespace

void judge_labelled(const SequenceDetector& detector, const Calibration& former, bool refit, std::uint64_t seed,
                    LabelledViews& labelled, Executor& executor) {
  const std::vector<std::size_t> columns = used_columns(detector);
  const std::size_t width = detector.given().size();
  labelled.shifts.assign(width, 0);
  if (refit) {
    for (std::size_t v = 0, k = 0; v < detector.recipe().views.size(); ++v) {
      if (!detector.recipe().views[v].given) continue;
      std::vector<double> own;
      for (std::size_t i = columns[k]; i < labelled.normal_given.size(); i += width)
        own.push_back(labelled.normal_given[i]);
      const std::span<const double> unseen = former.scores_of(v);
      const double shift = median({unseen.begin(), unseen.end()}) - median(own);
      for (std::size_t i = columns[k]; i < labelled.normal_given.size(); i += width) labelled.normal_given[i] += shift;
      labelled.shifts[columns[k]] = shift;
      ++k;
    }
  }
  const std::vector<double> normal = select(labelled.normal_given, width, columns),
                            abnormal = select(labelled.abnormal_given, width, columns);
  if (!refit) {
    labelled.normal_raw = raw_scores(detector.profile(), labelled.normal, normal, executor);
    labelled.abnormal_raw = raw_scores(detector.profile(), labelled.abnormal, abnormal, executor);
    return;
  }
  const ProfileOptions statistics{.seed = seed};
  labelled.normal_raw = out_of_fold_scores(labelled.normal, normal, detector.recipe(), statistics, executor);
  labelled.abnormal_raw = raw_scores(Profile(detector.recipe(), Normals(labelled.normal), statistics),
                                     labelled.abnormal, abnormal, executor);
}

LabelDecision decide_by_labels(const SequenceDetector& detector, const LabelledViews& labelled,
                               std::span<const double> normal_odds, std::span<const double> abnormal_odds,
                               const LabelWeightOptions& options, Executor& executor) {
  const std::size_t views = detector.recipe().views.size();
  const std::vector<double> normal = with_column(labelled.normal_raw, views, normal_odds),
                            abnormal = with_column(labelled.abnormal_raw, views, abnormal_odds);
  const MatrixView<const double> of_normal(normal.data(), normal_odds.size(), views + 1),
      of_abnormal(abnormal.data(), abnormal_odds.size(), views + 1);
  LabelDecision decision{detector.with_given_view(label_view(1)), 0, {}, {}, {}, {}, options.target};
  Recipe recipe = decision.detector.recipe();
  std::vector<double> weights(std::begin(k_weights), std::end(k_weights));
  if (options.weight) weights = {*options.weight};
  for (const double weight : weights) {
    recipe.views.back().weight = weight;
    const Judged judged = judge(recipe, of_normal, of_abnormal);
    decision.trials.push_back({weight, figures(judged, options.target)});
    const auto worth = [](const HeldOutFigures& f) { return f.auroc + f.recall; };
    if (decision.weight > 0 && worth(decision.trials.back().figures) <= worth(decision.together)) continue;
    decision.weight = weight;
    decision.together = decision.trials.back().figures;
    if (options.best_f1) decision.rate = best_f1_rate(judged);
  }
  recipe.views.back().weight = decision.weight;
  decision.together = figures(judge(recipe, of_normal, of_abnormal), decision.rate);
  decision.without_labels = figures(judge(detector.recipe(), of_normal, of_abnormal), decision.rate);
  decision.labels_alone = {auroc(normal_odds, abnormal_odds), average_precision(normal_odds, abnormal_odds),
                           tpr_at_fpr(normal_odds, abnormal_odds, decision.rate)};
  const std::size_t width = detector.given().size();
  const std::vector<double> given = with_column(labelled.normal_given, width, normal_odds);
  decision.detector = detector.with_given_view(label_view(decision.weight));
  if (options.refit) {
    const auto names = decision.detector.given();
    SequenceDetector refitted(decision.detector.recipe(), {names.begin(), names.end()},
                              {.profile = {.seed = options.seed}, .contamination = decision.rate});
    refitted.fit(labelled.normal, {.held_out = given}, executor);
    decision.detector = std::move(refitted);
  } else {
    decision.detector.recalibrate(labelled.normal, given, executor);
  }
  return decision;
}

}  // namespace v0
}  // namespace seqguard
