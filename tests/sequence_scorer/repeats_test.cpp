// Behaviour in which a value hardly ever comes twice: what is there already is suspicious, and no candidate.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "sequence_scorer/small_shop.hpp"

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
  const EventCalibration& calibration = page_scorer().model().events;
  REQUIRE(calibration.repeats_are_rare());
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
