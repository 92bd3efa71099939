// What is checked of a sequence in which nothing is wrong costs no allocation.
#include <doctest/doctest.h>

#include <cstdint>
#include <vector>

#include "seqguard/repair/repeats_rule.hpp"
#include "seqguard/repair/time_repair.hpp"
#include "support/allocation_counter.hpp"

using namespace seqguard;

TEST_CASE("times in order and events without repetition cost no allocation") {
  EncodedEvents events;
  for (TypeId i = 0; i < 100; ++i) {
    events.types.push_back(i);
    events.time_ms.push_back(std::int64_t{i} * 1000);
  }
  events.n = events.types.size();
  const std::vector<const EncodedEvents*> normals = {&events};
  GapModel gaps;
  gaps.fit(normals);
  RepeatsRule rule;
  rule.fit(normals);
  REQUIRE(rule.holds());
  TimeRepair times;
  std::vector<std::uint64_t> buffer(events.n);
  std::vector<EventEdit> edits;
  const std::size_t before = allocation_count;
  repair_times(gaps, events, times);
  rule.strike(events, {}, buffer, edits);
  const std::size_t after = allocation_count;
  if (k_allocations_counted) CHECK(after == before);
  CHECK(times.edits.empty());
  CHECK(edits.empty());
}
