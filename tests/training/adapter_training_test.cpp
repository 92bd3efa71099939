// The trainer with adapters and with frozen parts: the same bits at any number of threads and after a stop, and only
// what learns has moved.
#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "seqguard/training/event_objectives.hpp"
#include "seqguard/training/event_source.hpp"
#include "seqguard/training/trainer.hpp"
#include "training/patterns.hpp"

using namespace seqguard;

namespace {

struct Learning {
  FrozenParts frozen;
  LoraOptions lora;
};
const Learning k_forms[] = {{{}, {.rank = 4, .alpha = 8, .dropout = 0.2, .target_modules = {"all-linear"}}},
                            {{.all_but_biases = true}, {.rank = 2}},
                            {{.base = true}, {}},
                            {{.all_but_biases = true}, {}}};

Model<float> model_of(const Learning& learning, const EventSchema& schema) {
  const Model<float> base = small_model(schema, 3, 0.1, 0.2);
  ModelSpec spec = base.spec();
  spec.frozen = learning.frozen;
  spec.lora = learning.lora;
  return begin_from(base, spec, 4);
}

/// Weights after 30 steps, stopped and continued with another model after `stop` of them.
std::vector<float> trained(const Learning& learning, std::size_t threads, std::size_t stop = 0) {
  const Patterns patterns(32);
  const EventSource source(patterns.schema, patterns.range(0, 24), patterns.range(24, 32), 16, 9);
  const MaskedEvents<float> masked(primary_counts(patterns.schema));
  TrainingOptions options;
  options.steps = 30;
  options.tokens_per_step = 64;
  options.chunk_tokens = 16;
  options.validate_every = 5;
  options.patience = 0;
  options.seed = 9;
  options.schedule.peak = 0.02;
  const auto executor = make_thread_pool(threads);
  TrainerState<float> state;
  if (stop > 0) {
    Model<float> model = model_of(learning, patterns.schema);
    Trainer<float> trainer(model, {{&source, {{&masked}}}}, options);
    for (std::size_t i = 0; i < stop; ++i) trainer.step(*executor);
    state = trainer.state();
  }
  Model<float> model = model_of(learning, patterns.schema);
  if (stop > 0) std::ranges::fill(model.values(), 0.5F);  // the state has all of them
  Trainer<float> trainer(model, {{&source, {{&masked}}}}, options);
  if (stop > 0) trainer.restore(state);
  const double before = stop > 0 ? 0 : trainer.validate(*executor);
  trainer.run(*executor, "test", {}, [] {});
  if (stop == 0) CHECK(trainer.validate(*executor) < before);
  return model.values();
}

}  // namespace

TEST_CASE("adapters and frozen parts are trained with the same bits at any number of threads and after a stop") {
  const Patterns patterns(32);
  for (const Learning& learning : k_forms) {
    CAPTURE(learning.lora.rank);
    CAPTURE(learning.frozen.base);
    const std::vector<float> one = trained(learning, 1);
    CHECK(one == trained(learning, 3));
    CHECK(one == trained(learning, 1, 7));
    const Model<float> start = model_of(learning, patterns.schema);
    for (const ParameterInfo& info : start.table().entries()) {
      CAPTURE(info.name);
      const auto first = one.begin() + static_cast<std::ptrdiff_t>(info.offset);
      const bool stayed = std::equal(first, first + static_cast<std::ptrdiff_t>(info.count),
                                     start.values().begin() + static_cast<std::ptrdiff_t>(info.offset));
      CHECK(stayed == (!info.trainable || info.fixed));
    }
  }
}

TEST_CASE("adapters are trained with the dropout that they name") {
  Learning dropped = k_forms[0], whole = dropped;
  whole.lora.dropout = 0;
  CHECK(trained(dropped, 1) != trained(whole, 1));
}
