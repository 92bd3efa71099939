// What a likelihood does not see: a value that comes twice where none does, and one that nobody has seen.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "sequence_scorer/small_shop.hpp"
#include "support/temporary_directory.hpp"

using namespace seqguard;
using namespace seqguard::tests;

namespace {

Score judge(const std::vector<std::string>& events, SequenceScorer::Scratch& scratch) {
  Score score;
  page_scorer().score(OneColumn(events), score, scratch, {.masked = true});
  return score;
}

}  // namespace

TEST_CASE("where values hardly ever repeat, a repeated event is the suspicious one") {
  REQUIRE(page_scorer().model()->events.rules.repeats_are_rare());
  auto scratch = page_scorer().make_scratch(20);
  const Score once = judge({"start", "a", "c", "d", "h", "k"}, scratch);
  const Score twice = judge({"start", "a", "c", "d", "d", "h", "k"}, scratch);
  CHECK(twice.worst == 4);  // the second of the two
  // No normal has a repeat: the rule's floor of one in a million.
  CHECK(twice.events[4].p_value <= 1e-6);
  for (const EventScore& event : once.events) CHECK(event.p_value > 1e-6);
  // What the sequence before held is forgotten.
  const Score again = judge({"start", "a", "c", "d", "h", "k"}, scratch);
  for (std::size_t i = 0; i < once.events.size(); ++i) CHECK(again.events[i].value == once.events[i].value);
}

TEST_CASE("where values hardly ever repeat, one that is already there is not expected again") {
  const std::vector<std::string> events = {"start", "a", "b", "c", "d", "e", "k", "m", "n"};
  auto scratch = page_scorer().make_scratch(20);
  for (std::size_t i = 1; i < events.size(); ++i)
    for (const Candidate& candidate : page_scorer().expected(OneColumn(events), i, 5, scratch)) {
      const auto found = std::find(events.begin(), events.end(), candidate.value);
      CHECK((found == events.end() || found - events.begin() == static_cast<std::ptrdiff_t>(i)));
    }
}

TEST_CASE("an event that nobody has seen is the suspicious one, however little the encoder has learned") {
  FitOptions options = quick_fit();
  options.epochs = 1;
  const SequenceScorer scorer(fit(as_dataset(visits(200, 1)), options));
  REQUIRE(scorer.model()->events.rules.unseen_are_rare());
  const std::vector<std::string> events = {"login", "search", "view", "drop_table", "search", "view", "logout"};
  Score score;
  auto scratch = scorer.make_scratch(20);
  scorer.score(OneColumn(events), score, scratch, {.masked = true});
  CHECK(score.worst == 3);
  CHECK(score.events[3].p_value <= 1e-6);

  const TemporaryDirectory directory;
  save_behaviour_model(*scorer.model(), directory / "model");
  CHECK(SequenceScorer::load(directory / "model").score(OneColumn(events), {.masked = true}).events[3].p_value <= 1e-6);

  // Where every second value is a new one, they say nothing.
  auto sequences = visits(60, 2);
  for (std::size_t i = 0; i < sequences.size(); ++i)
    for (std::size_t j = 1; j < sequences[i].size(); j += 2)
      sequences[i][j] = std::to_string(i) + "_" + std::to_string(j);
  const SequenceScorer new_values(fit(as_dataset(sequences), options));
  CHECK_FALSE(new_values.model()->events.rules.unseen_are_rare());
}
