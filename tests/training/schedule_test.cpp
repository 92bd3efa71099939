// Learning rates: the shapes by hand, and against torch and transformers (tests/reference/make_optimizer_goldens.py).
#include "seqguard/training/schedule.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <string>
#include <vector>

#include "seqguard/core/error.hpp"
#include "seqguard/model/safetensors.hpp"
#include "seqguard/training/state_file.hpp"
#include "support/temporary_directory.hpp"

using namespace seqguard;

namespace {

constexpr ScheduleType k_all[] = {ScheduleType::linear,       ScheduleType::cosine,
                                  ScheduleType::constant,     ScheduleType::polynomial,
                                  ScheduleType::inverse_sqrt, ScheduleType::inverse_time,
                                  ScheduleType::exponential,  ScheduleType::one_cycle,
                                  ScheduleType::plateau,      ScheduleType::cosine_with_restarts};

std::vector<float> golden(const std::string& name) {
  return SafetensorsFile(std::string(SEQGUARD_SOURCE_DIR) + "/tests/golden/schedules/expected.safetensors")
      .read_vector<float>(name, Dtype::f32);
}

// The golden rates are at most 1 and rounded to float: half a unit in the last place.
constexpr double k_bound = 0x1p-24;

std::string refusal(const Schedule& schedule) {
  try {
    check_schedule(schedule);
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::invalid_argument);
    return error.what();
  }
  return "accepted";
}

}  // namespace

TEST_CASE("schedule: warm-up, decay and floor") {
  Schedule schedule{.peak = 1, .warm_up = 0.1, .floor = 0.02, .type = ScheduleType::linear};
  // Ten of a hundred steps of warm-up end at the peak; 90 steps lead down to the floor.
  CHECK(learning_rate<double>(schedule, 0, 100) == doctest::Approx(0.1));
  CHECK(learning_rate<double>(schedule, 9, 100) == doctest::Approx(1));
  CHECK(learning_rate<double>(schedule, 54, 100) == doctest::Approx(0.02 + 0.98 * 0.5));
  CHECK(learning_rate<double>(schedule, 99, 100) == doctest::Approx(0.02));
  schedule.type = ScheduleType::cosine;
  CHECK(learning_rate<double>(schedule, 4, 100) == doctest::Approx(0.5));
  CHECK(learning_rate<double>(schedule, 39, 100) == doctest::Approx(0.02 + 0.98 * 0.75));  // cos(pi / 3) = 1/2
  CHECK(learning_rate<double>(schedule, 99, 100) == doctest::Approx(0.02));
  schedule.warm_up = 0;
  CHECK(learning_rate<double>(schedule, 0, 1) == doctest::Approx(1));
}

TEST_CASE("schedule: the rates of transformers and torch") {
  // Eight steps of warm-up of forty.
  const Schedule warm{.peak = 1, .warm_up = 0.2, .floor = 0};
  const auto check = [](const char* name, Schedule schedule) {
    CAPTURE(name);
    schedule.type = schedule_type_from_string(name);
    const std::vector<float> expected = golden(name);
    REQUIRE(expected.size() == 40);
    for (std::size_t step = 0; step < expected.size(); ++step) {
      CAPTURE(step);
      CHECK(std::abs(learning_rate<double>(schedule, step, expected.size()) - expected[step]) < k_bound);
    }
  };
  for (const char* name : {"constant", "linear", "cosine", "inverse_sqrt"}) check(name, warm);
  Schedule schedule = warm;
  schedule.cycles = 3;
  check("cosine_with_restarts", schedule);
  schedule = warm;
  schedule.floor = 0.05;
  schedule.power = 3;
  check("polynomial", schedule);
  check("exponential", {.peak = 1, .warm_up = 0, .floor = 0.02});
  check("one_cycle", {.peak = 1, .warm_up = 0.3, .floor = 0.02, .start = 0.04});
}

TEST_CASE("schedule: every shape warms up to the peak, is continuous there, and ends at its last value") {
  for (const ScheduleType type : k_all) {
    CAPTURE(to_string(type));
    const Schedule schedule{.peak = 0.5, .warm_up = 0.1, .floor = 0.04, .type = type};
    constexpr std::size_t k_steps = 1000;
    CHECK(learning_rate<double>(schedule, 0, k_steps) ==
          doctest::Approx(type == ScheduleType::one_cycle ? 0.02 : 0.005));
    CHECK(learning_rate<double>(schedule, 99, k_steps) == doctest::Approx(0.5));
    // The steepest, inverse time, falls by 24 / 900 in the first step.
    CHECK(learning_rate<double>(schedule, 100, k_steps) > 0.5 * 0.97);
    const bool stays = type == ScheduleType::constant || type == ScheduleType::plateau;
    const double last = stays ? 0.5 : type == ScheduleType::inverse_sqrt ? 0.5 * std::sqrt(0.1) : 0.02;
    CHECK(learning_rate<double>(schedule, k_steps - 1, k_steps) == doctest::Approx(last));
  }
  // A third of the way: 1 / (1 + 24 / 3).
  const Schedule inverse{.peak = 1, .warm_up = 0.1, .floor = 0.04, .type = ScheduleType::inverse_time};
  CHECK(learning_rate<double>(inverse, 399, 1000) == doctest::Approx(1.0 / 9));
}

TEST_CASE("schedule: the floor bounds the inverse square root") {
  const Schedule schedule{.peak = 1, .warm_up = 0.01, .floor = 0.5, .type = ScheduleType::inverse_sqrt};
  CHECK(learning_rate<double>(schedule, 39, 1000) == doctest::Approx(0.5));
  CHECK(learning_rate<double>(schedule, 999, 1000) == 0.5);
}

TEST_CASE("schedule: a plateau lowers the rate as torch does") {
  const std::vector<float> expected = golden("plateau"), metrics = golden("plateau.metrics");
  const Schedule schedule{.peak = 1,
                          .warm_up = 0,
                          .floor = 0.1,
                          .type = ScheduleType::plateau,
                          .plateau = {.factor = 0.5, .patience = 2, .threshold = 1e-3, .cooldown = 1}};
  Plateau plateau;
  for (std::size_t step = 0; step < expected.size(); ++step) {
    CAPTURE(step);
    const double rate = plateau.scale * learning_rate<double>(schedule, step, expected.size());
    CHECK(std::abs(rate - expected[step]) < k_bound);
    plateau.judge(metrics[step], schedule);
  }
}

TEST_CASE("schedule: a plateau goes on from its state") {
  const Schedule schedule{.type = ScheduleType::plateau, .plateau = {.factor = 0.5, .patience = 1, .cooldown = 2}};
  const double losses[] = {2, 1, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 0.5, 0.6, 0.6, 0.6, 0.6};
  const TemporaryDirectory directory;
  const std::string path = directory / "plateau";
  const StateDescription description{"plateau", 1, ""};
  Plateau straight, stopped;
  for (const double loss : losses) {
    straight.judge(loss, schedule);
    save_state(stopped, path, description);
    stopped = load_state<Plateau>(path, description);
    stopped.judge(loss, schedule);
    CHECK(stopped.scale == straight.scale);
  }
  CHECK(straight.scale == 0.125);
}

TEST_CASE("schedule: names lead back to their type, others are refused with all of them") {
  for (const ScheduleType type : k_all) CHECK(schedule_type_from_string(to_string(type)) == type);
  try {
    schedule_type_from_string("linaer");
    FAIL("accepted");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::invalid_argument);
    CHECK(std::string(error.what()) ==
          "schedule: unknown name, expected linear, cosine, constant, cosine_with_restarts, polynomial, inverse_time, "
          "inverse_sqrt, exponential, one_cycle, plateau, found linaer");
  }
}

TEST_CASE("schedule: numbers that make no rate are refused") {
  CHECK(refusal({}) == "accepted");
  CHECK(refusal({.peak = 0}) == "schedule: peak, expected a rate above 0, found 0.000000");
  CHECK(refusal({.warm_up = 1.5}) == "schedule: warm_up, expected a share from 0 to 1, found 1.500000");
  CHECK(refusal({.floor = -1}) == "schedule: floor, expected a share from 0 to 1, found -1.000000");
  CHECK(refusal({.floor = std::nan("")}).find("floor") != std::string::npos);
  for (const ScheduleType type : {ScheduleType::exponential, ScheduleType::inverse_time})
    CHECK(refusal({.floor = 0, .type = type}).find("floor of " + std::string(to_string(type))) != std::string::npos);
  CHECK(refusal({.power = 0}).find("power") != std::string::npos);
  CHECK(refusal({.cycles = 0}).find("cycles") != std::string::npos);
  CHECK(refusal({.plateau = {.factor = 1}}).find("factor of plateau") != std::string::npos);
  CHECK(refusal({.plateau = {.threshold = 1}}).find("threshold of plateau") != std::string::npos);
}
