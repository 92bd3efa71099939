#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "detection/sequences.hpp"
#include "seqguard/core/error.hpp"
#include "seqguard/detection/detector.hpp"

using namespace seqguard;

namespace {

constexpr TypeId k_new = k_unseen_type | 1, k_newer = k_unseen_type | 2;
const Sequences k_normals{{0, 1, 1}, {0, 2}};
// Coordinates are floats: half a unit in the last place of a sum of a few of them.
constexpr double k_bound = 1e-6;

double score(std::string_view view, const std::vector<TypeId>& events, std::size_t neighbours = 5,
             const Sequences& normals = k_normals) {
  const auto detector = make_detector(view, {.neighbours = {.count = neighbours}});
  detector->fit(Normals(views_of(normals)));
  DetectionScratch scratch;
  return detector->decision_function(scratch.features.extract(events), scratch);
}

}  // namespace

TEST_CASE("features: sorted types and bigrams with their counts, runs") {
  FeatureExtractor extractor;
  const std::vector<TypeId> events{2, 2, 0, k_new, 2};
  const SequenceFeatures& features = extractor.extract(events);
  CHECK(std::ranges::equal(features.types.items, std::vector<TypeId>{0, 2, k_new}));
  CHECK(std::ranges::equal(features.types.counts, std::vector<std::uint32_t>{1, 3, 1}));
  CHECK(std::ranges::equal(features.bigrams.items,
                           std::vector<std::uint64_t>{bigram_key(0, k_new), bigram_key(2, 0), bigram_key(2, 2),
                                                      bigram_key(2, k_boundary_type), bigram_key(k_boundary_type, 2),
                                                      bigram_key(k_new, 2)}));
  CHECK(std::ranges::equal(features.bigrams.counts, std::vector<std::uint32_t>{1, 1, 1, 1, 1, 1}));
  CHECK(features.runs == 4);
  CHECK(extractor.extract({}).bigrams.size() == 1);
}

TEST_CASE("types: cosine distance of the sets, unseen types apart, and typeset merges them") {
  const std::vector<TypeId> one_new{0, 0, 1, k_new}, two_new{0, 1, k_new, k_newer};
  // {0,1,new} against {0,1} and {0,2}: 1 - 2/sqrt(6), 1 - 1/sqrt(6).
  CHECK(score("types", one_new) == doctest::Approx(1 - 1.5 / std::sqrt(6.0)).epsilon(k_bound));
  CHECK(score("types", one_new, 1) == doctest::Approx(1 - 2 / std::sqrt(6.0)).epsilon(k_bound));
  CHECK(score("types", two_new, 1) == doctest::Approx(1 - 2 / std::sqrt(8.0)).epsilon(k_bound));
  CHECK(score("typeset", two_new, 1) == doctest::Approx(1 - 2 / std::sqrt(6.0)).epsilon(k_bound));
  CHECK(score("types", {1, 0}, 1) == 0);
  CHECK(score("types", {k_new}, 1) == 1);
}

TEST_CASE("crowd: a few twins do not make a sequence usual") {
  Sequences normals(200, {0, 1});
  for (std::size_t i = 0; i < 3; ++i) normals[i] = {2};
  // A twentieth are ten normals, of which three are equal and seven share nothing; of five, two.
  CHECK(score("crowd", {2, 2}, 5, normals) == doctest::Approx(0.7).epsilon(k_bound));
  CHECK(score("types", {2, 2}, 5, normals) == doctest::Approx(0.4).epsilon(k_bound));
  CHECK(std::abs(score("crowd", {1, 0, 0}, 5, normals)) < k_bound);
}

TEST_CASE("logcount: min / max distance of log(1 + count)") {
  // 0:2, 1:1, new:1 against 0:1, 1:2.
  const double expected = 1 - 2 * std::log(2.0) / (2 * std::log(3.0) + std::log(2.0));
  CHECK(score("logcount", {0, 0, 1, k_new}, 1) == doctest::Approx(expected).epsilon(k_bound));
  CHECK(score("logcount", {1, 0, 1}, 1) == 0);
}

TEST_CASE("pairset: types and bigrams, the ends in the bigrams only") {
  // {0, 1, ^0, 01, 1$} against {0, 1, ^0, 01, 11, 1$}: 5 of 6.
  CHECK(score("pairset", {0, 1}, 1) == doctest::Approx(1.0 / 6).epsilon(k_bound));
  CHECK(score("pairset", {0, 1, 1}, 1) == 0);
}

TEST_CASE("bigrams: relative frequencies") {
  // Thirds of ^0 01 1$ against quarters of ^0 01 11 1$: min 3/4, max 5/4.
  CHECK(score("bigrams", {0, 1}, 1) == doctest::Approx(0.4).epsilon(k_bound));
  CHECK(score("bigrams", {0, 1, 1}, 1) == 0);
}

TEST_CASE("figures of the sequence alone") {
  CHECK(score("unseen", {0, k_new, 7, k_new}) == doctest::Approx(0.75));
  CHECK(score("unseen", {0, 1, 2}) == 0);
  CHECK(score("length", {0, 1, 2}) == doctest::Approx(std::log(3.0)));
  CHECK(score("repeats", {0, 1, 0, 1, 2}) == doctest::Approx(0.4));
  CHECK(score("same", {0, 0, 0, 1, 0}) == doctest::Approx(0.4));
  CHECK(score("same", {0}) == 0);
}

TEST_CASE("squeeze: size under zlib level 6, as Python's zlib.compress gives it") {
  CHECK(score("squeeze", std::vector<TypeId>(64, 9)) == doctest::Approx(12.0 / 84));
  std::vector<TypeId> cycle;
  for (TypeId i = 0; i < 100; ++i) cycle.push_back(5 + i % 3);
  CHECK(score("squeeze", cycle) == doctest::Approx(14.0 / 120));
  std::vector<TypeId> wide;  // 300 types: two bytes an event
  for (TypeId i = 0; i < 1000; ++i) wide.push_back(i % 300);
  CHECK(score("squeeze", wide) == doctest::Approx(483.0 / 1020));
  Deflater deflater;
  struct Case {
    std::size_t size, types, compressed;
  };
  // Around 128 bytes the compressor changes; its sizes must not.
  for (const Case c : {Case{0, 2, 8},
                       {1, 2, 9},
                       {10, 2, 14},
                       {100, 2, 39},
                       {128, 2, 46},
                       {129, 2, 46},
                       {500, 2, 112},
                       {128, 3, 60},
                       {129, 3, 60},
                       {100, 10, 66},
                       {128, 10, 78},
                       {129, 10, 79},
                       {128, 200, 139},
                       {129, 200, 140},
                       {500, 200, 511}}) {
    std::vector<std::uint8_t> bytes;
    std::uint32_t state = 1;
    for (std::size_t i = 0; i < c.size; ++i) {
      state = state * 1664525u + 1013904223u;
      bytes.push_back(static_cast<std::uint8_t>((state >> 24) % c.types));
    }
    CAPTURE(c.size);
    CHECK(deflater.compressed_size(bytes) == c.compressed);
    CHECK(deflater.compressed_size(bytes) == c.compressed);
  }
}

TEST_CASE("every view scores an empty sequence and an empty profile") {
  for (const std::string_view view : detector_names()) {
    CAPTURE(std::string(view));
    CHECK(std::isfinite(score(view, {})));
    CHECK(std::isfinite(score(view, {0, 1}, 5, {})));
    CHECK(std::isfinite(score(view, {}, 5, {{}, {}})));
  }
}

TEST_CASE("identical normals count once per copy") {
  const Sequences one{{0, 1}, {0, 2}, {0, 3}}, copied{{0, 1}, {0, 1}, {0, 1}, {0, 2}, {0, 3}};
  const std::vector<TypeId> events{0, 1};
  for (const std::string_view view : {"types", "logcount", "pairset", "bigrams"}) {
    CAPTURE(std::string(view));
    CHECK(score(view, events, 3, copied) == 0);
    CHECK(score(view, events, 3, one) > 0);
    // Four neighbours: three copies at 0 and one other.
    CHECK(score(view, events, 4, copied) == doctest::Approx(score(view, events, 3, one) * 3 / 2 / 4).epsilon(k_bound));
  }
}

TEST_CASE("detectors: unknown names and impossible options are refused") {
  CHECK_THROWS_WITH_AS(make_detector("bigram"), doctest::Contains("logcount"), Error);
  CHECK_THROWS_AS(make_detector("types", {.neighbours = {.count = 0}}), Error);
  CHECK_THROWS_AS(make_detector("types", {.neighbours = {.share = 1.5}}), Error);
  CHECK(Neighbours{.share = 0.125}.of(80) == 10);
  CHECK(Neighbours{}.of(80) == 5);
}
