#include "seqguard/training/schedule.hpp"

#include <string>

#include "seqguard/core/error.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

struct Named {
  ScheduleType type;
  std::string_view name;
};

constexpr Named k_names[] = {{ScheduleType::linear, "linear"},
                             {ScheduleType::cosine, "cosine"},
                             {ScheduleType::constant, "constant"},
                             {ScheduleType::cosine_with_restarts, "cosine_with_restarts"},
                             {ScheduleType::polynomial, "polynomial"},
                             {ScheduleType::inverse_time, "inverse_time"},
                             {ScheduleType::inverse_sqrt, "inverse_sqrt"},
                             {ScheduleType::exponential, "exponential"},
                             {ScheduleType::one_cycle, "one_cycle"},
                             {ScheduleType::plateau, "plateau"}};

void require(bool holds, std::string_view name, std::string_view expected, double found) {
  if (!holds) fail(ErrorCode::invalid_argument, "schedule", name, expected, std::to_string(found));
}

void require_share(std::string_view name, double number) {
  require(number >= 0 && number <= 1, name, "a share from 0 to 1", number);
}

}  // namespace

std::string_view to_string(ScheduleType type) noexcept {
  for (const Named& named : k_names)
    if (named.type == type) return named.name;
  return "unknown";
}

ScheduleType schedule_type_from_string(std::string_view name) {
  std::string all;
  for (const Named& named : k_names) {
    if (named.name == name) return named.type;
    all += (all.empty() ? "" : ", ") + std::string(named.name);
  }
  fail(ErrorCode::invalid_argument, "schedule", "unknown name", all, name);
}

void check_schedule(const Schedule& schedule) {
  const ScheduleType type = schedule.type;
  require(std::isfinite(schedule.peak) && schedule.peak > 0, "peak", "a rate above 0", schedule.peak);
  require_share("warm_up", schedule.warm_up);
  require_share("floor", schedule.floor);
  require_share("start", schedule.start);
  if (type == ScheduleType::inverse_time || type == ScheduleType::exponential)
    require(schedule.floor > 0, "floor of " + std::string(to_string(type)), "a share above 0", schedule.floor);
  require(std::isfinite(schedule.power) && schedule.power > 0, "power", "a number above 0", schedule.power);
  require(schedule.cycles > 0, "cycles", "1 or more", 0);
  const PlateauOptions& plateau = schedule.plateau;
  require(plateau.factor > 0 && plateau.factor < 1, "factor of plateau", "a number between 0 and 1", plateau.factor);
  require(plateau.threshold >= 0 && plateau.threshold < 1, "threshold of plateau", "a number in [0, 1)",
          plateau.threshold);
}

void Plateau::judge(double loss, const Schedule& schedule) {
  const PlateauOptions& options = schedule.plateau;
  const bool better = !judged || loss < best - std::abs(best) * options.threshold;
  if (better) best = loss;
  judged = true;
  since = better ? 0 : since + 1;
  if (resting > 0) {
    --resting;
    since = 0;
  }
  if (since <= options.patience) return;
  scale = std::max(scale * options.factor, schedule.floor);
  since = 0;
  resting = options.cooldown;
}

}  // namespace v0
}  // namespace seqguard
