#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "sequence_scorer/small_shop.hpp"

using namespace seqguard;
using namespace seqguard::tests;

namespace {

/// The sequence after its edits.
std::vector<std::string> apply(std::vector<std::string> events, const Repair& repair) {
  for (auto edit = repair.edits.rbegin(); edit != repair.edits.rend(); ++edit) {
    const auto place = events.begin() + static_cast<std::ptrdiff_t>(edit->position);
    switch (edit->operation) {
      case EditOperation::replace:
        CHECK(*place == edit->before);
        *place = edit->after;
        break;
      case EditOperation::remove:
        CHECK(*place == edit->before);
        events.erase(place);
        break;
      case EditOperation::insert:
        events.insert(place, edit->after);
        break;
      case EditOperation::set_time:
        break;
    }
  }
  return events;
}

}  // namespace

TEST_CASE("normal sequences are never touched") {
  const SequenceScorer& scorer = shared_scorer();
  for (const auto& events : visits(50, 11)) {
    const Score score = scorer.score(events);
    if (score.is_anomaly) continue;
    const Repair repair = scorer.repair(events);
    CHECK(repair.result == RepairResult::normal);
    CHECK(repair.edits.empty());
    CHECK(repair.score_before == score.value);
  }
}

TEST_CASE("a foreign event is found and the sequence brought back, and the report tells the truth") {
  const SequenceScorer& scorer = shared_scorer();
  std::size_t repaired = 0, at_the_error = 0, tried = 0;
  for (auto events : visits(20, 12)) {
    const std::size_t position = events.size() / 2;
    events[position] = "drop_table";
    if (!scorer.score(events).is_anomaly) continue;
    ++tried;
    const Repair repair = scorer.repair(events);
    repaired += repair.result == RepairResult::repaired;
    for (const Edit& edit : repair.edits) at_the_error += edit.position == position;
    CHECK(repair.score_after <= repair.score_before);
    const Score after = scorer.score(apply(events, repair));
    CHECK(after.value == repair.score_after);
    CHECK(after.is_anomaly == (repair.result != RepairResult::repaired));
    CHECK(repair.edits.size() <= std::max<std::size_t>(1, events.size() / 4));
  }
  REQUIRE(tried >= 15);
  CHECK(repaired == tried);
  CHECK(at_the_error == tried);
}

TEST_CASE("what no edit helps stays as it is, with a result that says so") {
  const SequenceScorer& scorer = shared_scorer();
  const std::vector<std::string> events(40, "pay");
  const Repair repair = scorer.repair(events);
  CHECK(repair.result != RepairResult::normal);
  CHECK(repair.result != RepairResult::repaired);
  CHECK((repair.result == RepairResult::no_confident_edit) == repair.edits.empty());
}

TEST_CASE("a repair keeps to its limits") {
  const SequenceScorer& scorer = shared_scorer();
  const std::vector<std::string> events = {"login", "search", "view", "drop_table", "list", "view", "zoom", "logout"};
  REQUIRE(!scorer.repair(events).edits.empty());
  CHECK(scorer.repair(OneColumn(events).view(), {.max_edits = 0}).edits.empty());
  // No value is more than certain: only deletions are left.
  for (const Edit& edit : scorer.repair(OneColumn(events).view(), {.min_probability = 1.5}).edits)
    CHECK(edit.operation == EditOperation::remove);
}
