// Pre-training: one encoder, two objectives in alternating steps, the best weights kept.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "seqguard/core/executor.hpp"
#include "seqguard/core/function_ref.hpp"
#include "seqguard/core/progress.hpp"
#include "seqguard/events/encode.hpp"
#include "seqguard/model/model.hpp"
#include "seqguard/model/workspace.hpp"
#include "seqguard/training/early_stopping.hpp"
#include "seqguard/training/optimizer.hpp"
#include "seqguard/training/schedule.hpp"

namespace seqguard {

struct TrainingOptions {
  std::size_t steps = 1000;
  std::size_t tokens_per_step = 2048;         ///< small batches: the encoder needs few seconds but many steps
  std::size_t chunk_tokens = k_chunk_tokens;  ///< unit of parallel work
  std::size_t window = 64;                    ///< positions of a crop, marks included
  double masked_share = 0.3;  ///< share of the steps that predict hidden events; the others predict the next one
  Schedule schedule;
  AdamWOptions adamw;
  float dropout = 0;
  std::size_t validate_every = 100;
  std::size_t patience = 10;  ///< validations without improvement before training stops; 0: never
  std::uint64_t seed = 0;
};

/// Everything that a continued training needs to give the same bits as an uninterrupted one.
struct TrainerState {
  std::vector<float> values;
  OptimizerState<float> optimizer;
  EarlyStopping<float> early_stopping;
  std::uint64_t step = 0;             ///< finished steps
  std::uint64_t epoch = 0, crop = 0;  ///< next crop of the data
  bool stopped = false;               ///< by stop()

  template <class Self, class Visit>
  static void visit_fields(Self& self, const Visit& visit) {
    visit("values", self.values);
    visit("optimizer.m", self.optimizer.m);
    visit("optimizer.v", self.optimizer.v);
    visit("optimizer.step", self.optimizer.step);
    visit("early_stopping.best_values", self.early_stopping.best_values);
    visit("early_stopping.best_loss", self.early_stopping.best_loss);
    visit("early_stopping.validations_since", self.early_stopping.validations_since);
    visit("step", self.step);
    visit("epoch", self.epoch);
    visit("crop", self.crop);
    visit("stopped", self.stopped);
  }
};

/// Trains `model` in place. The data are borrowed and must outlive the trainer. Deterministic for a seed at any
/// concurrency of the executor.
class Trainer {
 public:
  /// `validation` may be empty: then there is no early stopping and the last weights are kept.
  Trainer(Model<float>& model, const EventSchema& schema, std::span<const EncodedEvents* const> train,
          std::span<const EncodedEvents* const> validation, const TrainingOptions& options);
  ~Trainer();

  bool finished() const noexcept;
  /// One step, with a validation where one is due. Returns the step's loss (nats per predicted event).
  /// @throws Error non_finite with the step if loss or gradient is not finite.
  double step(Executor& executor);
  /// Held-out loss under both objectives, weighted by their shares; the corruption is always the same.
  double validate(Executor& executor);
  /// Ends the training at the present step (a time limit); finished() is then true.
  void stop() noexcept;
  /// Puts the best weights into the model and packs it for scoring.
  void finish();

  /// Runs steps until finished, then finish(). After each step: after_step(), then the report.
  /// @throws Error cancelled if the callback says so.
  void run(Executor& executor, std::string_view phase, ProgressSink progress, FunctionRef<void()> after_step);

  /// A snapshot of the present state; valid until the next call.
  const TrainerState& state();
  /// Continues from a stored state. @throws Error bad_checkpoint if it does not fit the model.
  void restore(TrainerState state);

 private:
  class Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace seqguard
