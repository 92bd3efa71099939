// What an evaluation says beyond single figures: how sure they are, what each threshold does, whether p-values keep
// their promise, which view finds what.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "seqguard/evaluation/sequence_metrics.hpp"
#include "seqguard/metrics/curve.hpp"
#include "seqguard/metrics/uncertainty.hpp"

namespace seqguard {
inline namespace v0 {

/// A row of the table of thresholds.
struct ThresholdRow {
  std::string name;  ///< "1 % false alarms", "best F1", "the model's"
  double threshold = 0;
  Confusion confusion;
  bool has_threshold = true;  ///< false: a decision by p-value, without a score

  /// Alarms of 1,000 sequences of these data.
  double alarms_per_1000() const noexcept;
};

/// Of the normal sequences those whose p-value is at most `nominal`.
struct RateRow {
  double nominal = 0, observed = 0;
  Interval interval;  ///< of the observed share, 95 %
};

struct EvaluationFigures {
  std::vector<double> normal, abnormal;  ///< scores
  FigureIntervals intervals;
  std::vector<CurvePoint> curve;
  std::vector<ThresholdRow> thresholds;
};

/// Resamples of a bootstrap: 1,000; of more than 200,000 sequences fewer, 2e8 / sequences, at least 100, so that it
/// takes seconds.
std::size_t bootstrap_resamples(std::size_t sequences) noexcept;

/// @throws Error as measure_sequences().
EvaluationFigures measure_figures(std::span<const JudgedSequence> sequences, std::uint64_t seed = 1);

/// The shares at 0.1 %, 0.5 %, 1 %, 2 %, 5 %, 10 %, 20 % and 50 %. @throws Error invalid_argument for no p-values.
std::vector<RateRow> observed_rates(std::span<const double> p_values);

/// A kind of which fewer than half are found at 5 % false positives: what the system is not good at.
bool is_weak(const GroupMetrics& kind) noexcept;

/// How many sequences of each kind are called abnormal, by the view that contributed most.
struct ViewCounts {
  std::vector<std::string> kinds, views;  ///< by name; only views that contributed most to one at least
  std::vector<std::size_t> sequences;     ///< [kinds] all of a kind
  std::vector<std::size_t> counts;        ///< [kinds, views] those that are called abnormal
};
/// One sequence: its kind (empty: normal, named "(normal)"), its view, whether it is called abnormal.
struct ViewVerdict {
  std::string_view kind, view;
  bool is_anomaly = false;
};
ViewCounts count_views(std::span<const ViewVerdict> verdicts);

}  // namespace v0
}  // namespace seqguard
