// Thresholds on small data: they hold, or the fit has said that it cannot promise them; and they still find something.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "sequence_scorer/threshold_check.hpp"
#include "support/threshold_sets.hpp"

using namespace seqguard;

namespace {

std::vector<GeneratedSequence> copies(std::vector<std::string> names, std::size_t count) {
  GeneratedSequence sequence;
  for (const std::string& name : names) sequence.push_back({name});
  return std::vector<GeneratedSequence>(count, sequence);
}

}  // namespace

TEST_CASE("thresholds of thirty generated sets hold or are warned of, and planted anomalies are found") {
  // Every tenth of the sets of bench/thresholds.sh: all sources, all sizes.
  constexpr std::size_t k_sets = 30, k_stride = 10;
  std::size_t unwarned = 0, warned = 0, can_tell = 0, told = 0;
  const auto executor = make_thread_pool(2);
  for (std::size_t set = 0; set < k_sets; ++set) {
    const ThresholdOutcome outcome = judge_threshold_set(k_stride * set, 2000, *executor);
    CAPTURE(outcome.name);
    CAPTURE(outcome.alarms);
    unwarned += outcome.holds() || outcome.is_warned() ? 0 : 1;
    CHECK((outcome.own_alarms <= binomial_quantile(outcome.normals, 0.01, 0.999) || outcome.is_warned()));
    if (outcome.is_varied && outcome.normals >= 200) CHECK_FALSE(outcome.is_warned());
    warned += outcome.is_warned() ? 1 : 0;
    for (const auto& planted : outcome.planted) {
      can_tell += planted.can_tell ? 1 : 0;
      told += planted.can_tell && 2 * planted.found >= ThresholdOutcome::k_planted ? 1 : 0;
    }
  }
  // A kind of traffic that is rare among few normals, or absent, is abnormal to whoever learns from them: 9 of 312 sets
  // exceed the band without a sign of it, 3 % (bench/thresholds.sh).
  CHECK(unwarned <= 1);
  CHECK(5 * warned <= k_sets);
  CAPTURE(told);
  CAPTURE(can_tell);
  CHECK(10 * told >= 8 * can_tell);
}

TEST_CASE(
    "equal sequences are normal to the model that was fitted on them, with columns and without, at any training") {
  const auto executor = make_thread_pool(2);
  for (const bool columns : {false, true}) {
    const std::vector<GeneratedSequence> normals = copies({"view", "cart", "buy"}, columns ? 100 : 40);
    for (const std::size_t epochs : {1u, 3u, 30u}) {
      FitOptions options;
      options.epochs = epochs;
      options.repair = false;
      options.seed = 1 + epochs;
      FitReport report;
      const SequenceScorer scorer(fit(as_dataset(normals, columns), options, &report, *executor));
      CAPTURE(columns);
      CAPTURE(epochs);
      CHECK(count_alarms(scorer, normals, columns, *executor) == 0);
      CHECK(report.alarms.own_alarms == 0);
      const Score score = scorer.score(as_dataset({normals[0]}, columns, scorer.schema().get()).view(0));
      CHECK(score.p_value == score.p_conformal);
      CHECK(score.p_value > 0.5);
      CHECK(count_alarms(scorer, copies({"buy", "cart", "view"}, 1), columns, *executor) == 1);
      CHECK(count_alarms(scorer, copies({"view", "steal", "buy"}, 1), columns, *executor) == 1);
    }
  }
}

TEST_CASE("alarms that the target does not explain are warned of, whose they are") {
  const std::vector<std::vector<TypeId>> sequences = {{1, 2}, {2, 3}, {3, 4}, {4, 5}, {5, 6}, {6, 7}};
  const Normals varied(std::vector<TypeSequence>(sequences.begin(), sequences.end()));
  AlarmRates rates{.target = 0.01, .own_judged = 400, .own_alarms = 11, .held_out = 400, .held_out_alarms = 11};
  CHECK(binomial_quantile(400, 0.01, 0.999) == 11);
  CHECK(threshold_warnings(rates, varied).empty());
  rates.own_alarms = 12;
  rates.held_out_alarms = 100;
  rates.unknown_p_value = 0.03;
  const std::vector<std::string> warnings = threshold_warnings(rates, varied);
  REQUIRE(warnings.size() == 3);
  const auto begins = [](const std::string& warning, const char* text) { return warning.find(text) == 0; };
  CHECK(begins(warnings[0], "the threshold does not hold: 3 % of its own training sequences (12 of 400) are called"));
  CHECK(begins(warnings[1], "the threshold does not hold: 25 % of its held-out normal sequences (100 of 400)"));
  CHECK(begins(warnings[2], "even a sequence of unknown events is not called abnormal (p-value 0.03, target 1 %)"));
}

TEST_CASE("a target that so few normals cannot support is warned of, with the smallest that they do") {
  const std::vector<std::vector<TypeId>> sequences = {{1, 2}, {2, 3}, {3, 4}, {4, 5}, {5, 6}, {6, 7}};
  const Normals varied(std::vector<TypeSequence>(sequences.begin(), sequences.end()));
  const auto said = [&](double target, std::size_t held_out) {
    return threshold_warnings({.target = target, .held_out = held_out}, varied);
  };
  CHECK(said(0.01, 20).empty());  // the default, and the fewest sequences that are learned from
  CHECK(said(0.0021, 99).empty());
  CHECK(said(0.0019, 99) ==
        std::vector<std::string>{"the target of 0.19 % cannot be promised: 99 normal sequences that calibrate support "
                                 "one of 0.2 % or more; give more sequences (106 support it), or raise --target-fpr"});
  REQUIRE(said(1e-300, 99).size() == 1);
  CHECK(said(1e-300, 99)[0].find("give more sequences (2e+299 support it)") != std::string::npos);
}

TEST_CASE("a fit says what its threshold cannot promise, and how often it alarms") {
  const auto executor = make_thread_pool(2);
  FitOptions options;
  options.epochs = 2;
  options.repair = false;
  FitReport report;
  fit(as_dataset(copies({"view", "cart", "buy"}, 40), false), options, &report, *executor);
  CHECK(report.alarms.target == 0.01);
  CHECK(report.alarms.own_judged == 40);
  CHECK(report.alarms.held_out == 40);
  CHECK(report.alarms.held_out_alarms == 0);
  REQUIRE(report.warnings.size() == 1);
  const std::string expected =
      "the target of 1 % cannot be promised: of 40 normal sequences 40 have copies, one that is new will be called "
      "abnormal, and up to 7.5 % of normal traffic may be new; give more sequences (300 show it), or raise "
      "--target-fpr";
  CHECK(report.warnings[0] == expected);
  options.target_fpr = 0.001;  // and 40 normals of any kind cannot support it
  fit(as_dataset(copies({"view", "cart", "buy"}, 40), false), options, &report, *executor);
  REQUIRE(report.warnings.size() == 2);
  CHECK(report.warnings[0].find("support one of 0.488 % or more") != std::string::npos);
  CHECK(report.warnings[1].find("(3000 show it)") != std::string::npos);
  options.target_fpr = 0.02;
  fit(as_dataset(copies({"view", "cart", "buy"}, 40), false), options, &report, *executor);
  CHECK(report.warnings.empty());
}
