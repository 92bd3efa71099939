// The trainer's promises: the same bits at any number of threads and after any stop, the best weights, and learning.
#include "seqguard/training/trainer.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "seqguard/core/error.hpp"
#include "training/patterns.hpp"

using namespace seqguard;

namespace {

/// 24 sequences of 22 positions are cut into two windows each; four make a step, so that an epoch is 12 steps.
TrainingOptions short_training() {
  TrainingOptions options;
  options.steps = 30;
  options.tokens_per_step = 64;
  options.chunk_tokens = 16;
  options.window = 16;
  options.masked_share = 0.4;
  options.dropout = 0.1F;
  options.validate_every = 5;
  options.patience = 0;
  options.seed = 9;
  return options;
}

struct Run {
  Patterns patterns{32};
  std::vector<const EncodedEvents*> train = patterns.range(0, 24), validation = patterns.range(24, 32);
  Model<float> model = small_model(patterns.schema);
};

/// Weights after the whole training, on `threads` threads.
std::vector<float> straight_run(std::size_t threads) {
  Run run;
  Trainer trainer(run.model, run.patterns.schema, run.train, run.validation, short_training());
  const auto executor = make_thread_pool(threads);
  trainer.run(*executor, "test", {}, [] {});
  return run.model.values();
}

/// The same, stopped after `stop` steps and continued by another trainer on another model.
std::vector<float> stopped_run(std::size_t stop) {
  TrainerState stored;
  {
    Run run;
    Trainer trainer(run.model, run.patterns.schema, run.train, run.validation, short_training());
    for (std::size_t i = 0; i < stop; ++i) trainer.step(inline_executor());
    stored = trainer.state();
  }
  Run run;
  run.model.initialize(1234);
  Trainer trainer(run.model, run.patterns.schema, run.train, run.validation, short_training());
  trainer.restore(stored);
  trainer.run(inline_executor(), "test", {}, [] {});
  return run.model.values();
}

}  // namespace

TEST_CASE("training gives the same bits at any number of threads") {
  const std::vector<float> one = straight_run(1);
  CHECK(one == straight_run(2));
  CHECK(one == straight_run(4));
}

TEST_CASE("a stopped training continues bit for bit") {
  const std::vector<float> straight = straight_run(1);
  // Before the first step, inside an epoch, right before a validation, right after one, at the end of the first epoch
  // (12 steps), one step before the last.
  for (const std::size_t stop : {0, 3, 4, 5, 12, 29}) {
    CAPTURE(stop);
    CHECK(straight == stopped_run(stop));
  }
}

TEST_CASE("a state of another model is refused") {
  Run run;
  Trainer trainer(run.model, run.patterns.schema, run.train, run.validation, short_training());
  TrainerState state = trainer.state();
  state.optimizer.m.pop_back();
  try {
    trainer.restore(state);
    FAIL("accepted");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::bad_checkpoint);
  }
}

TEST_CASE("early stopping puts the best weights back") {
  Run run;
  TrainingOptions options = short_training();
  options.steps = 400;
  options.validate_every = 10;
  options.patience = 3;
  // A learning rate that only destroys, once the warm-up of 40 steps has reached it.
  options.schedule.peak = 3;
  Trainer trainer(run.model, run.patterns.schema, run.train, run.validation, options);
  trainer.run(inline_executor(), "test", {}, [] {});
  const TrainerState state = trainer.state();
  CHECK(trainer.finished());
  CHECK(state.step < 400);
  CHECK(state.early_stopping.validations_since == 3);
  CHECK(run.model.values() == state.early_stopping.best_values);
  CHECK(trainer.validate(inline_executor()) == state.early_stopping.best_loss);
}

TEST_CASE("a pattern is learned from one side and from both") {
  const Patterns patterns(144);
  const auto train = patterns.range(0, 128), validation = patterns.range(128, 144);
  TrainingOptions options;
  options.steps = 250;
  options.tokens_per_step = 512;
  options.window = 22;
  options.schedule.peak = 1e-2;
  const auto learned_loss = [&](double masked_share) {
    Model<float> model = small_model(patterns.schema);
    options.masked_share = masked_share;
    Trainer trainer(model, patterns.schema, train, validation, options);
    trainer.run(inline_executor(), "test", {}, [] {});
    return trainer.validate(inline_executor());
  };
  // 21 predictions per sequence: the first event costs ln 4, the end and the others nothing; an untrained model pays
  // ln 9 = 2.2 each.
  const double entropy = std::log(4.0) / 21;
  const double next = learned_loss(0);
  CHECK(next < entropy + 0.06);
  // Not below what is possible: 16 sequences draw their phases, whose cost differs from the mean by less than a tenth.
  CHECK(next > 0.5 * entropy);
  // Seen from both sides, a hidden event is certain; a replaced one has to be found among its neighbours first.
  CHECK(learned_loss(1) < 0.4);
}

TEST_CASE("a loss that is not finite is an error") {
  Run run;
  Trainer trainer(run.model, run.patterns.schema, run.train, run.validation, short_training());
  TrainerState state = trainer.state();
  state.values[run.model.table().entries().front().offset + 16 * k_cls_id] = std::numeric_limits<float>::quiet_NaN();
  trainer.restore(state);
  try {
    trainer.step(inline_executor());
    FAIL("accepted");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::non_finite);
    CHECK(std::string(error.what()).find("step 0") != std::string::npos);
  }
}

TEST_CASE("a progress callback stops the training") {
  Run run;
  Trainer trainer(run.model, run.patterns.schema, run.train, run.validation, short_training());
  struct Seen {
    std::size_t reports = 0, after_steps = 0;
    std::string phase;
    std::size_t total = 0;
  } seen;
  ProgressSink sink;
  sink.user = &seen;
  sink.callback = [](const Progress& progress, void* user) {
    Seen& s = *static_cast<Seen*>(user);
    s.phase = progress.phase;
    s.total = progress.total;
    return ++s.reports < 3;
  };
  try {
    trainer.run(inline_executor(), "pre-training", sink, [&] { ++seen.after_steps; });
    FAIL("not stopped");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::cancelled);
  }
  CHECK(seen.reports == 3);
  CHECK(seen.after_steps == 3);
  CHECK(seen.phase == "pre-training");
  CHECK(seen.total == 30);
  CHECK(trainer.state().step == 3);
}

TEST_CASE("training needs data") {
  Run run;
  CHECK_THROWS_AS(Trainer(run.model, run.patterns.schema, {}, run.validation, short_training()), Error);
}
