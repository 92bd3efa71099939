// The trainer's promises: the same bits at any number of threads and after any stop, the best weights, and learning.
#include "seqguard/training/trainer.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "seqguard/core/error.hpp"
#include "seqguard/training/event_objectives.hpp"
#include "seqguard/training/event_source.hpp"
#include "training/patterns.hpp"

using namespace seqguard;

namespace {

/// 24 sequences of 22 positions are cut into two windows each; four make a step, so that an epoch is 12 steps.
TrainingOptions short_training() {
  TrainingOptions options;
  options.steps = 30;
  options.tokens_per_step = 64;
  options.chunk_tokens = 16;
  options.validate_every = 5;
  options.patience = 0;
  options.seed = 9;
  return options;
}

struct Run {
  Patterns patterns{32};
  std::vector<const EncodedEvents*> train = patterns.range(0, 24), validation = patterns.range(24, 32);
  EventSource source{patterns.schema, train, validation, 16, 9};
  MaskedEvents<float> masked{primary_counts(patterns.schema)};
  NextEvent<float> next;
  Model<float> model = small_model(patterns.schema, 3, 0.1, 0.2);

  Trainer<float> trainer(const TrainingOptions& options = short_training()) {
    return {model, {{&source, {{&masked}}, 0.4}, {&source, {{&next}}, 0.6}}, options};
  }
};

/// Weights after the whole training, on `threads` threads.
std::vector<float> straight_run(std::size_t threads) {
  Run run;
  Trainer<float> trainer = run.trainer();
  const auto executor = make_thread_pool(threads);
  trainer.run(*executor, "test", {}, [] {});
  return run.model.values();
}

/// The same, stopped after `stop` steps and continued by another trainer on another model.
std::vector<float> stopped_run(std::size_t stop) {
  TrainerState<float> stored;
  {
    Run run;
    Trainer<float> trainer = run.trainer();
    for (std::size_t i = 0; i < stop; ++i) trainer.step(inline_executor());
    stored = trainer.state();
  }
  Run run;
  run.model.initialize(1234);
  Trainer<float> trainer = run.trainer();
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
  Trainer<float> trainer = run.trainer();
  TrainerState<float> state = trainer.state();
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
  Trainer<float> trainer = run.trainer(options);
  trainer.run(inline_executor(), "test", {}, [] {});
  const TrainerState<float> state = trainer.state();
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
  options.schedule.peak = 1e-2;
  const EventSource source(patterns.schema, train, validation, 22, options.seed);
  const MaskedEvents<float> masked(primary_counts(patterns.schema));
  const NextEvent<float> next_event;
  const auto learned_loss = [&](double masked_share) {
    Model<float> model = small_model(patterns.schema);
    Trainer<float> trainer(model, {{&source, {{&masked}}, masked_share}, {&source, {{&next_event}}, 1 - masked_share}},
                           options);
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
  Trainer<float> trainer = run.trainer();
  TrainerState<float> state = trainer.state();
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
  Trainer<float> trainer = run.trainer();
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

TEST_CASE("training needs data and an objective") {
  Run run;
  const EventSource nothing(run.patterns.schema, {}, run.validation, 16, 9);
  const auto refuses = [&](std::vector<TrainingTask<float>> tasks, const char* why) {
    CHECK_THROWS_WITH_AS(Trainer<float>(run.model, tasks, short_training()), doctest::Contains(why), Error);
  };
  refuses({{&nothing, {{&run.next}}}}, "no sequences to train on");
  refuses({}, "no task");
  refuses({{&run.source, {}}}, "without an objective");
  refuses({{nullptr, {{&run.next}}}}, "without a source");
  refuses({{&run.source, {{&run.next}, {&run.masked}}}}, "different attention masks");
  refuses({{&run.source, {{&run.next, 0}}}}, "weight");
  refuses({{&run.source, {{&run.next}}, 0.5}}, "not 1 together");
  refuses({{&run.source, {{&run.next}}, 1.5}, {&run.source, {{&run.masked}}, -0.5}}, "below 0");
}

TEST_CASE("the steps of tasks are spread by their shares") {
  Run run;
  const auto tasks = [&](std::vector<double> shares) {
    std::vector<TrainingTask<float>> result;
    for (const double share : shares) result.push_back({&run.source, {{&run.masked}}, share});
    return result;
  };
  const auto count = [&](const std::vector<TrainingTask<float>>& of, std::size_t wanted, std::size_t from,
                         std::size_t to) {
    std::size_t steps = 0;
    for (std::size_t s = from; s < to; ++s) steps += task_of<float>(of, s) == wanted ? 1 : 0;
    return steps;
  };
  const auto two = tasks({0.3, 0.7}), three = tasks({0.5, 0.25, 0.25});
  for (std::size_t from = 0; from < 1000; from += 100) {
    CHECK(count(two, 0, from, from + 100) == 30);
    CHECK(count(two, 0, from, from + 10) == 3);
    CHECK(count(three, 0, from, from + 20) == 10);
    CHECK(count(three, 1, from, from + 20) == 5);
  }
  CHECK(count(tasks({1}), 0, 0, 50) == 50);
  CHECK(count(tasks({0, 1}), 1, 0, 50) == 50);
  CHECK(count(tasks({1, 0}), 0, 0, 50) == 50);
}

TEST_CASE("parts of one pass add their weighted losses, and each task has its own stream") {
  // A question in two parts of a quarter and three quarters of its weight is the question itself.
  const auto loss = [](std::vector<ObjectivePart<float>> of) {
    Run run;
    for (ObjectivePart<float>& part : of) part.objective = &run.next;
    return Trainer<float>(run.model, {{&run.source, std::move(of)}}, short_training()).step(inline_executor());
  };
  CHECK(loss({{nullptr, 0.25}, {nullptr, 0.75}}) == doctest::Approx(loss({{nullptr}})));
  CHECK(loss({{nullptr, 3}}) == doctest::Approx(3 * loss({{nullptr}})));

  Run run;
  const EventSource other(run.patterns.schema, run.validation, {}, 16, 10);
  Trainer<float> trainer(run.model, {{&run.source, {{&run.masked}}, 0.5}, {&other, {{&run.next}}, 0.5}},
                         short_training());
  for (int i = 0; i < 10; ++i) trainer.step(inline_executor());
  const TrainerState<float> state = trainer.state();
  CHECK(state.epoch == std::vector<std::uint64_t>{0, 1});  // 5 of 12 steps an epoch; 5 of 4
  CHECK(state.example == std::vector<std::uint64_t>{20, 4});
}

TEST_CASE("a validation of the host's own decides which weights are the best") {
  /// The lowest at the second of the six validations.
  struct Second final : Validation<float> {
    mutable int calls = 0;
    double loss(const Model<float>&, Executor&) const override { return ++calls == 2 ? -1 : calls; }
  } second;
  Run run;
  Trainer<float> trainer(run.model, {{&run.source, {{&run.masked}}}}, short_training(), &second);
  std::vector<float> best;
  for (int i = 0; i < 30; ++i) {
    trainer.step(inline_executor());
    if (i == 9) best = run.model.values();
  }
  trainer.finish();
  CHECK(second.calls == 6);
  CHECK(run.model.values() == best);
}

TEST_CASE("dropout in training is what the configuration says") {
  const auto validated_then_trained = [](double hidden, double attention) {
    Run run;
    run.model = small_model(run.patterns.schema, 3, hidden, attention);
    Trainer<float> trainer = run.trainer();
    const double validated = trainer.validate(inline_executor());
    return std::pair(validated, trainer.step(inline_executor()));
  };
  const auto [validated, trained] = validated_then_trained(0, 0);
  for (const auto& [hidden, attention] : {std::pair(0.3, 0.0), std::pair(0.0, 0.3)}) {
    const auto with = validated_then_trained(hidden, attention);
    CHECK(with.first == validated);  // a validation drops nothing out
    CHECK(with.second != trained);
    CHECK(with.second != validated_then_trained(2 * hidden, 2 * attention).second);
  }
}
