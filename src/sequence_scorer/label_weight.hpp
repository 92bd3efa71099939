// How much the labels decide beside the views that need none, chosen on labelled sequences that were not learned from.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "seqguard/core/executor.hpp"
#include "seqguard/detection/sequence_detector.hpp"
#include "seqguard/sequence_scorer/fine_tune.hpp"

namespace seqguard {
inline namespace v0 {

/// Labelled sequences and what the views say of them: normals by statistics that have not seen them.
struct LabelledViews {
  std::vector<TypeSequence> normal, abnormal;
  /// [sequences, given_views()] but for that of the labels; of normals as those that the encoder has not learned from
  /// would have.
  std::vector<double> normal_given, abnormal_given;
  /// [sequences, views of the recipe] raw scores, without the view of the labels.
  std::vector<double> normal_raw, abnormal_raw;
  std::vector<double> shifts;  ///< [the same views] what was added to the normals' numbers
};

/// Fills in the raw scores. With `refit`, of statistics of the labelled normals in the place of those of the detector;
/// the encoder may have learned from these normals then, so that their surprises are shifted: their median becomes that
/// of the normals of the former calibration, whose views are those of the detector.
void judge_labelled(const SequenceDetector& detector, const Calibration& former, bool refit, std::uint64_t seed,
                    LabelledViews& labelled, Executor& executor);

struct LabelWeightOptions {
  bool refit = false;
  std::optional<double> weight;  ///< instead of the best one
  double target = 0.01;
  bool best_f1 = false;  ///< decide by the rate with the best F1 instead of by the target
  std::uint64_t seed = 1;
};

struct LabelDecision {
  SequenceDetector detector;  ///< with the view of the labels, calibrated
  double weight = 0;
  std::vector<WeightTrial> trials;
  HeldOutFigures without_labels, labels_alone, together;
  double rate = 0.01;  ///< p-values below it are called abnormal: the target, or the one with the best F1
};

/// The weights 1, 3, 6, 12 and 24 are tried, beside about 10 that the other views of the default recipe have together:
/// the one with the largest sum of AUROC and recall at the target decides, of equal ones the smallest, which leaves
/// most to what no label has named. Log odds are those of networks that have not seen the sequence.
LabelDecision decide_by_labels(const SequenceDetector& detector, const LabelledViews& labelled,
                               std::span<const double> normal_odds, std::span<const double> abnormal_odds,
                               const LabelWeightOptions& options, Executor& executor);

}  // namespace v0
}  // namespace seqguard
