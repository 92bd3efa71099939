// The learning rate as a function of the step.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>

namespace seqguard {
inline namespace v0 {

enum class Decay { linear, cosine };

/// Linear warm-up to `peak`, then decay to `peak * floor` at the last step.
struct Schedule {
  double peak = 2e-3;
  double warm_up = 0.1;  ///< share of the steps
  double floor = 0.02;   ///< share of the peak that is left at the end
  Decay decay = Decay::linear;
};

/// Learning rate of step `step` in [0, steps).
template <class Real>
Real learning_rate(const Schedule& schedule, std::size_t step, std::size_t steps) {
  const Real warm = std::max(Real(1), static_cast<Real>(schedule.warm_up) * static_cast<Real>(steps));
  const Real done = static_cast<Real>(step) + 1;
  const Real peak = static_cast<Real>(schedule.peak), floor = static_cast<Real>(schedule.floor);
  if (done <= warm) return peak * done / warm;
  const Real left = std::max(Real(1), static_cast<Real>(steps) - warm);
  const Real progress = std::min(Real(1), (done - warm) / left);
  const Real shape =
      schedule.decay == Decay::linear ? 1 - progress : (1 + std::cos(std::numbers::pi_v<Real> * progress)) / 2;
  return peak * (floor + (1 - floor) * shape);
}

extern template double learning_rate(const Schedule&, std::size_t, std::size_t);

}  // namespace v0
}  // namespace seqguard
