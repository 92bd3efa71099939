#include <doctest/doctest.h>

#include <memory>
#include <vector>

#include "detection/sequences.hpp"
#include "seqguard/detection/sequence_detector.hpp"
#include "support/allocation_counter.hpp"

using namespace seqguard;

TEST_CASE("a warm judgement allocates nothing" * doctest::skip(!k_allocations_counted)) {
  const Sequences normals = random_walks(200, 12, 10, 1);
  Sequences others = random_walks(50, 14, 40, 2);
  others.push_back(std::vector<TypeId>(80, 3));
  for (const Recipe& recipe : {Recipe::broad({"next"}), Recipe::traces()}) {
    SequenceDetector detector(recipe);
    const std::vector<double> next(recipe.given().size(), 1.0);
    const std::vector<double> given(normals.size() * next.size(), 1.0);
    detector.fit(views_of(normals), {.held_out = given});
    SequenceDetector::Scratch scratch(80);
    double sum = detector.decision_function(others.back(), scratch, next);

    const std::size_t at_start = allocation_count;
    auto counted = std::make_unique<int>(0);  // operator new and malloc are counted at all
    const std::size_t before = allocation_count;
    CHECK(before > at_start);
    for (const auto& events : others) sum += detector.decision_function(events, scratch, next);
    const std::size_t after = allocation_count;
    CHECK(after == before);
    CHECK(sum > 0);
  }
}
