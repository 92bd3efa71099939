// Whether a stream still looks like the normals that a model was calibrated on; no label is needed.
#pragma once

#include <array>
#include <cstddef>
#include <span>

namespace seqguard {
inline namespace v0 {

/// A share `level` of the p-values of normal sequences lies at or below `level`, or fewer where many are equal.
struct DriftLevel {
  double level = 0;
  double share = 0;  ///< of the stream
  double most = 1;   ///< what chance explains
};

/// The shares at .01, .1 and .5.
struct StreamDrift {
  std::array<DriftLevel, 3> levels;
  std::size_t sequences = 0;
  /// One of the shares is above its bound: anomalies, or traffic that has moved. False alarms may exceed the target.
  bool has_drifted() const noexcept;
};

/// `p_values`: of n sequences of the stream, by a calibration on m normals, whose ranks are random themselves. Bound:
///
///     level + 3.29 sqrt(level (1 - level) (1 / n + 1 / (m + 1))), and one sequence more
///
/// Fewer small p-values than their level mean nothing: equal scores and the cautious tail make them rare, and a
/// finished model, which has seen more than those that gave the held-out scores, finds new normals somewhat more normal
/// (150 visits: a share of .33 at .5). @throws Error invalid_argument: no p-value, a NaN, or no calibration normals.
StreamDrift stream_drift(std::span<const double> p_values, std::size_t calibration_normals);

}  // namespace v0
}  // namespace seqguard
