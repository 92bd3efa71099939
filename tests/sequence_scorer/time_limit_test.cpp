// A fit with a time limit: who gets how much of it, and what is said about it.
#include <doctest/doctest.h>

#include <chrono>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "sequence_scorer/fit_jobs.hpp"
#include "sequence_scorer/small_shop.hpp"
#include "support/temporary_directory.hpp"

using namespace seqguard;
using namespace seqguard::tests;

namespace {

/// A host that makes each step last, and counts them by training; stops at the n-th report of the phase `stop`.
struct SlowHost {
  std::map<std::string, std::size_t> steps;
  std::string stop;
  ProgressSink sink() { return {&SlowHost::report, this}; }
  static bool report(const Progress& progress, void* user) {
    SlowHost& host = *static_cast<SlowHost*>(user);
    ++host.steps[std::string(progress.phase)];
    if (progress.phase != "calibration") std::this_thread::sleep_for(std::chrono::milliseconds(20));
    return progress.phase != host.stop;
  }
};

/// Five trainings of some 45 steps of at least 20 ms each, in one second.
FitOptions hurried_fit() {
  FitOptions options = quick_fit();
  options.epochs = 100;
  options.max_minutes = 1.0 / 60;
  return options;
}

}  // namespace

TEST_CASE("a time limit is shared among the trainings of a cross-fit, and all that it ends are named") {
  const Dataset data = as_dataset(visits(60, 51));
  SlowHost host;
  FitReport report;
  fit(data, hurried_fit(), &report, inline_executor(), host.sink());
  REQUIRE(report.plan.folds == 4);
  for (const char* phase :
       {"encoder, fold 1/4", "encoder, fold 2/4", "encoder, fold 3/4", "encoder, fold 4/4", "encoder"}) {
    CAPTURE(phase);
    // A fifth of a second is at most ten steps and the one that goes beyond it, wherever the share begins on time. What
    // a slow machine loses between the trainings is a part of every later share.
    CHECK(host.steps[phase] >= 2);
    CHECK(host.steps[phase] <= 11);
  }
  REQUIRE_FALSE(report.warnings.empty());
  const std::string& said = report.warnings.back();
  CHECK(said.find("--max-minutes ended the training of the encoder after " + std::to_string(host.steps["encoder"]) +
                  " of " + std::to_string(report.plan.steps) + " steps, and 4 of the 4 fold trainings") == 0);
}

TEST_CASE("a fit that goes on knows which trainings its time limit had ended before") {
  const TemporaryDirectory directory;
  const Dataset data = as_dataset(visits(60, 52));
  FitOptions options = hurried_fit();
  options.state_file = directory / "state";
  SlowHost host;
  host.stop = "encoder, fold 2/4";
  CHECK_THROWS_AS(fit(data, options, nullptr, inline_executor(), host.sink()), Error);
  options.resume = true;
  options.max_minutes = 1000;
  options.save_seconds = 1e9;
  FitReport report;
  fit(data, options, &report);
  CHECK(report.resumed);
  REQUIRE_FALSE(report.warnings.empty());
  CHECK(
      report.warnings.back().find("--max-minutes ended 1 of the 4 fold trainings that calibrate, the shortest after " +
                                  std::to_string(host.steps["encoder, fold 1/4"]) + " of ") == 0);
}

TEST_CASE("a limit that is not reached changes no bit and is not mentioned") {
  const TemporaryDirectory directory;
  const Dataset data = as_dataset(visits(60, 53));
  FitOptions options = quick_fit();
  options.epochs = 3;
  FitReport report;
  save_behaviour_model(*fit(data, options), directory / "unlimited");
  options.max_minutes = 1000;
  save_behaviour_model(*fit(data, options, &report), directory / "limited");
  CHECK(digest(directory / "limited") == digest(directory / "unlimited"));
  for (const std::string& warning : report.warnings) CHECK(warning.find("max-minutes") == std::string::npos);
}

TEST_CASE("what is said of trainings that a time limit has ended") {
  FitPlan plan;
  plan.steps = 400;
  const auto said = [&](const std::vector<std::uint64_t>& cut_at) { return time_limit_warning(plan, cut_at); };
  CHECK(said({0, 0, 0, 0, 0}).empty());
  CHECK(said({0}).empty());
  CHECK(
      said({17}) ==
      "--max-minutes ended the training of the encoder after 17 of 400 steps: it has learned less than planned; allow "
      "more minutes, or fewer --epochs");
  CHECK(said({0, 30, 0, 20, 0}) ==
        "--max-minutes ended 2 of the 4 fold trainings that calibrate, the shortest after 20 of 400 steps: the "
        "thresholds are those of encoders that have learned less than this one; allow more minutes, or fewer --epochs");
  CHECK(said({5, 5, 5, 5, 6}) ==
        "--max-minutes ended the training of the encoder after 6 of 400 steps, and 4 of the 4 fold trainings that "
        "calibrate, the shortest after 5 of 400 steps: it has learned less than planned; allow more minutes, or fewer "
        "--epochs");
}
