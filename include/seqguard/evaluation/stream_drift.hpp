// Whether a stream still looks like the normals that a model was calibrated on; no label is needed.
#pragma once

#include <array>
#include <cstddef>
#include <span>

namespace seqguard {
inline namespace v0 {

/// p-values of normal sequences are uniform: a share `level` of them lies at or below `level`.
struct DriftLevel {
  double level = 0;            ///< nominal share
  double share = 0;            ///< found
  double least = 0, most = 1;  ///< what chance explains
  bool is_outside() const noexcept { return share < least || share > most; }
};

/// The shares at .01, .1 and .5.
struct StreamDrift {
  std::array<DriftLevel, 3> levels;
  std::size_t sequences = 0;
  bool has_drifted() const noexcept;  ///< one of the shares is outside
};

/// `p_values`: of n sequences of the stream; `calibration_normals`: m normals that the p-values rest on, whose ranks
/// are random themselves:
///
///     level +- 3.29 sqrt(level (1 - level) (1 / n + 1 / (m + 1))), and one sequence more
///
/// The lower bound is that of half the level, and counts at .5 only: a finished model has seen more than those that
/// gave the held-out scores, so that new normals look somewhat more normal (150 visits: .33 at .5), and the cautious
/// tail of TailCalibration makes small p-values rarer than their level. Anomalies in the stream count as drift where
/// they are more than chance explains.
/// @throws Error invalid_argument: no p-value, a NaN, or no calibration normals.
StreamDrift stream_drift(std::span<const double> p_values, std::size_t calibration_normals);

}  // namespace v0
}  // namespace seqguard
