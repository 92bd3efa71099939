#include <doctest/doctest.h>

#include <memory>
#include <vector>

#include "detection/keys.hpp"
#include "detection/sequences.hpp"
#include "seqguard/detection/key_store.hpp"
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

TEST_CASE("looking a key up and judging by its profile allocates nothing once warm" *
          doctest::skip(!k_allocations_counted)) {
  const Keys keys;
  const SelfViews views = keys.views();
  KeyStore store;
  for (const auto& [key, profile] : keys.profiles) store.put(key, profile);
  FeatureExtractor extractor(64);
  SelfScratch scratch;
  KeyProfile profile;
  std::string buffer;
  const Sequences sequences = habit(12, 2, 13);
  const auto judge_all = [&] {
    double sum = 0;
    for (std::size_t i = 0; i < sequences.size(); ++i) {
      store.find(1 + i, profile, buffer);
      sum += views.numbers(1 + i, profile, extractor.extract(sequences[i]), scratch)[0];
    }
    return sum;
  };
  const double first = judge_all();
  judge_all();
  const std::size_t before = allocation_count;
  CHECK(judge_all() == first);
  CHECK(allocation_count == before);
}
