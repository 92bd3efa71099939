#include "seqguard/detection/stream_drift.hpp"

#include <algorithm>
#include <cmath>

#include "seqguard/core/error.hpp"

namespace seqguard {
inline namespace v0 {
bool StreamDrift::has_drifted() const noexcept {
  return std::any_of(levels.begin(), levels.end(), [](const DriftLevel& level) { return level.share > level.most; });
}

StreamDrift stream_drift(std::span<const double> p_values, std::size_t calibration_normals) {
  constexpr double k_deviations = 3.29;
  constexpr std::array<double, 3> k_levels{0.01, 0.1, 0.5};
  if (p_values.empty() || calibration_normals == 0)
    fail(ErrorCode::invalid_argument, "stream drift", "p-values and calibration normals", "some", "none");
  if (std::any_of(p_values.begin(), p_values.end(), [](double p) { return std::isnan(p); }))
    fail(ErrorCode::invalid_argument, "stream drift", "a p-value is NaN");
  const auto n = static_cast<double>(p_values.size()), m = static_cast<double>(calibration_normals);
  StreamDrift drift;
  drift.sequences = p_values.size();
  for (std::size_t i = 0; i < k_levels.size(); ++i) {
    const double level = k_levels[i];
    const auto below = std::count_if(p_values.begin(), p_values.end(), [&](double p) { return p <= level; });
    const double margin = k_deviations * std::sqrt(level * (1 - level) * (1 / n + 1 / (m + 1))) + 1 / n;
    drift.levels[i] = {level, static_cast<double>(below) / n, std::min(1.0, level + margin)};
  }
  return drift;
}

}  // namespace v0
}  // namespace seqguard
