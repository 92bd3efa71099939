// How well scores tell abnormal sequences from normal ones: over all kinds of anomaly, and for each kind.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "seqguard/metrics/metrics.hpp"

namespace seqguard {
inline namespace v0 {

/// One sequence with its truth.
struct JudgedSequence {
  double score = 0;                ///< higher = more abnormal
  std::optional<bool> is_anomaly;  ///< the label-free decision, where there is one
  std::string_view kind;           ///< what is wrong with it; empty: normal
};

/// Figures of one group of abnormal sequences against all normal ones.
struct GroupMetrics {
  std::string kind;
  std::size_t normal = 0, abnormal = 0;
  double prevalence = 0;              ///< abnormal / (normal + abnormal)
  double auroc = 0;                   ///< as in metrics.hpp, like the next three
  double average_precision = 0;       ///< at this prevalence
  double tpr_at_1 = 0;                ///< true-positive rate at 1 % false positives
  double tpr_at_5 = 0;                ///< at 5 %
  std::optional<Confusion> decision;  ///< of is_anomaly; empty unless every sequence has one
};

struct SequenceMetrics {
  GroupMetrics all;                 ///< kind "all"
  std::vector<GroupMetrics> kinds;  ///< by name; empty where there is only one kind
};

/// @throws Error invalid_argument: no normal or no abnormal sequence, a score that is NaN.
SequenceMetrics measure_sequences(std::span<const JudgedSequence> sequences);

}  // namespace v0
}  // namespace seqguard
