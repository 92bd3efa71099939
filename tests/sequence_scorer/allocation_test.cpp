#include <doctest/doctest.h>

#include <string_view>
#include <vector>

#include "sequence_scorer/small_shop.hpp"
#include "support/allocation_counter.hpp"

using namespace seqguard;
using namespace seqguard::tests;

TEST_CASE("a warm score allocates nothing: neither operator new nor malloc") {
  const SequenceScorer& scorer = shared_scorer();
  const auto batch = visits(50, 21);
  auto scratch = scorer.make_scratch(64);
  Score score;
  std::vector<std::vector<std::string_view>> views;
  for (const auto& events : batch) views.emplace_back(events.begin(), events.end());
  // Warm: one pass over the same lengths.
  for (const auto& events : views) scorer.score(events, score, scratch);
  const std::size_t before = allocation_count;
  for (const auto& events : views) scorer.score(events, score, scratch);
  if (k_allocations_counted) CHECK(allocation_count - before == 0);
}
