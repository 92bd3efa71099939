// A fit that its host stops: what is saved, what is said about it, and that it goes on as if nothing had happened.
#include <doctest/doctest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "seqguard/core/files.hpp"
#include "sequence_scorer/small_shop.hpp"
#include "support/temporary_directory.hpp"

using namespace seqguard;
using namespace seqguard::tests;

namespace {

/// A fit of a few steps, without a repair, that saves its state only when it is stopped, or when a training ends.
FitOptions short_fit(const std::string& state_file) {
  FitOptions options;
  options.epochs = 3;
  options.seed = 9;
  options.save_seconds = 1e9;
  options.repair = false;
  options.state_file = state_file;
  return options;
}

/// Stops at its n-th report, counted from 1.
struct StopAt {
  std::size_t reports_left = 1;
  ProgressSink sink() { return {&StopAt::report, this}; }
  static bool report(const Progress&, void* user) { return --static_cast<StopAt*>(user)->reports_left > 0; }
};

/// The fit's input; taggers learn for three steps.
FitInput input_of(const Dataset& data, const FitOptions& options) {
  FitInput input = prepare_fit(data, options);
  input.plan.tagger_steps = options.repair ? 3 : 0;
  return input;
}

/// What the error of a fit says that is stopped at its n-th report; "" if it is finished before.
std::string stopped(const Dataset& data, const FitOptions& options, std::size_t at) {
  StopAt stop{at};
  try {
    fit(input_of(data, options), nullptr, inline_executor(), stop.sink());
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::cancelled);
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("a fit that is stopped at each of its reports in turn ends with the same bits") {
  const Dataset data = as_dataset(visits(60, 41));
  for (const bool crossed : {true, false})
    for (const bool repair : {false, true}) {
      CAPTURE(crossed);
      CAPTURE(repair);
      const TemporaryDirectory directory;
      FitOptions options = short_fit("");
      options.target_fpr = crossed ? 0.01 : 0.2;
      options.repair = options.gate_view = repair;
      save_behaviour_model(*fit(input_of(data, options)), directory / "straight");
      options.state_file = directory / "state";
      options.resume = true;
      std::vector<std::string> said = {""};
      for (std::string what = stopped(data, options, 1); what != said.back(); what = stopped(data, options, 1)) {
        REQUIRE(file_exists(options.state_file));
        CHECK(what.ends_with("; saved in " + options.state_file));
        said.push_back(what);
      }
      const std::string all = std::to_string((crossed ? 5 : 1) * (repair ? 2 : 1));
      const std::string first = "training 1 of " + all + (crossed ? " (encoder, fold 1/4)" : " (encoder)");
      const std::string last = "training " + all + " of " + all + (repair ? " (tagger)" : " (encoder)");
      const std::string steps = std::to_string(prepare_fit(data, options).plan.steps);
      CHECK(said[1].find("fit: stopped after step 1 of " + steps + " of " + first) == 0);
      CHECK(said[2].find("fit: stopped after step 2 of " + steps + " of " + first) == 0);
      CHECK(said.back().find("fit: stopped after " + last) == 0);
      CHECK(said.size() >= (crossed ? 15 : 4));
      FitReport report;
      save_behaviour_model(*fit(input_of(data, options), &report), directory / "resumed");
      CHECK(report.resumed);
      CHECK(digest(directory / "resumed") == digest(directory / "straight"));
    }
}

TEST_CASE("a fit that is stopped while it calibrates keeps the trainings before") {
  const TemporaryDirectory directory;
  const Dataset data = as_dataset(visits(60, 42));
  FitOptions options = short_fit(directory / "state");
  const std::size_t steps = prepare_fit(data, options).plan.steps;
  // The report after the steps of the first fold is that of its held-out sequences.
  const std::string what = stopped(data, options, steps + 1);
  CHECK(what.find("stopped after training 1 of 5 (encoder, fold 1/4); saved in ") != std::string::npos);
  options.resume = true;
  CHECK(stopped(data, options, 1).find("step 1 of " + std::to_string(steps) + " of training 2 of 5") !=
        std::string::npos);
}

TEST_CASE("a fit that finds no state to go on from says that it starts anew") {
  const TemporaryDirectory directory;
  FitOptions options = short_fit(directory / "state");
  options.resume = true;
  FitReport report;
  report.resumed = true;
  fit(as_dataset(visits(60, 46)), options, &report);
  CHECK_FALSE(report.resumed);
}

TEST_CASE("without a state file a stopped fit promises nothing") {
  const Dataset data = as_dataset(visits(60, 43));
  const std::string what = stopped(data, short_fit(""), 2);
  CHECK(what.find("fit: stopped after step 2 of ") == 0);
  CHECK(what.find("saved") == std::string::npos);
}

TEST_CASE("a stopped fit that cannot save its state says so, and promises nothing") {
  const TemporaryDirectory directory;
  const Dataset data = as_dataset(visits(60, 44));
  std::filesystem::create_directory(directory / "state");
  StopAt stop{1};
  CHECK_THROWS_WITH_AS(fit(data, short_fit(directory / "state"), nullptr, inline_executor(), stop.sink()),
                       doctest::Contains((directory / "state: cannot ").c_str()), Error);
}

TEST_CASE("a state of an encoder with another number of heads is refused") {
  const TemporaryDirectory directory;
  const Dataset data = as_dataset(visits(60, 45));
  FitOptions options = short_fit(directory / "state");
  CHECK(!stopped(data, options, 1).empty());
  options.resume = true;
  options.size = EncoderSize::tiny;
  REQUIRE(prepare_fit(data, options).plan.hidden == 64);
  CHECK_THROWS_WITH_AS(fit(data, options), doctest::Contains("belongs to other data"), Error);
}
