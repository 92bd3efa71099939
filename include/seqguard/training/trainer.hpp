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
#include "seqguard/training/example_cursor.hpp"
#include "seqguard/training/objective.hpp"
#include "seqguard/training/trainer_state.hpp"

namespace seqguard {
inline namespace v0 {

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
/// executor. Instantiated for float, and for double, in which tests compare it with others.
template <class Real>
class Trainer {
 public:
  /// Early stopping is by `validation`, or without it by the held-out loss of the tasks; where their sources have no
  /// held-out examples either, there is none, and the last weights are kept.
  /// @throws Error invalid_argument: nothing to learn from; a plateau, which needs validations, without any; an
  /// average_decay or stochastic_depth outside [0, 1); an adversary of embeddings that do not learn; as check_tasks(),
  /// check_schedule(), check_outliers(), check_adversarial() and parameter_settings().
  Trainer(Model<Real>& model, std::vector<TrainingTask<Real>> tasks, const TrainingOptions& options,
          const Validation<Real>* validation = nullptr);

  /// Runs steps until finished, then finish(). After each step: after_step(), then the report.
  /// @throws Error cancelled if the callback says so.
  void run(Executor& executor, std::string_view phase, ProgressSink progress, FunctionRef<void()> after_step);

  bool finished() const noexcept;
  /// One step, with a validation where one is due. Returns the step's loss. Where nothing was asked it is 0, and
  /// nothing is learned.
  /// @throws Error non_finite with the step: as many steps in a row as TrainingOptions says, or a validation, are not
  /// finite. The model then has the weights of finish().
  double step(Executor& executor);
  /// Validation::loss(), or the held-out loss under all tasks, weighted by their shares; the corruption is always the
  /// same.
  double validate(Executor& executor);
  /// Ends the training at the present step (a time limit); finished() is then true.
  void stop() noexcept { state_.stopped = true; }
  /// Puts the best weights into the model - without validations their average, where there is one - and packs it for
  /// scoring.
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

  /// What the last step was, for reports.
  struct LastStep {
    double learning_rate = 0, gradient_norm = 0, metric = 0;
  };

  void check_options() const;
  Room& room_of(const TrainingTask<Real>& task);
  void learn(double loss);
  void leave_out(std::string_view what);
  bool validates() const;
  double held_out_loss(Executor& executor, const TrainingTask<Real>& task);
  void keep_best(Executor& executor);
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
  LastStep last_;
};

// --- the loop --------------------------------------------------------------------------------------------------------

template <class Real>
void Trainer<Real>::run(Executor& executor, std::string_view phase, ProgressSink progress,
                        FunctionRef<void()> after_step) {
  const auto began = std::chrono::steady_clock::now();
  const std::uint64_t first = state_.step;
  while (!finished()) {
    Progress report;
    report.phase = phase;
    const double loss = step(executor);
    report.loss = std::isfinite(loss) ? loss : 0;
    report.done = state_.step;
    report.total = options_.steps;
    report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    report.seconds_left =
        report.seconds * static_cast<double>(options_.steps - state_.step) / static_cast<double>(state_.step - first);
    report.learning_rate = last_.learning_rate;
    report.gradient_norm = last_.gradient_norm;
    report.metric = last_.metric;
    report.validation_loss = state_.early_stopping.best_loss;
    report.skipped = state_.non_finite.skipped + state_.outliers.skipped;
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
    const StepGradient<Real> gradient{lanes_, key_of(k_dropout_stream), static_cast<float>(options_.stochastic_depth),
                                      options_.adversarial};
    room.batch.run(model_, task, &gradient, executor);
    loss = room.batch.loss(task);
    learn(loss);
  }
  ++state_.step;
  if ((state_.step % options_.validate_every == 0 || state_.step == options_.steps) && validates()) keep_best(executor);
  return loss;
}

/// The optimiser's step, unless it would do harm.
template <class Real>
void Trainer<Real>::learn(double loss) {
  last_.learning_rate = state_.plateau.scale * learning_rate<double>(options_.schedule, state_.step, options_.steps);
  last_.gradient_norm = 0;
  if (!std::isfinite(loss)) return leave_out("loss");
  const double norm = optimizer_.reduce(model_);
  if (!std::isfinite(norm)) return leave_out("gradient");
  last_.gradient_norm = norm;
  state_.non_finite.pass();
  if (state_.outliers.rejects(norm, options_.outliers)) return optimizer_.zero_lanes();
  optimizer_.apply(model_, norm, last_.learning_rate);
  if (options_.average_decay > 0) state_.average.update(model_, options_.average_decay);
  model_.pack_learned();
}

template <class Real>
void Trainer<Real>::leave_out(std::string_view what) {
  optimizer_.zero_lanes();
  if (!state_.non_finite.skip(options_.non_finite_steps)) return;
  finish();
  state_.non_finite.end(what, state_.step);
}

/// The criterion of early stopping decides: kept weights, and how long there was nothing better.
template <class Real>
void Trainer<Real>::keep_best(Executor& executor) {
  const bool averaged = state_.average.updates > 0;
  const auto exchange = [&] {
    if (!averaged) return;
    state_.average.exchange(model_);
    model_.pack(true);
  };
  exchange();
  double loss = 0;
  try {
    loss = validate(executor);
    if (std::isfinite(loss)) state_.early_stopping.judge(loss, model_.values());
  } catch (...) {
    exchange();
    throw;
  }
  exchange();
  if (!std::isfinite(loss)) {
    finish();
    fail(ErrorCode::non_finite, "training",
         "the held-out loss after step " + std::to_string(state_.step) + " is not finite");
  }
  last_.metric = loss;
  if (options_.schedule.type == ScheduleType::plateau) state_.plateau.judge(loss, options_.schedule);
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
      optimizer_(model.table(), options.optimizer) {
  check_options();
  for (const TrainingTask<Real>& task : tasks_) {
    const auto reads_it = [&](const Room& room) { return &room.cursor.source() == task.source; };
    if (std::none_of(rooms_.begin(), rooms_.end(), reads_it)) rooms_.push_back({ExampleCursor(*task.source), {}});
  }
  model_.pack(true);
  for (std::size_t i = 0; i < k_gradient_lanes; ++i)
    lanes_.push_back(bind_parameters<Real>(model.table(), model.spec(), optimizer_.lane(i).data()));
}

template <class Real>
void Trainer<Real>::check_options() const {
  check_tasks<Real>(tasks_);
  if (options_.tokens_per_step == 0 || options_.chunk_tokens == 0 || options_.validate_every == 0)
    fail(ErrorCode::invalid_argument, "training", "tokens_per_step, chunk_tokens and validate_every", "1 or more", "0");
  check_schedule(options_.schedule);
  check_outliers(options_.outliers);
  if (!(options_.stochastic_depth >= 0 && options_.stochastic_depth < 1))
    fail(ErrorCode::invalid_argument, "training", "stochastic_depth", "a number in [0, 1)",
         std::to_string(options_.stochastic_depth));
  check_adversarial(options_.adversarial);
  if (options_.adversarial.steps > 0 && !model_.table().reach().embeddings)
    fail(ErrorCode::invalid_argument, "adversarial training",
         "moves embeddings along their gradient, which is there only while they learn: not with frozen embeddings, a "
         "frozen encoder, or adapters");
  if (!(options_.average_decay >= 0 && options_.average_decay < 1))
    fail(ErrorCode::invalid_argument, "training", "average_decay", "a number in [0, 1)",
         std::to_string(options_.average_decay));
  if (options_.schedule.type == ScheduleType::plateau && !validates())
    fail(ErrorCode::invalid_argument, "training", "the schedule plateau needs held-out examples: it waits for them");
}

template <class Real>
typename Trainer<Real>::Room& Trainer<Real>::room_of(const TrainingTask<Real>& task) {
  return *std::find_if(rooms_.begin(), rooms_.end(),
                       [&](const Room& room) { return &room.cursor.source() == task.source; });
}

template <class Real>
void Trainer<Real>::finish() {
  if (!state_.early_stopping.best_values.empty())
    model_.values() = state_.early_stopping.best_values;
  else
    state_.average.put(model_);
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
  const auto fits = [](std::size_t found, std::size_t size, bool may_be_none = false) {
    return found == size || (may_be_none && found == 0);
  };
  const OptimizerState<Real>& own = optimizer_.state();
  const std::size_t size = model_.table().size();
  if (!fits(state.values.size(), size) || !fits(state.early_stopping.best_values.size(), size, true) ||
      !fits(state.average.values.size(), model_.table().unread_gradient(), true))
    fail(ErrorCode::bad_checkpoint, "training state", "another model", std::to_string(size) + " parameters",
         std::to_string(state.values.size()));
  if (!fits(state.optimizer.m.size(), own.m.size()) || !fits(state.optimizer.v.size(), own.v.size()))
    fail(ErrorCode::bad_checkpoint, "training state", "another optimizer, or other parameters that learn",
         std::to_string(own.m.size()) + " and " + std::to_string(own.v.size()) + " moments",
         std::to_string(state.optimizer.m.size()) + " and " + std::to_string(state.optimizer.v.size()));
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
extern template class Trainer<double>;

}  // namespace v0
}  // namespace seqguard
