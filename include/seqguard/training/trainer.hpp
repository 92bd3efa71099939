// The training loop: steps of a few tasks, the best weights kept.
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "seqguard/core/error.hpp"
#include "seqguard/core/executor.hpp"
#include "seqguard/core/function_ref.hpp"
#include "seqguard/core/progress.hpp"
#include "seqguard/core/random.hpp"
#include "seqguard/model/model.hpp"
#include "seqguard/training/asked_batch.hpp"
#include "seqguard/training/early_stopping.hpp"
#include "seqguard/training/example_cursor.hpp"
#include "seqguard/training/objective.hpp"
#include "seqguard/training/optimizer.hpp"
#include "seqguard/training/schedule.hpp"

namespace seqguard {
inline namespace v0 {

/// Rates of dropout are the model's (ModelConfig).
struct TrainingOptions {
  std::size_t steps = 1000;
  std::size_t tokens_per_step = 2048;         ///< small batches: the encoder needs few seconds but many steps
  std::size_t chunk_tokens = k_chunk_tokens;  ///< unit of parallel work
  Schedule schedule;
  AdamWOptions adamw;
  std::size_t validate_every = 100;
  std::size_t patience = 10;  ///< validations without improvement before training stops; 0: never
  std::uint64_t seed = 0;
};

/// Everything that a continued training needs to give the same bits as an uninterrupted one.
template <class Real>
struct TrainerState {
  std::vector<Real> values;
  OptimizerState<Real> optimizer;
  EarlyStopping<Real> early_stopping;
  std::uint64_t step = 0;                     ///< finished steps
  std::vector<std::uint64_t> epoch, example;  ///< of each source of the tasks: where its next example is
  bool stopped = false;                       ///< by stop()

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
    visit("example", self.example);
    visit("stopped", self.stopped);
  }
};

/// What else than the held-out loss of the tasks may decide which weights are the best.
template <class Real>
class Validation {
 public:
  virtual ~Validation() = default;
  /// The lower the better; a pure function of the model, at any concurrency of the executor.
  virtual double loss(const Model<Real>& model, Executor& executor) const = 0;
};

/// Trains `model` in place. Model, sources, objectives and validation are borrowed and must outlive the trainer. Tasks
/// with one source take their examples in turn from one stream. Deterministic for a seed at any concurrency of the
/// executor. Instantiated for float.
template <class Real>
class Trainer {
 public:
  /// Early stopping is by `validation`, or without it by the held-out loss of the tasks; where their sources have no
  /// held-out examples either, there is none, and the last weights are kept.
  /// @throws Error invalid_argument: nothing to learn from; as check_tasks().
  Trainer(Model<Real>& model, std::vector<TrainingTask<Real>> tasks, const TrainingOptions& options,
          const Validation<Real>* validation = nullptr);

  /// Runs steps until finished, then finish(). After each step: after_step(), then the report.
  /// @throws Error cancelled if the callback says so.
  void run(Executor& executor, std::string_view phase, ProgressSink progress, FunctionRef<void()> after_step);

  bool finished() const noexcept;
  /// One step, with a validation where one is due. Returns the step's loss. Where nothing was asked it is 0, and
  /// nothing is learned.
  /// @throws Error non_finite with the step if loss or gradient is not finite.
  double step(Executor& executor);
  /// Validation::loss(), or the held-out loss under all tasks, weighted by their shares; the corruption is always the
  /// same.
  double validate(Executor& executor);
  /// Ends the training at the present step (a time limit); finished() is then true.
  void stop() noexcept { state_.stopped = true; }
  /// Puts the best weights into the model and packs it for scoring.
  void finish();

  /// A snapshot of the present state; valid until the next call.
  const TrainerState<Real>& state();
  /// Continues from a stored state. @throws Error bad_checkpoint if it does not fit the model.
  void restore(TrainerState<Real> state);

 private:
  /// A source of the tasks: its stream, and the examples that stand behind the network.
  struct Room {
    ExampleCursor cursor;
    AskedBatch<Real> batch;
  };

  Room& room_of(const TrainingTask<Real>& task);
  bool validates() const;
  double held_out_loss(Executor& executor, const TrainingTask<Real>& task);
  void keep_best(double loss);
  std::uint64_t key_of(TrainingStream stream) const { return random_bits(options_.seed, stream, state_.step); }

  Model<Real>& model_;
  std::vector<TrainingTask<Real>> tasks_;
  TrainingOptions options_;
  const Validation<Real>* validation_;
  Optimizer<Real> optimizer_;
  std::vector<ModelParameters<Real>> lanes_;  // pointers into the optimiser's
  std::vector<Room> rooms_;                   // of distinct sources, in the order of the tasks
  TrainerState<Real> state_;
  std::vector<Example> examples_;  // of the present step
};

// --- the loop --------------------------------------------------------------------------------------------------------

template <class Real>
void Trainer<Real>::run(Executor& executor, std::string_view phase, ProgressSink progress,
                        FunctionRef<void()> after_step) {
  const auto began = std::chrono::steady_clock::now();
  while (!finished()) {
    Progress report;
    report.phase = phase;
    report.loss = step(executor);
    report.done = state_.step;
    report.total = options_.steps;
    report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    report.validation_loss = state_.early_stopping.best_loss;
    after_step();
    if (!progress.report(report)) fail(ErrorCode::cancelled, phase, "stopped by the progress callback");
  }
  finish();
}

template <class Real>
double Trainer<Real>::step(Executor& executor) {
  const TrainingTask<Real>& task = tasks_[task_of<Real>(tasks_, state_.step)];
  Room& room = room_of(task);
  room.cursor.take(options_.tokens_per_step, examples_);
  double loss = 0;
  if (room.batch.assemble(task, examples_, options_.chunk_tokens, key_of(k_corrupt_stream), executor)) {
    const StepGradient<Real> gradient{lanes_, key_of(k_dropout_stream)};
    room.batch.run(model_, task, &gradient, executor);
    loss = room.batch.loss(task);
    if (!std::isfinite(loss)) {
      optimizer_.zero_lanes();
      fail(ErrorCode::non_finite, "training", "the loss of step " + std::to_string(state_.step) + " is not finite");
    }
    const double norm = optimizer_.reduce(model_);
    optimizer_.apply(model_, norm, learning_rate<double>(options_.schedule, state_.step, options_.steps));
    model_.pack(true);
  }
  ++state_.step;
  if ((state_.step % options_.validate_every == 0 || state_.step == options_.steps) && validates())
    keep_best(validate(executor));
  return loss;
}

/// The criterion of early stopping decides: kept weights, and how long there was nothing better.
template <class Real>
void Trainer<Real>::keep_best(double loss) {
  if (!std::isfinite(loss))
    fail(ErrorCode::non_finite, "training",
         "the held-out loss after step " + std::to_string(state_.step) + " is not finite");
  state_.early_stopping.judge(loss, model_.values());
}

template <class Real>
bool Trainer<Real>::finished() const noexcept {
  return state_.stopped || state_.step >= options_.steps || state_.early_stopping.exhausted(options_.patience);
}

// --- validation ------------------------------------------------------------------------------------------------------

template <class Real>
bool Trainer<Real>::validates() const {
  const auto has_held_out = [](const TrainingTask<Real>& task) {
    return task.share > 0 && !task.source->held_out().empty();
  };
  return validation_ != nullptr || std::any_of(tasks_.begin(), tasks_.end(), has_held_out);
}

template <class Real>
double Trainer<Real>::validate(Executor& executor) {
  if (validation_ != nullptr) return validation_->loss(model_, executor);
  double loss = 0;
  for (const TrainingTask<Real>& task : tasks_)
    if (task.share > 0) loss += task.share * held_out_loss(executor, task);
  return loss;
}

template <class Real>
double Trainer<Real>::held_out_loss(Executor& executor, const TrainingTask<Real>& task) {
  const std::span<const Example> examples = task.source->held_out();
  AskedBatch<Real>& batch = room_of(task).batch;
  std::vector<double> losses(task.parts.size());
  std::vector<std::size_t> rows(task.parts.size());
  // Groups of examples bound the memory that the chunks hold.
  constexpr std::size_t k_group = 256;
  for (std::size_t first = 0; first < examples.size(); first += k_group) {
    const std::uint64_t key = random_bits(options_.seed, k_validation_stream, first);
    const std::span<const Example> group = examples.subspan(first, std::min(k_group, examples.size() - first));
    if (!batch.assemble(task, group, options_.chunk_tokens, key, executor)) continue;
    batch.run(model_, task, nullptr, executor);
    for (std::size_t p = 0; p < losses.size(); ++p) {
      losses[p] += batch.loss_sum(p);
      rows[p] += batch.rows(p);
    }
  }
  double loss = 0;
  for (std::size_t p = 0; p < losses.size(); ++p)
    if (rows[p] > 0) loss += task.parts[p].weight * (losses[p] / static_cast<double>(rows[p]));
  return loss;
}

// --- begin, stop and go on ---------------------------------------------------------------------------------------

template <class Real>
Trainer<Real>::Trainer(Model<Real>& model, std::vector<TrainingTask<Real>> tasks, const TrainingOptions& options,
                       const Validation<Real>* validation)
    : model_(model),
      tasks_(std::move(tasks)),
      options_(options),
      validation_(validation),
      optimizer_(model.table(), options.adamw) {
  check_tasks<Real>(tasks_);
  for (const TrainingTask<Real>& task : tasks_) {
    const auto reads_it = [&](const Room& room) { return &room.cursor.source() == task.source; };
    if (std::none_of(rooms_.begin(), rooms_.end(), reads_it)) rooms_.push_back({ExampleCursor(*task.source), {}});
  }
  model_.pack(true);
  for (std::size_t i = 0; i < k_gradient_lanes; ++i)
    lanes_.push_back(bind_parameters<Real>(model.table(), model.spec(), optimizer_.lane(i).data()));
}

template <class Real>
typename Trainer<Real>::Room& Trainer<Real>::room_of(const TrainingTask<Real>& task) {
  return *std::find_if(rooms_.begin(), rooms_.end(),
                       [&](const Room& room) { return &room.cursor.source() == task.source; });
}

template <class Real>
void Trainer<Real>::finish() {
  if (!state_.early_stopping.best_values.empty()) model_.values() = state_.early_stopping.best_values;
  model_.pack(false);
}

template <class Real>
const TrainerState<Real>& Trainer<Real>::state() {
  state_.values = model_.values();
  state_.optimizer = optimizer_.state();
  state_.epoch.clear();
  state_.example.clear();
  for (const Room& room : rooms_) {
    state_.epoch.push_back(room.cursor.epoch());
    state_.example.push_back(room.cursor.example());
  }
  return state_;
}

template <class Real>
void Trainer<Real>::restore(TrainerState<Real> state) {
  const std::size_t size = model_.table().size(), trainable = optimizer_.state().m.size();
  const std::size_t best = state.early_stopping.best_values.size();
  if (state.values.size() != size || state.optimizer.m.size() != trainable || state.optimizer.v.size() != trainable ||
      (best != 0 && best != size))
    fail(ErrorCode::bad_checkpoint, "training state", "another model", std::to_string(size) + " parameters",
         std::to_string(state.values.size()));
  if (state.epoch.size() != rooms_.size() || state.example.size() != rooms_.size())
    fail(ErrorCode::bad_checkpoint, "training state", "other tasks", std::to_string(rooms_.size()) + " sources",
         std::to_string(state.epoch.size()));
  for (std::size_t i = 0; i < rooms_.size(); ++i) rooms_[i].cursor.seek(state.epoch[i], state.example[i]);
  state_ = std::move(state);
  model_.values() = state_.values;
  optimizer_.state() = state_.optimizer;
  model_.pack(true);
}

extern template class Trainer<float>;

}  // namespace v0
}  // namespace seqguard
