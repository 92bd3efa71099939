#include "seqguard/evaluation/evaluation_figures.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "seqguard/core/error.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

std::vector<ThresholdRow> threshold_rows(const EvaluationFigures& figures, std::span<const JudgedSequence> sequences) {
  std::vector<ThresholdRow> rows;
  for (const auto& [name, rate] : {std::pair{"0.1 % false alarms", 0.001},
                                   {"0.5 % false alarms", 0.005},
                                   {"1 % false alarms", 0.01},
                                   {"2 % false alarms", 0.02},
                                   {"5 % false alarms", 0.05},
                                   {"10 % false alarms", 0.1}}) {
    const CurvePoint point = point_at_fpr(figures.curve, rate);
    rows.push_back({name, point.threshold, point.confusion});
  }
  const CurvePoint best = best_f1_point(figures.curve);
  rows.push_back({"best F1 (needs labels)", best.threshold, best.confusion});
  Confusion decision;
  for (const JudgedSequence& sequence : sequences) {
    if (!sequence.is_anomaly) return rows;
    const bool is_normal = sequence.kind.empty();
    ++(*sequence.is_anomaly ? (is_normal ? decision.false_positives : decision.true_positives)
                            : (is_normal ? decision.true_negatives : decision.false_negatives));
  }
  rows.push_back({"the model's own", 0, decision, false});
  return rows;
}

}  // namespace

double ThresholdRow::alarms_per_1000() const noexcept {
  const double alarms = confusion.true_positives + confusion.false_positives,
               all = alarms + confusion.true_negatives + confusion.false_negatives;
  return all > 0 ? 1000 * alarms / all : 0;
}

std::size_t bootstrap_resamples(std::size_t sequences) noexcept {
  return std::clamp<std::size_t>(200'000'000 / std::max<std::size_t>(1, sequences), 100, 1000);
}

EvaluationFigures measure_figures(std::span<const JudgedSequence> sequences, std::uint64_t seed) {
  EvaluationFigures figures;
  for (const JudgedSequence& sequence : sequences)
    (sequence.kind.empty() ? figures.normal : figures.abnormal).push_back(sequence.score);
  if (figures.normal.empty() || figures.abnormal.empty())
    fail(ErrorCode::invalid_argument, "evaluation", "one group is empty", "normal and abnormal sequences",
         std::to_string(figures.normal.size()) + " normal, " + std::to_string(figures.abnormal.size()) + " abnormal");
  figures.intervals =
      bootstrap_intervals(figures.normal, figures.abnormal, {bootstrap_resamples(sequences.size()), seed});
  figures.curve = threshold_curve(figures.normal, figures.abnormal);
  figures.thresholds = threshold_rows(figures, sequences);
  return figures;
}

std::vector<RateRow> observed_rates(std::span<const double> p_values) {
  std::vector<RateRow> rows;
  for (const double nominal : {0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5}) {
    const auto count = static_cast<std::size_t>(
        std::count_if(p_values.begin(), p_values.end(), [&](double p) { return p <= nominal; }));
    const Interval interval = share_interval(count, p_values.size());
    rows.push_back({nominal, static_cast<double>(count) / static_cast<double>(p_values.size()), interval});
  }
  return rows;
}

bool is_weak(const GroupMetrics& kind) noexcept { return kind.tpr_at_5 < 0.5; }

ViewCounts count_views(std::span<const ViewVerdict> verdicts) {
  std::map<std::string_view, std::map<std::string_view, std::size_t>> found;
  std::map<std::string_view, std::size_t> sequences;
  std::set<std::string_view> views;
  for (const ViewVerdict& verdict : verdicts) {
    const std::string_view kind = verdict.kind.empty() ? "(normal)" : verdict.kind;
    ++sequences[kind];
    if (!verdict.is_anomaly) continue;
    ++found[kind][verdict.view];
    views.insert(verdict.view);
  }
  ViewCounts result;
  result.views.assign(views.begin(), views.end());
  for (const auto& [kind, count] : sequences) {
    result.kinds.emplace_back(kind);
    result.sequences.push_back(count);
    for (const std::string_view view : views) result.counts.push_back(found[kind][view]);
  }
  return result;
}

}  // namespace v0
}  // namespace seqguard
