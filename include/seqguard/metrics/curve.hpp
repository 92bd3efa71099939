// What every threshold would do: the points behind ROC and precision-recall curves, and tables of some of them.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "seqguard/metrics/metrics.hpp"

namespace seqguard {
inline namespace v0 {

/// A decision score >= threshold.
struct CurvePoint {
  double threshold = 0;
  Confusion confusion;
};

/// A point for each distinct score, descending: from the strictest threshold to one that calls all abnormal.
/// @throws Error invalid_argument for an empty group or NaN.
std::vector<CurvePoint> threshold_curve(std::span<const double> normal, std::span<const double> abnormal);

/// The point of the largest true-positive rate whose false-positive rate is <= `false_positive_rate`; of several the
/// one with the fewest false positives. Where even the highest score belongs to too many normals: a threshold above
/// all scores. @throws Error invalid_argument for a rate outside [0, 1].
CurvePoint point_at_fpr(std::span<const CurvePoint> curve, double false_positive_rate);

/// The point of the largest F1; of several the strictest. @throws Error invalid_argument for an empty curve.
CurvePoint best_f1_point(std::span<const CurvePoint> curve);

}  // namespace v0
}  // namespace seqguard
