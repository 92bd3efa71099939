// What a training is told, and what it has to remember to go on after a stop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "seqguard/model/ragged_batch.hpp"
#include "seqguard/training/adversarial.hpp"
#include "seqguard/training/early_stopping.hpp"
#include "seqguard/training/non_finite_guard.hpp"
#include "seqguard/training/optimizer.hpp"
#include "seqguard/training/outlier_guard.hpp"
#include "seqguard/training/schedule.hpp"
#include "seqguard/training/weight_average.hpp"

namespace seqguard {
inline namespace v0 {

/// Rates of dropout are the model's (ModelConfig).
struct TrainingOptions {
  std::size_t steps = 1000;
  std::size_t tokens_per_step = 2048;         ///< small batches: the encoder needs few seconds but many steps
  std::size_t chunk_tokens = k_chunk_tokens;  ///< unit of parallel work
  Schedule schedule;
  OptimizerOptions optimizer;
  std::size_t validate_every = 100;
  std::size_t patience = 10;  ///< validations without improvement before training stops; 0: never
  /// The training ends where so many steps in a row have no finite loss or gradient; single ones are left out. 1: it
  /// ends at the first.
  std::uint64_t non_finite_steps = 1;
  OutlierOptions outliers;
  /// Share of the sequences for which the blocks of the last layer are left out in a step (EncoderOptions), in [0, 1).
  double stochastic_depth = 0;
  AdversarialOptions adversarial;
  /// Of the moving average of the weights, in (0, 1), which is what is validated and what the training results in. 0:
  /// no average, the weights themselves.
  double average_decay = 0;
  std::uint64_t seed = 0;
};

/// Everything that a continued training needs to give the same bits as an uninterrupted one.
template <class Real>
struct TrainerState {
  std::vector<Real> values;
  OptimizerState<Real> optimizer;
  EarlyStopping<Real> early_stopping;
  Plateau plateau;
  NonFiniteGuard non_finite;
  OutlierGuard outliers;
  WeightAverage<Real> average;
  std::uint64_t step = 0;                     ///< finished steps, those that were left out too
  std::vector<std::uint64_t> epoch, example;  ///< of each source of the tasks: where its next example is
  bool stopped = false;                       ///< by stop()

  template <class Self, class Visit>
  static void visit_fields(Self& self, const Visit& visit) {
    const auto visit_part = [&](const std::string& part, auto& fields) {
      fields.visit_fields(fields, [&](const std::string& name, auto& field) { visit(part + "." + name, field); });
    };
    visit("values", self.values);
    visit("optimizer.m", self.optimizer.m);
    visit("optimizer.v", self.optimizer.v);
    visit("optimizer.step", self.optimizer.step);
    visit("early_stopping.best_values", self.early_stopping.best_values);
    visit("early_stopping.best_loss", self.early_stopping.best_loss);
    visit("early_stopping.validations_since", self.early_stopping.validations_since);
    visit_part("plateau", self.plateau);
    visit_part("non_finite", self.non_finite);
    visit_part("outliers", self.outliers);
    visit_part("average", self.average);
    visit("step", self.step);
    visit("epoch", self.epoch);
    visit("example", self.example);
    visit("stopped", self.stopped);
  }
};

}  // namespace v0
}  // namespace seqguard
