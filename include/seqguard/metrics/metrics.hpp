// Figures of merit: pure functions of scores and truth, higher score = more abnormal.
#pragma once

#include <cstddef>
#include <span>

namespace seqguard {
inline namespace v0 {

/// Area under the ROC curve: the probability that an abnormal score exceeds a normal one, ties counting one half
/// (Mann-Whitney with mid-ranks), in [0, 1]. @throws Error invalid_argument for an empty group or NaN.
double auroc(std::span<const double> normal, std::span<const double> abnormal);

/// Average precision: sum over the distinct thresholds, descending, of (recall_i - recall_{i-1}) precision_i; equal
/// scores share one threshold. In [0, 1]. @throws Error invalid_argument for an empty group or NaN.
double average_precision(std::span<const double> normal, std::span<const double> abnormal);

/// Precision of as many highest scores as there are abnormal ones (R-precision), in [0, 1]; of equal scores at that
/// border the share that fits. @throws Error invalid_argument for an empty group or NaN.
double r_precision(std::span<const double> normal, std::span<const double> abnormal);

/// Largest true-positive rate of a threshold (score >= threshold is abnormal) whose false-positive rate is <=
/// `false_positive_rate`, in [0, 1]; not interpolated. @throws Error invalid_argument for an empty group, NaN or a rate
/// outside [0, 1].
double tpr_at_fpr(std::span<const double> normal, std::span<const double> abnormal, double false_positive_rate);

/// Spearman's rank correlation, with mid-ranks for ties, in [-1, 1]; 0 where all numbers of one side are equal.
/// @throws Error invalid_argument for none, other sizes, or NaN.
double spearman(std::span<const double> a, std::span<const double> b);

/// The smallest count k so that of `trials` independent events of probability `rate` at most k happen with a
/// probability of at least `confidence`. @throws Error invalid_argument unless 0 < rate < 1 and 0 < confidence < 1.
std::size_t binomial_quantile(std::size_t trials, double rate, double confidence);

/// Counts of a decision and what follows from them.
struct Confusion {
  double true_positives = 0, false_positives = 0, false_negatives = 0, true_negatives = 0;

  double precision() const noexcept;
  double recall() const noexcept;
  double false_positive_rate() const noexcept;
  /// Harmonic mean of precision and recall.
  double f1() const noexcept;
};

/// Decision score > threshold. @throws Error invalid_argument for NaN scores.
Confusion confusion_at(std::span<const double> normal, std::span<const double> abnormal, double threshold);

/// The same decision in a population with `normals` normal sequences of which `normal` is a sample: false positives =
/// false-positive rate x normals. For test sets that hold all the anomalies and a sample of the normals.
Confusion projected(const Confusion& sample, double normals);

/// Average precision in that population: each normal of the sample counts normals / normal.size() times.
double projected_average_precision(std::span<const double> normal, std::span<const double> abnormal, double normals);

}  // namespace v0
}  // namespace seqguard
