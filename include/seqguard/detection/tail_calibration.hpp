// Raw scores to surprise levels: how improbable a score is among the normals.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace seqguard {
inline namespace v0 {

/// Upper tail of n calibration scores c_1 <= .. <= c_n, with k = max(5, ceil(n / 10)) (at most n - 1), u = c_{n-k} and
/// m = max(mean(c_i - u, i > n-k), .05 std(c), 1e-9 max(1, |u|)):
///
///     A(s) = -log((#{c_i >= s} + 1) / (n + 1))     if s <= u
///     A(s) = log((n+1)/(k+1)) + (s - u) / m        if s >  u
///
/// An exponential tail: it ranks what lies beyond the largest normal and works with 50 normals. Const calls are
/// thread-safe and allocate nothing.
class TailCalibration {
 public:
  TailCalibration() = default;
  /// @throws Error invalid_argument for fewer than two scores; non_finite.
  explicit TailCalibration(std::span<const double> scores);

  double level(double score) const noexcept;    ///< A(s) >= 0; a NaN gives 0
  double p_value(double score) const noexcept;  ///< exp(-A(s)), in (0, 1]
  /// (#{c_i >= s} + 1) / (n + 1): exact for a score exchangeable with the calibration scores.
  double p_conformal(double score) const noexcept;
  /// p_value(s) < target exactly for s > threshold(target), up to rounding. @throws Error invalid_argument unless 0 <
  /// target < 1.
  double threshold(double target) const;

  std::span<const double> scores() const noexcept { return scores_; }  ///< ascending
  std::size_t size() const noexcept { return scores_.size(); }

 private:
  std::vector<double> scores_;
  double start_ = 0;  ///< u
  double scale_ = 1;  ///< m
  double base_ = 0;   ///< log((n+1)/(k+1))
};

}  // namespace v0
}  // namespace seqguard
