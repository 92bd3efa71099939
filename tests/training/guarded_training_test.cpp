// The trainer with its guards: what is left out changes nothing, the average is what is validated and kept, and all of
// it goes on after a stop.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "seqguard/core/error.hpp"
#include "seqguard/training/event_objectives.hpp"
#include "seqguard/training/event_source.hpp"
#include "seqguard/training/state_file.hpp"
#include "seqguard/training/trainer.hpp"
#include "support/temporary_directory.hpp"
#include "training/patterns.hpp"

using namespace seqguard;

namespace {

enum class Harm { none, loss, gradient, outlier };

/// Next events, until a test does it harm. One thread.
class Harmed final : public Objective<float> {
 public:
  explicit Harmed(const Harm& harm) : harm_(harm) {}
  AttentionMask mask() const noexcept override { return next_.mask(); }
  void corrupt(TrainingChunk& chunk, ChunkTargets& targets, std::size_t sequence, Random& random) const override {
    next_.corrupt(chunk, targets, sequence, random);
  }
  double loss(const EncodedChunk<float>& encoded, const ChunkTargets& targets, const LossGradient<float>* gradient,
              Workspace& workspace) const override {
    const double loss = next_.loss(encoded, targets, gradient, workspace);
    if (gradient == nullptr || harm_ == Harm::none) return loss;
    const std::size_t size = gradient->d_hidden.rows * gradient->d_hidden.cols;
    for (std::size_t i = 0; i < size; ++i)
      gradient->d_hidden.data[i] *= harm_ == Harm::outlier ? 1e4F : std::numeric_limits<float>::infinity();
    return harm_ == Harm::loss ? std::numeric_limits<double>::quiet_NaN() : loss;
  }

 private:
  const Harm& harm_;
  NextEvent<float> next_;
};

TrainingOptions guarded() {
  TrainingOptions options;
  options.steps = 40;
  options.tokens_per_step = 64;
  options.chunk_tokens = 16;
  options.validate_every = 5;
  options.patience = 0;
  options.seed = 9;
  options.non_finite_steps = 8;
  options.outliers = {.factor = 5, .window = 8, .at_least = 4};
  return options;
}

struct Run {
  Harm harm = Harm::none;
  Patterns patterns{32};
  std::vector<const EncodedEvents*> train = patterns.range(0, 24), held_out = patterns.range(24, 32), none = {};
  EventSource source{patterns.schema, train, held_out, 16, 9}, without_held_out{patterns.schema, train, none, 16, 9};
  Harmed objective{harm};
  Model<float> model = small_model(patterns.schema, 3, 0.1, 0.2);

  Trainer<float> trainer(const TrainingOptions& options, bool validated = true) {
    return {model, {{validated ? &source : &without_held_out, {{&objective}}}}, options};
  }
};

}  // namespace

TEST_CASE("guarded training: a step that does harm changes no weight and no moment, and is counted") {
  for (const Harm harm : {Harm::loss, Harm::gradient, Harm::outlier}) {
    CAPTURE(static_cast<int>(harm));
    Run run;
    Trainer<float> trainer = run.trainer(guarded());
    for (int i = 0; i < 6; ++i) trainer.step(inline_executor());
    const TrainerState<float> before = trainer.state();
    run.harm = harm;
    trainer.step(inline_executor());
    run.harm = Harm::none;
    const TrainerState<float> after = trainer.state();
    CHECK(after.values == before.values);
    CHECK(after.optimizer.m == before.optimizer.m);
    CHECK(after.optimizer.step == before.optimizer.step);
    CHECK(after.step == before.step + 1);
    CHECK(after.example != before.example);
    CHECK(after.non_finite.skipped == (harm == Harm::outlier ? 0 : 1));
    CHECK(after.outliers.skipped == (harm == Harm::outlier ? 1 : 0));
    // The next step learns, from a gradient of its own.
    trainer.step(inline_executor());
    const TrainerState<float> next = trainer.state();
    CHECK(next.values != before.values);
    CHECK(next.non_finite.in_a_row == 0);
    for (const float value : next.values) REQUIRE(std::isfinite(value));
  }
}

TEST_CASE("guarded training: the eighth step in a row ends it with the best weights") {
  Run run;
  TrainingOptions options = guarded();
  options.validate_every = 20;  // and not among the steps that do harm
  Trainer<float> trainer = run.trainer(options);
  for (int i = 0; i < 22; ++i) trainer.step(inline_executor());
  const std::vector<float> best = trainer.state().early_stopping.best_values;
  REQUIRE(!best.empty());
  REQUIRE(best != run.model.values());
  run.harm = Harm::loss;
  for (int i = 0; i < 7; ++i) trainer.step(inline_executor());
  try {
    trainer.step(inline_executor());
    FAIL("accepted");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::non_finite);
    CHECK(std::string(error.what()).find("the loss of step 29 is not finite, the 8th step in a row") !=
          std::string::npos);
  }
  CHECK(run.model.values() == best);
}

TEST_CASE("guarded training: reports tell rate, norm, metric, time left and steps left out") {
  Run run;
  struct Reports {
    Harm& harm;
    std::vector<Progress> all;
  } reports{run.harm, {}};
  const ProgressSink sink{[](const Progress& progress, void* user) {
                            auto& to = *static_cast<Reports*>(user);
                            to.all.push_back(progress);
                            to.harm = progress.done == 10 ? Harm::loss : Harm::none;
                            return true;
                          },
                          &reports};
  TrainingOptions options = guarded();
  options.schedule.type = ScheduleType::plateau;
  options.schedule.plateau = {.factor = 0.5, .patience = 0, .threshold = 0.5};
  Trainer<float> trainer = run.trainer(options);
  trainer.run(inline_executor(), "test", sink, [] {});
  REQUIRE(reports.all.size() == options.steps);
  double best = 0;
  Plateau plateau;
  for (const Progress& report : reports.all) {
    CAPTURE(report.done);
    CHECK(report.learning_rate ==
          plateau.scale * learning_rate<double>(options.schedule, report.done - 1, options.steps));
    CHECK((report.gradient_norm > 0) == (report.done != 11));
    CHECK((report.loss > 0) == (report.done != 11));
    CHECK(report.skipped == (report.done < 11 ? 0 : 1));
    CHECK((report.metric > 0) == (report.done >= 5));
    if (report.done % 5 == 0) {
      plateau.judge(report.metric, options.schedule);
      if (best == 0 || report.metric < best) best = report.metric;
    }
    CHECK(report.validation_loss == best);
    const auto done = static_cast<double>(report.done);
    CHECK(report.seconds_left == doctest::Approx(report.seconds / done * (40 - done)));
  }
  CHECK(plateau.scale < 1);
}

TEST_CASE("guarded training: the average of the weights is validated and kept") {
  TrainingOptions options = guarded();
  options.steps = 20;
  options.average_decay = 0.9;
  Run run;
  Trainer<float> trainer = run.trainer(options);
  trainer.step(inline_executor());
  // The first average is the weights themselves.
  CHECK(trainer.state().average.values == run.model.values());
  for (int i = 1; i < 5; ++i) trainer.step(inline_executor());
  const TrainerState<float> state = trainer.state();
  // Nothing is frozen: the average lies as the weights do.
  CHECK(state.early_stopping.best_values == state.average.values);
  CHECK(state.average.values != run.model.values());
  run.model.values() = state.average.values;
  run.model.pack(true);
  CHECK(trainer.validate(inline_executor()) == state.early_stopping.best_loss);

  // Without validations it is the result, of weights that are those without an average.
  Run averaged, plain;
  Trainer<float> of_averaged = averaged.trainer(options, false);
  of_averaged.run(inline_executor(), "test", {}, [] {});
  CHECK(averaged.model.values() == of_averaged.state().average.values);
  options.average_decay = 0;
  Trainer<float> of_plain = plain.trainer(options, false);
  of_plain.run(inline_executor(), "test", {}, [] {});
  WeightAverage<float> expected;
  Run again;
  Trainer<float> steps = again.trainer(options, false);
  for (int i = 0; i < 20; ++i) {
    steps.step(inline_executor());
    expected.update(again.model, 0.9);
  }
  CHECK(again.model.values() == plain.model.values());
  CHECK(averaged.model.values() == expected.values);
}

TEST_CASE("guarded training: a validation that fails leaves the weights, not their average") {
  struct Failing final : Validation<float> {
    double loss(const Model<float>&, Executor&) const override { fail(ErrorCode::cancelled, "validation", "stopped"); }
  } failing;
  TrainingOptions options = guarded();
  options.average_decay = 0.9;
  Run run, unvalidated;
  Trainer<float> trainer(run.model, {{&run.source, {{&run.objective}}}}, options, &failing);
  Trainer<float> other = unvalidated.trainer(options, false);
  for (int i = 0; i < 4; ++i) trainer.step(inline_executor());
  CHECK_THROWS_WITH_AS(trainer.step(inline_executor()), "validation: stopped", Error);
  for (int i = 0; i < 5; ++i) other.step(inline_executor());
  CHECK(run.model.values() == unvalidated.model.values());
  CHECK(trainer.state().average.values == other.state().average.values);
}

TEST_CASE("guarded training: what the guards know goes on after a stop, bit for bit") {
  TrainingOptions options = guarded();
  options.average_decay = 0.9;
  options.optimizer = {.kind = OptimizerKind::rmsprop, .weight_decay = 0.1};
  // What is not better by half is none: the rate falls.
  options.schedule = {
      .peak = 0.03, .type = ScheduleType::plateau, .plateau = {.factor = 0.5, .patience = 0, .threshold = 0.5}};
  const auto harm_of = [](std::size_t step) {
    return step == 9 || step == 10 ? Harm::loss : step == 12 || step == 30 ? Harm::outlier : Harm::none;
  };
  const auto end_of = [&](std::size_t stop) {
    const TemporaryDirectory directory;
    const StateDescription description{"training", 1, ""};
    const auto steps = [&](Run& run, Trainer<float>& trainer, std::size_t first, std::size_t last) {
      for (std::size_t step = first; step < last; ++step) {
        run.harm = harm_of(step);
        trainer.step(inline_executor());
      }
    };
    {
      Run run;
      Trainer<float> trainer = run.trainer(options);
      steps(run, trainer, 0, stop);
      save_state(trainer.state(), directory / "state", description);
    }
    Run run;
    run.model.initialize(1234);
    Trainer<float> trainer = run.trainer(options);
    trainer.restore(load_state<TrainerState<float>>(directory / "state", description));
    steps(run, trainer, stop, options.steps);
    return trainer.state();
  };
  const TrainerState<float> straight = end_of(0);
  CHECK(straight.non_finite.skipped == 2);
  CHECK(straight.outliers.skipped >= 2);
  CHECK(straight.plateau.scale < 1);
  for (const std::size_t stop : {5, 10, 11, 13, 29}) {
    CAPTURE(stop);
    const TrainerState<float> stopped = end_of(stop);
    CHECK(stopped.values == straight.values);
    CHECK(stopped.average.values == straight.average.values);
    CHECK(stopped.early_stopping.best_values == straight.early_stopping.best_values);
    CHECK(stopped.outliers.norms == straight.outliers.norms);
    CHECK(stopped.plateau.scale == straight.plateau.scale);
    CHECK(stopped.non_finite.skipped == straight.non_finite.skipped);
  }
}

TEST_CASE("guarded training: a state of another optimiser, and options that make no training, are refused") {
  Run run;
  TrainingOptions options = guarded();
  const TrainerState<float> state = run.trainer(options).state();
  options.optimizer.kind = OptimizerKind::rmsprop;
  Trainer<float> other = run.trainer(options);
  CHECK_THROWS_WITH_AS(other.restore(state), doctest::Contains("another optimizer"), Error);
  const auto refused = [&](const TrainingOptions& wrong, const char* why, bool validated = true) {
    CHECK_THROWS_WITH_AS(run.trainer(wrong, validated), doctest::Contains(why), Error);
  };
  options = guarded();
  options.average_decay = 1;
  refused(options, "average_decay");
  options = guarded();
  options.outliers.factor = 0.5;
  refused(options, "outlier guard: factor");
  options = guarded();
  options.schedule.peak = -1;
  refused(options, "schedule: peak");
  options = guarded();
  options.schedule.type = ScheduleType::plateau;
  refused(options, "plateau needs held-out examples", false);
}
