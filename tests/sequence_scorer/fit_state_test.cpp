#include "sequence_scorer/fit_state.hpp"

#include <doctest/doctest.h>

#include "seqguard/training/state_file.hpp"
#include "support/temporary_directory.hpp"

using namespace seqguard;

TEST_CASE("the state file of a fit keeps every field") {
  FitState state;
  state.job = 2;
  state.next = {0.5, 1.5};
  state.event_next = {2.5};
  state.event_masked = {3.5, 4.5, 5.5};
  state.cut_at = {0, 18};
  state.has_trainer = true;
  TrainerState<float>& t = state.trainer;
  t.values = {1, 2, 3};
  t.early_stopping.best_values = {4, 5, 6};
  t.early_stopping.best_loss = 0.25;
  t.optimizer = {.m = {7, 8, 9}, .v = {10, 11, 12}, .step = 13};
  t.step = 14;
  t.epoch = {15};
  t.example = {16};
  t.early_stopping.validations_since = 17;
  t.stopped = true;

  const TemporaryDirectory directory;
  const StateDescription description{"fit", k_fit_state_layout, "data and options"};
  save_state(state, directory / "state", description);
  const auto loaded = load_state<FitState>(directory / "state", description);
  CHECK(loaded.job == state.job);
  CHECK(loaded.next == state.next);
  CHECK(loaded.event_next == state.event_next);
  CHECK(loaded.event_masked == state.event_masked);
  CHECK(loaded.cut_at == state.cut_at);
  CHECK(loaded.has_trainer);
  CHECK(loaded.trainer.values == t.values);
  CHECK(loaded.trainer.early_stopping.best_values == t.early_stopping.best_values);
  CHECK(loaded.trainer.early_stopping.best_loss == t.early_stopping.best_loss);
  CHECK(loaded.trainer.optimizer.m == t.optimizer.m);
  CHECK(loaded.trainer.optimizer.v == t.optimizer.v);
  CHECK(loaded.trainer.optimizer.step == t.optimizer.step);
  CHECK(loaded.trainer.step == t.step);
  CHECK(loaded.trainer.epoch == t.epoch);
  CHECK(loaded.trainer.example == t.example);
  CHECK(loaded.trainer.early_stopping.validations_since == t.early_stopping.validations_since);
  CHECK(loaded.trainer.stopped);

  // Between two trainings there is none.
  state.has_trainer = false;
  save_state(state, directory / "state", description);
  const auto between = load_state<FitState>(directory / "state", description);
  CHECK(between.job == state.job);
  CHECK_FALSE(between.has_trainer);
  CHECK(between.trainer.values.empty());
}
