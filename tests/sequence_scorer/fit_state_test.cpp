#include "sequence_scorer/fit_state.hpp"

#include <doctest/doctest.h>

#include "support/temporary_directory.hpp"

using namespace seqguard;

TEST_CASE("the state file of a fit keeps every field") {
  FitState state;
  state.fingerprint = "data and options";
  state.job = 2;
  state.next = {0.5, 1.5};
  state.event_next = {2.5};
  state.event_masked = {3.5, 4.5, 5.5};
  state.has_trainer = true;
  TrainerState& t = state.trainer;
  t.values = {1, 2, 3};
  t.best_values = {4, 5, 6};
  t.best_loss = 0.25;
  t.optimizer = {.m = {7, 8, 9}, .v = {10, 11, 12}, .step = 13};
  t.step = 14;
  t.epoch = 15;
  t.crop = 16;
  t.validations_since = 17;
  t.stopped = true;

  const TemporaryDirectory directory;
  save_fit_state(state, directory / "state");
  const FitState loaded = load_fit_state(directory / "state", state.fingerprint);
  CHECK(loaded.fingerprint == state.fingerprint);
  CHECK(loaded.job == state.job);
  CHECK(loaded.next == state.next);
  CHECK(loaded.event_next == state.event_next);
  CHECK(loaded.event_masked == state.event_masked);
  CHECK(loaded.has_trainer);
  CHECK(loaded.trainer.values == t.values);
  CHECK(loaded.trainer.best_values == t.best_values);
  CHECK(loaded.trainer.best_loss == t.best_loss);
  CHECK(loaded.trainer.optimizer.m == t.optimizer.m);
  CHECK(loaded.trainer.optimizer.v == t.optimizer.v);
  CHECK(loaded.trainer.optimizer.step == t.optimizer.step);
  CHECK(loaded.trainer.step == t.step);
  CHECK(loaded.trainer.epoch == t.epoch);
  CHECK(loaded.trainer.crop == t.crop);
  CHECK(loaded.trainer.validations_since == t.validations_since);
  CHECK(loaded.trainer.stopped);
}
