// The learning rate as a function of the step.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>

namespace seqguard {

enum class Decay { linear, cosine };

/// Linear warm-up to `peak`, then decay to `peak * floor` at the last step.
struct Schedule {
  double peak = 2e-3;
  double warm_up = 0.1;  ///< share of the steps
  double floor = 0.02;   ///< share of the peak that is left at the end
  Decay decay = Decay::linear;

  /// Learning rate of step `step` in [0, steps).
  double at(std::size_t step, std::size_t steps) const {
    const double warm = std::max(1.0, warm_up * static_cast<double>(steps));
    const double done = static_cast<double>(step) + 1;
    if (done <= warm) return peak * done / warm;
    const double left = std::max(1.0, static_cast<double>(steps) - warm);
    const double progress = std::min(1.0, (done - warm) / left);
    const double shape = decay == Decay::linear ? 1 - progress : 0.5 * (1 + std::cos(std::numbers::pi * progress));
    return peak * (floor + (1 - floor) * shape);
  }
};

}  // namespace seqguard
