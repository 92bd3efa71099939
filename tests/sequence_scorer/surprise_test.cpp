// What the encoder says about single events and columns.
#include <doctest/doctest.h>

#include <cmath>
#include <string>
#include <vector>

#include "seqguard/detection/encoder_surprise.hpp"
#include "seqguard/events/windows.hpp"
#include "sequence_scorer/small_shop.hpp"

using namespace seqguard;
using namespace seqguard::tests;

namespace {

Surprise surprise_of(const SequenceScorer& scorer, const EventSchema& schema, const EventsView& events,
                     SurpriseScratch& scratch, std::vector<float>& out) {
  EncodedEvents encoded;
  encode(events, schema, encoded);
  return causal_surprise(scorer.model()->encoder, schema, encoded, scratch, out);
}

}  // namespace

TEST_CASE("a value below the vocabulary's cut shares the probability of UNK with all the others") {
  const SequenceScorer& scorer = shared_scorer();
  const EventSchema& plain = *scorer.schema();
  const Vocabulary& known = plain.primary_column().vocabulary;
  REQUIRE(known.kept() == known.types());
  // The same values, and nine that were too rare for the encoder.
  std::vector<ValueCount> counts;
  for (TypeId type = 0; type < known.types(); ++type)
    counts.push_back({std::string(known.value(type)), known.count(type)});
  for (int i = 0; i < 9; ++i) counts.push_back({"rare" + std::to_string(i), 1});
  EventSchema with_rare = plain;
  with_rare.columns[0].vocabulary = Vocabulary::from_counts(counts, {.min_count = 2});
  REQUIRE(with_rare.columns[0].vocabulary.kept() == known.kept());

  const std::vector<std::string> events = {"login", "search", "rare4", "list"};
  SurpriseScratch scratch;
  scratch.batch.prepare(plain, 0);
  std::vector<float> out;
  const Surprise alone = surprise_of(scorer, plain, OneColumn(events), scratch, out);
  const std::vector<float> expected(alone.events.begin(), alone.events.end());
  const Surprise shared = surprise_of(scorer, with_rare, OneColumn(events), scratch, out);
  // One unseen value has UNK for itself; with nine rare ones it is one of ten.
  for (std::size_t i = 0; i < events.size(); ++i)
    CHECK(shared.events[i] == doctest::Approx(expected[i] + (i == 2 ? std::log(10.0) : 0.0)));
}

TEST_CASE("the views of an encoder are named, one for each of several columns") {
  CHECK(surprise_views(*times_scorer().schema()) ==
        std::vector<std::string>{"next", "next:event", "next:device", "next:time"});
  CHECK(surprise_views(*shared_scorer().schema()) == std::vector<std::string>{"next"});  // a second would be the same
  SurpriseScratch scratch;
  scratch.batch.prepare(*shared_scorer().schema(), 0);
  std::vector<float> out;
  const std::vector<std::string> events = {"login", "view"};
  CHECK(surprise_of(shared_scorer(), *shared_scorer().schema(), OneColumn(events), scratch, out).means.size() == 1);
}

TEST_CASE("columns keep their places: a script is surprising by its times, and the sum is weighted") {
  const SequenceScorer& scorer = times_scorer();
  const Dataset bots = timed_visits(5, 2, true);
  SurpriseScratch scratch;
  scratch.batch.prepare(*scorer.schema(), 0);
  std::vector<float> out;
  for (std::size_t s = 0; s < bots.sequences().size(); ++s) {
    const EventsView events = bots.view(s);
    const Surprise surprise = surprise_of(scorer, *scorer.schema(), events, scratch, out);
    REQUIRE(surprise.columns.size() == 3 * events.n);
    const auto column = [&](std::size_t c, std::size_t i) { return surprise.columns[c * events.n + i]; };
    for (std::size_t i = 0; i < events.n; ++i)
      CHECK(surprise.events[i] ==
            doctest::Approx(column(0, i) + k_secondary_weight * (column(1, i) + column(2, i))).epsilon(1e-5));
    // The device is known after the first event, the event follows the grammar; the gap of a second was never seen.
    for (std::size_t i = 2; i < events.n; ++i) {
      CHECK(column(2, i) > column(1, i));
      CHECK(column(2, i) > column(0, i));
    }
  }
}

TEST_CASE("the memory for activations is that of a chunk, however long the sequence is") {
  const SequenceScorer& scorer = shared_scorer();
  const auto capacity_after = [&](std::size_t length) {
    SurpriseScratch scratch;
    scratch.batch.prepare(*scorer.schema(), 0);
    std::vector<float> out;
    const std::vector<std::string> events(length, "view");
    for (int i = 0; i < 2; ++i) surprise_of(scorer, *scorer.schema(), OneColumn(events), scratch, out);
    return scratch.workspace.activations.capacity() + scratch.workspace.scratch.capacity();
  };
  const std::size_t some_chunks = capacity_after(1'000);
  CHECK(some_chunks > 0);
  CHECK(capacity_after(10'000) == some_chunks);
}
