// What the repair sees, as one more view of the detector.
#include <doctest/doctest.h>

#include <algorithm>
#include <regex>
#include <string>
#include <vector>

#include "seqguard/evaluation/judge_dataset.hpp"
#include "seqguard/metrics/metrics.hpp"
#include "seqguard/sequence_scorer/explanation.hpp"
#include "seqguard/sequence_scorer/fine_tune.hpp"
#include "seqguard/sequence_scorer/recalibrate.hpp"
#include "sequence_scorer/small_shop.hpp"
#include "support/temporary_directory.hpp"

using namespace seqguard;
using namespace seqguard::tests;

namespace {

/// As repairing_scorer(), and judges by the gate too.
const SequenceScorer& gate_scorer() {
  static const SequenceScorer scorer = [] {
    FitInput input = repairing_fit();
    input.options.gate_view = true;
    return SequenceScorer(fit(input));
  }();
  return scorer;
}

std::vector<double> values(const SequenceScorer& scorer, const std::vector<std::vector<std::string>>& sequences) {
  std::vector<double> result;
  for (const Score& score : judge_dataset(scorer, as_dataset(sequences))) result.push_back(score.value);
  return result;
}

/// Visits in which one event stands twice.
std::vector<std::vector<std::string>> stuttering(std::size_t count, std::uint64_t seed) {
  auto result = visits(count, seed);
  for (auto& events : result) events.insert(events.begin() + 2, events[2]);
  return result;
}

bool has_gate(const SequenceScorer& scorer) {
  const auto& views = scorer.model()->detector.recipe().views;
  return std::any_of(views.begin(), views.end(), [](const ViewSpec& view) { return view.name == k_gate_view; });
}

}  // namespace

TEST_CASE("the gate as a view is what the repair says, and is named where it speaks") {
  CHECK(has_gate(gate_scorer()));
  CHECK_FALSE(has_gate(repairing_scorer()));
  const auto odd = stuttering(200, 22);
  // Where the gate decides, the score names it.
  std::size_t named = 0;
  for (const auto& events : odd) named += std::string_view(gate_scorer().score(events).view.data()) == k_gate_view;
  CHECK(named > 0);
  const Explanation explanation = gate_scorer().explain(OneColumn(odd.front()).view());
  const auto reason = std::find_if(explanation.views.begin(), explanation.views.end(),
                                   [](const ViewReason& view) { return view.view == k_gate_view; });
  REQUIRE(reason != explanation.views.end());
  const BehaviourModel& model = *gate_scorer().model();
  EncodedEvents encoded;
  encode(OneColumn(odd.front()).view(), model.schema, encoded);
  RepairScratch scratch;
  CHECK(reason->value > 0);
  CHECK(reason->value == model.repairer->gate_gain(encoded, model.schema, scratch));
  CHECK(reason->words.find("would put right") != std::string::npos);
}

TEST_CASE("a model that judges by the gate is saved, recalibrated and taught as any other") {
  const TemporaryDirectory directory;
  save_behaviour_model(*gate_scorer().model(), directory / "model");
  const auto normal = visits(60, 23), odd = stuttering(60, 24);
  const SequenceScorer again = SequenceScorer::load(directory / "model");
  CHECK(values(again, odd) == values(gate_scorer(), odd));

  recalibrate(directory / "model", as_dataset(visits(300, 25)), directory / "moved");
  const SequenceScorer moved = SequenceScorer::load(directory / "moved");
  CHECK(has_gate(moved));
  CHECK(auroc(values(moved, normal), values(moved, odd)) > 0.9);

  auto labelled = visits(60, 26);
  const auto bad = stuttering(60, 27);
  labelled.insert(labelled.end(), bad.begin(), bad.end());
  ClassLabels labels;
  labels.classes = {"normal", "stutter"};
  labels.values.assign(labelled.size(), 0);
  std::fill(labels.values.begin() + 60, labels.values.end(), std::size_t{1});
  FineTuneOptions options;
  options.folds = 2;
  options.members = 1;
  for (const NormalStatistics statistics : {NormalStatistics::keep, NormalStatistics::refit}) {
    options.statistics = statistics;
    fine_tune(directory / "model", as_dataset(labelled), labels, directory / "taught", options);
    const SequenceScorer taught = SequenceScorer::load(directory / "taught");
    CHECK(has_gate(taught));
    CHECK(auroc(values(taught, normal), values(taught, odd)) > 0.9);
  }
}

TEST_CASE("a view of the gate without a repair is refused") {
  FitOptions options = quick_fit();
  options.gate_view = true;
  CHECK_THROWS_WITH_AS(prepare_fit(as_dataset(visits(60, 28)), options), doctest::Contains("--gate-view"), Error);

  const TemporaryDirectory directory;
  save_behaviour_model(*gate_scorer().model(), directory / "model");
  const std::string sidecar = read_file(directory / "model/detector.json", 1u << 20);
  write_file_atomically(directory / "model/detector.json",
                        std::regex_replace(sidecar, std::regex(R"(,\s*"tagger/[^"]*": "[^"]*")"), ""));
  CHECK_THROWS_WITH_AS(SequenceScorer::load(directory / "model"), doctest::Contains("the model has none"), Error);
}
