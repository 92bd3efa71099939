#include "seqguard/metrics/curve.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <string>

#include "seqguard/core/error.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

std::vector<double> descending(std::span<const double> scores) {
  if (scores.empty()) fail(ErrorCode::invalid_argument, "threshold_curve", "both groups need a score");
  for (const double score : scores)
    if (std::isnan(score)) fail(ErrorCode::invalid_argument, "threshold_curve", "a score is NaN");
  std::vector<double> sorted(scores.begin(), scores.end());
  std::sort(sorted.begin(), sorted.end(), std::greater<>());
  return sorted;
}

}  // namespace

std::vector<CurvePoint> threshold_curve(std::span<const double> normal, std::span<const double> abnormal) {
  const std::vector<double> n = descending(normal), a = descending(abnormal);
  std::vector<CurvePoint> curve;
  for (std::size_t i = 0, j = 0; i < n.size() || j < a.size();) {
    const double threshold = i == n.size() ? a[j] : j == a.size() ? n[i] : std::max(n[i], a[j]);
    while (i < n.size() && n[i] >= threshold) ++i;
    while (j < a.size() && a[j] >= threshold) ++j;
    curve.push_back({threshold,
                     {.true_positives = static_cast<double>(j),
                      .false_positives = static_cast<double>(i),
                      .false_negatives = static_cast<double>(a.size() - j),
                      .true_negatives = static_cast<double>(n.size() - i)}});
  }
  return curve;
}

CurvePoint point_at_fpr(std::span<const CurvePoint> curve, double false_positive_rate) {
  if (curve.empty()) fail(ErrorCode::invalid_argument, "point_at_fpr", "an empty curve");
  if (!(false_positive_rate >= 0 && false_positive_rate <= 1))
    fail(ErrorCode::invalid_argument, "point_at_fpr", "a false-positive rate", "0 .. 1",
         std::to_string(false_positive_rate));
  const Confusion& all = curve.back().confusion;
  CurvePoint best{std::numeric_limits<double>::infinity(),
                  {.true_positives = 0,
                   .false_positives = 0,
                   .false_negatives = all.true_positives,
                   .true_negatives = all.false_positives}};
  for (const CurvePoint& point : curve) {
    if (point.confusion.false_positive_rate() > false_positive_rate) break;
    if (point.confusion.true_positives > best.confusion.true_positives) best = point;
  }
  return best;
}

CurvePoint best_f1_point(std::span<const CurvePoint> curve) {
  if (curve.empty()) fail(ErrorCode::invalid_argument, "best_f1_point", "an empty curve");
  return *std::max_element(curve.begin(), curve.end(), [](const CurvePoint& a, const CurvePoint& b) {
    return a.confusion.f1() < b.confusion.f1();
  });
}

}  // namespace v0
}  // namespace seqguard
