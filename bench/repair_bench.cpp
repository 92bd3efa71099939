// Repair per call, of users of the simulated shop, 42 events on average, all columns; SequenceScorer::repair without
// scores:
//
//   repair/untouched   normal users: one pass of the tagger and the gate
//   repair/edited      users with repeated events: up to four passes, and the script in words
//   tagger_encoder     the encoder's forward pass over the same users alone
//
// items_per_second is users a second. The tagger has learned for a few seconds: what is edited costs the same
// afterwards.
#include <benchmark/benchmark.h>

#include <vector>

#include "seqguard/events/encoded_data.hpp"
#include "seqguard/events/simulator.hpp"
#include "seqguard/model/encoder.hpp"
#include "seqguard/seqguard.hpp"
#include "seqguard/sequence_scorer/behaviour_model.hpp"
#include "seqguard/sequence_scorer/fit_input.hpp"

namespace seqguard {
namespace {

Dataset shop(std::uint64_t seed, ShopAnomaly kind) {
  std::vector<ShopUser> users;
  for (ShopUser& user : simulate_shop(kind == ShopAnomaly::none ? 1000 : 8000, seed))
    if (user.anomaly == kind && users.size() < 800) users.push_back(std::move(user));
  return read_events_from_text(shop_events_csv(users), "shop.csv");
}

const SequenceScorer& scorer() {
  static const SequenceScorer instance = [] {
    FitInput input = prepare_fit(shop(1, ShopAnomaly::none), {});
    input.plan.steps = 20;
    input.plan.tagger_steps = 300;
    return SequenceScorer(fit(input));
  }();
  return instance;
}

/// The users of whom the repair says `wanted`.
std::vector<EventsView> users_with(const Dataset& data, RepairResult wanted) {
  std::vector<EventsView> users;
  for (std::size_t i = 0; i < data.sequences().size(); ++i)
    if (scorer().repair(data.view(i), {.judge = false}).result == wanted) users.push_back(data.view(i));
  return users;
}

void repair_of(benchmark::State& state, ShopAnomaly kind, RepairResult wanted) {
  const Dataset data = shop(2, kind);
  const std::vector<EventsView> users = users_with(data, wanted);
  if (users.size() < 64) return state.SkipWithError("too few users are repaired as expected");
  auto scratch = scorer().make_scratch(200);
  for (const EventsView& user : users) scorer().repair(user, scratch, {.judge = false});
  std::size_t i = 0;
  for (auto _ : state) benchmark::DoNotOptimize(scorer().repair(users[i++ % users.size()], scratch, {.judge = false}));
  state.SetItemsProcessed(state.iterations());
}

void encoder_alone(benchmark::State& state) {
  const Dataset data = shop(2, ShopAnomaly::none);
  const EditTagger& tagger = scorer().model()->repairer->tagger;
  const EncodedData encoded(data, *scorer().schema());
  RepeatScratch repeats;
  std::vector<EncodedEvents> inputs(encoded.size());
  for (std::size_t s = 0; s < encoded.size(); ++s) add_repeats(encoded[s], {}, tagger.schema(), repeats, inputs[s]);
  EncoderBatch batch;
  batch.prepare(tagger.schema(), 256);
  Workspace workspace;
  std::size_t i = 0;
  for (auto _ : state) {
    const EncodedEvents& input = inputs[i++ % inputs.size()];
    batch.clear();
    batch.append(input, 0, std::min(input.positions(), tagger.schema().sequence.window));
    const Arena::Frame frame(workspace.activations);
    const EncoderInput views = batch.input();
    benchmark::DoNotOptimize(run_encoder<float>(tagger.encoder(), views, {}, workspace).last_hidden_state().data);
  }
  state.SetItemsProcessed(state.iterations());
}

BENCHMARK_CAPTURE(repair_of, untouched, ShopAnomaly::none, RepairResult::untouched)->Name("repair/untouched");
BENCHMARK_CAPTURE(repair_of, edited, ShopAnomaly::duplicated, RepairResult::edited)->Name("repair/edited");
BENCHMARK(encoder_alone)->Name("tagger_encoder");

}  // namespace
}  // namespace seqguard

BENCHMARK_MAIN();
