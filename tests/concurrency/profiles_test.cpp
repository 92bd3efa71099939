// Threads that score while others add to profiles and forget them.
#include <doctest/doctest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "seqguard/seqguard.hpp"
#include "seqguard/sequence_scorer/fit_input.hpp"

using namespace seqguard;

namespace {

/// `count` short sequences of each of six keys, as lines.
Dataset make_sessions(std::size_t count, const EventSchema* schema = nullptr) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i)
    for (std::size_t key = 0; key < 6; ++key) {
      text += "k" + std::to_string(key) + "\t";
      for (std::size_t t = 0; t < 6; ++t) text += "e" + std::to_string((i + t * (1 + key % 3)) % 9) + " ";
      text += "\n";
    }
  return read_events_from_text(text, "sessions.txt",
                               {.format = DataFormat::lines, .schema = schema, .profile_key = "key"});
}

}  // namespace

TEST_CASE("keys that nobody touches are scored with the same bits while others are updated and forgotten") {
  FitOptions options;
  options.epochs = 2;
  options.repair = false;
  const SequenceScorer scorer(fit(make_sessions(5), options));
  const Dataset data = make_sessions(4, scorer.schema().get());
  auto scratch = scorer.make_scratch(8);
  Score expected;
  scorer.score(data.view(0), expected, scratch);  // of k0
  REQUIRE(expected.has_profile);
  std::atomic<std::size_t> wrong{0};
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      auto own = scorer.make_scratch(8);
      Score score;
      for (std::size_t round = 0; round < 20; ++round) {
        if (t < 2) {
          scorer.score(data.view(0), score, own);
          wrong += score.value == expected.value && score.has_profile ? 0 : 1;
          scorer.score(data.view(1 + round % 5), score, own);  // of a key that changes: any of its states
        } else {
          const std::size_t sequence = 1 + (round + t) % 5;
          scorer.update_profile("k" + std::to_string(sequence), data.view(sequence), own);
          if (t == 3 && round % 7 == 0) scorer.forget("k2");
        }
      }
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
}
