// Fitting on a pool of threads, and four threads that share one scorer.
#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "concurrency/threads_agree.hpp"
#include "seqguard/core/random.hpp"
#include "seqguard/seqguard.hpp"
#include "seqguard/sequence_scorer/fit_input.hpp"

using namespace seqguard;

namespace {

/// Walks over ten kinds of events that mostly go on to the next kind.
std::vector<std::vector<std::string>> make_sequences(std::size_t count, double disorder) {
  Random random(23);
  std::vector<std::vector<std::string>> sequences(count);
  for (auto& sequence : sequences) {
    std::uint64_t kind = random.below(10);
    for (std::uint64_t n = 3 + random.below(20); n > 0; --n) {
      sequence.push_back("event" + std::to_string(kind));
      kind = random.uniform() < disorder ? random.below(10) : (kind + 1) % 10;
    }
  }
  return sequences;
}

Dataset make_dataset() {
  std::string text;
  for (const auto& sequence : make_sequences(40, 0.1)) {
    for (const std::string& event : sequence) text += event + ' ';
    text += '\n';
  }
  return read_events_from_text(text, "walks.txt");
}

std::shared_ptr<const BehaviourModel> fit_small(Executor& executor) {
  FitOptions options;
  options.epochs = 2;
  FitInput input = prepare_fit(make_dataset(), options);
  input.plan.tagger_steps = 10;
  return fit(input, nullptr, executor);
}

/// Everything that a score says in numbers; equal only if every bit is.
std::vector<double> numbers(const Score& score) {
  std::vector<double> result = {score.value, score.p_value, score.p_conformal, static_cast<double>(score.worst)};
  for (const EventScore& event : score.events) {
    result.push_back(event.value);
    result.push_back(event.p_value);
  }
  return result;
}

}  // namespace

TEST_CASE("a fit on four threads gives the bits of a fit on one") {
  const auto sequences = make_sequences(4, 0.5);
  const auto pool = make_thread_pool(4);
  const SequenceScorer one(fit_small(inline_executor())), four(fit_small(*pool));
  for (const auto& sequence : sequences) CHECK(numbers(one.score(sequence)) == numbers(four.score(sequence)));
}

TEST_CASE("threads that share a scorer get the bits of one thread") {
  const auto sequences = make_sequences(12, 0.3);
  const SequenceScorer scorer(fit_small(inline_executor()));
  ScoreOptions options;
  options.masked_if_anomalous = true;
  check_threads_agree(sequences.size(), [&] {
    return [&, scratch = scorer.make_scratch(8), score = Score()](std::size_t item) mutable {
      scorer.score(OneColumn(sequences[item]), score, scratch, options);
      return numbers(score);
    };
  });

  std::vector<OneColumn> columns(sequences.begin(), sequences.end());
  std::vector<EventsView> batch(columns.begin(), columns.end());
  std::vector<Score> scores(batch.size());
  std::vector<ItemStatus> status(batch.size());
  scorer.score_batch(batch, scores, status, *make_thread_pool(4), options);
  for (std::size_t i = 0; i < batch.size(); ++i) {
    CHECK(status[i].ok);
    CHECK(numbers(scores[i]) == numbers(scorer.score(batch[i], options)));
  }
}
