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

TEST_CASE("a warm embedding and a warm classification allocate nothing" * doctest::skip(!k_allocations_counted)) {
  const std::string golden = std::string(SEQGUARD_SOURCE_DIR) + "/tests/golden/";
  const TextModel sentences = TextModel::load(golden + "text_sentence"), pairs = TextModel::load(golden + "text_pairs");
  auto a = sentences.make_scratch(), b = pairs.make_scratch();
  std::vector<float> vector(sentences.embedding_size()), classes(3);
  const std::string text = "the quick brown fox jumps over the lazy dog and spam spam spam eggs and spam";
  for (int warm = 0; warm < 2; ++warm) {
    sentences.embed(text, vector, a);
    pairs.classify(text, "an answer", classes, b);
  }
  const std::size_t before = allocation_count;
  sentences.embed("hello world", vector, a);
  sentences.embed(text, vector, a);
  pairs.classify("hello", "world", classes, b);
  const std::size_t after = allocation_count;
  CHECK(after == before);
}
