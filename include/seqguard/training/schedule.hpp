// The learning rate as a function of the step, and of the validations where it waits for them.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <string_view>

namespace seqguard {
inline namespace v0 {

/// The shape of the rate after the warm-up, from 1 on; x in (0, 1] is the share of the steps behind the warm-up that is
/// done. The rate is peak (floor + (1 - floor) shape), or peak shape where the formula contains the floor.
///   constant              1, without floor
///   linear                1 - x
///   cosine                (1 + cos(pi x)) / 2
///   cosine_with_restarts  the same of the fraction of cycles x, and 0 at the end
///   polynomial            (1 - x)^power
///   inverse_time          1 / (1 + x (1 / floor - 1))
///   inverse_sqrt          max(floor, sqrt(steps of the warm-up / steps done))
///   exponential           floor^x
///   one_cycle             cosine; its warm-up is half a cosine too, from start to 1
///   plateau               times factor whenever validations bring nothing better (Plateau), not below floor
/// They are those of transformers and torch of these names, one step earlier than transformers': the rate of its first
/// step is 0, so that this step learns nothing.
enum class ScheduleType {
  linear,
  cosine,
  constant,
  cosine_with_restarts,
  polynomial,
  inverse_time,
  inverse_sqrt,
  exponential,
  one_cycle,
  plateau
};

std::string_view to_string(ScheduleType type) noexcept;
/// @throws Error invalid_argument: none of the names above.
ScheduleType schedule_type_from_string(std::string_view name);

/// When a plateau lowers the rate.
struct PlateauOptions {
  double factor = 0.1;          ///< of the rate, in (0, 1)
  std::uint64_t patience = 10;  ///< it is lowered at the validation after so many without improvement
  double threshold = 1e-4;      ///< an improvement: below best - |best| threshold
  std::uint64_t cooldown = 0;   ///< so many validations after that are not counted
};

/// Linear warm-up to `peak`, then a shape.
struct Schedule {
  double peak = 2e-3;
  double warm_up = 0.1;  ///< share of the steps; at least one step
  double floor = 0.02;   ///< share of the peak that is left at the end
  ScheduleType type = ScheduleType::linear;
  double power = 2;          ///< polynomial
  std::uint64_t cycles = 2;  ///< cosine_with_restarts
  double start = 0.04;       ///< one_cycle: share of the peak that the first step has
  PlateauOptions plateau = {};
};

/// @throws Error invalid_argument: peak, power or cycles not above 0; warm_up, floor or start outside [0, 1]; a floor
/// of 0 where the formula divides by it (inverse_time) or would be 0 at once (exponential); the plateau's numbers.
void check_schedule(const Schedule& schedule);

/// What a plateau knows of the validations so far: has to be stored to go on bit for bit. As ReduceLROnPlateau of
/// torch, for a loss or another number of which less is better.
struct Plateau {
  double scale = 1;  ///< of the rate
  double best = 0;
  bool judged = false;      ///< best is that of a validation
  std::uint64_t since = 0;  ///< validations since the best one or the last lowering
  std::uint64_t resting = 0;

  void judge(double loss, const Schedule& schedule);

  template <class Self, class Visit>
  static void visit_fields(Self& self, const Visit& visit) {
    visit("scale", self.scale);
    visit("best", self.best);
    visit("judged", self.judged);
    visit("since", self.since);
    visit("resting", self.resting);
  }
};

/// Learning rate of step `step` in [0, steps), without what a plateau does to it.
template <class Real>
Real learning_rate(const Schedule& schedule, std::size_t step, std::size_t steps) {
  const Real warm = std::max(Real(1), static_cast<Real>(schedule.warm_up) * static_cast<Real>(steps));
  const Real done = static_cast<Real>(step) + 1;
  const Real peak = static_cast<Real>(schedule.peak), floor = static_cast<Real>(schedule.floor);
  const auto half_cosine = [](Real x) { return (1 + std::cos(std::numbers::pi_v<Real> * x)) / 2; };
  if (done <= warm) {
    if (schedule.type != ScheduleType::one_cycle || warm == 1) return peak * done / warm;
    const Real start = static_cast<Real>(schedule.start);
    return peak * (1 + (start - 1) * half_cosine((done - 1) / (warm - 1)));
  }
  const Real left = std::max(Real(1), static_cast<Real>(steps) - warm);
  const Real progress = std::min(Real(1), (done - warm) / left);
  Real shape = 1;
  switch (schedule.type) {
    case ScheduleType::linear:
      shape = 1 - progress;
      break;
    case ScheduleType::cosine:
    case ScheduleType::one_cycle:
      shape = half_cosine(progress);
      break;
    case ScheduleType::cosine_with_restarts: {
      const Real cycles = static_cast<Real>(schedule.cycles) * progress;
      shape = progress < 1 ? half_cosine(cycles - std::floor(cycles)) : Real(0);
      break;
    }
    case ScheduleType::polynomial:
      shape = std::pow(1 - progress, static_cast<Real>(schedule.power));
      break;
    case ScheduleType::constant:
    case ScheduleType::plateau:
      return peak;
    case ScheduleType::inverse_time:
      return peak / (1 + progress * (1 / floor - 1));
    case ScheduleType::inverse_sqrt:
      return peak * std::max(floor, std::sqrt(warm / done));
    case ScheduleType::exponential:
      return peak * std::pow(floor, progress);
  }
  return peak * (floor + (1 - floor) * shape);
}

extern template double learning_rate(const Schedule&, std::size_t, std::size_t);

}  // namespace v0
}  // namespace seqguard
