// Events drawn from a training set.
#include "events/normal_events.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "seqguard/core/error.hpp"

using namespace seqguard;

TEST_CASE("events are drawn by the frequency of their values, or values alike, from sequences that have some") {
  // a: 300 events, b: 90, c: 9; z is too rare for the encoder.
  const EventSchema schema = lines_schema(
      Vocabulary::from_counts(std::vector<ValueCount>{{"a", 300}, {"b", 90}, {"c", 9}, {"z", 1}}, {.min_count = 2}));
  std::vector<std::string> values[] = {{}, std::vector<std::string>(300, "a"), std::vector<std::string>(90, "b")};
  values[2].insert(values[2].end(), 9, "c");
  values[2].emplace_back("z");
  std::array<EncodedEvents, 3> normals;
  std::vector<const EncodedEvents*> pointers;
  for (std::size_t s = 0; s < 3; ++s) {
    encode(OneColumn(values[s]).view(), schema, normals[s]);
    pointers.push_back(&normals[s]);
  }
  const NormalEvents events(schema, pointers);
  constexpr double k_draws = 10'000;
  std::array<double, 4> by_frequency = {}, alike = {};
  Random random(1);
  for (int draw = 0; draw < k_draws; ++draw) {
    by_frequency[events.any(random).type()] += 1 / k_draws;
    alike[events.of_random_type(random).type()] += 1 / k_draws;
    REQUIRE(&events.another(normals[1], random) == &normals[2]);
    REQUIRE(&events.another(normals[2], random) == &normals[1]);
  }
  const std::array<double, 4> frequencies = {.75, .225, .0225, .0025};
  // Five standard errors of a share of 10,000 draws are at most .025.
  for (std::size_t type = 0; type < 4; ++type) {
    CHECK(std::abs(by_frequency[type] - frequencies[type]) < .025);
    CHECK(std::abs(alike[type] - (type < 3 ? 1.0 / 3 : 0)) < .025);
  }
  CHECK(by_frequency[3] > 0);
  CHECK_THROWS_AS(NormalEvents(schema, std::span(pointers).first(1)), Error);
}
