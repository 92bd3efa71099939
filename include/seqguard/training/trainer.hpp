// The training loop: examples of a source, questions of a few objectives, the best weights kept.
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
#include "seqguard/model/encoder.hpp"
#include "seqguard/model/model.hpp"
#include "seqguard/model/ragged_batch.hpp"
#include "seqguard/training/batch_source.hpp"
#include "seqguard/training/early_stopping.hpp"
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
  std::uint64_t step = 0;                ///< finished steps
  std::uint64_t epoch = 0, example = 0;  ///< next example of the source
  bool stopped = false;                  ///< by stop()

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

/// Trains `model` in place. Model, source and objectives are borrowed and must outlive the trainer. Deterministic for a
/// seed at any concurrency of the executor. Instantiated for float.
template <class Real>
class Trainer {
 public:
  /// A source without held-out examples: there is no early stopping, and the last weights are kept.
  /// @throws Error invalid_argument: nothing to learn from, no objective.
  Trainer(Model<Real>& model, const BatchSource& source, std::vector<ObjectiveShare<Real>> objectives,
          const TrainingOptions& options);

  /// Runs steps until finished, then finish(). After each step: after_step(), then the report.
  /// @throws Error cancelled if the callback says so.
  void run(Executor& executor, std::string_view phase, ProgressSink progress, FunctionRef<void()> after_step);

  bool finished() const noexcept;
  /// One step, with a validation where one is due. Returns the step's loss, the mean over what was asked.
  /// @throws Error non_finite with the step if loss or gradient is not finite.
  double step(Executor& executor);
  /// Held-out loss under all objectives, weighted by their shares; the corruption is always the same.
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
  /// A chunk of the step, and what is asked about it.
  struct AskedChunk {
    TrainingChunk examples;
    ChunkTargets targets;
    std::size_t first_token = 0;  ///< tokens of the step before it
    double loss = 0;              ///< sum over its rows
  };

  void take_examples();
  std::size_t assemble(Executor& executor, std::span<const Example> examples, const Objective<Real>& objective,
                       std::uint64_t key);
  void run_chunk(AskedChunk& chunk, const Objective<Real>& objective, const ModelParameters<Real>* gradient,
                 double factor, Workspace& workspace) const;
  double mean_loss(std::size_t rows) const;
  double held_out_loss(Executor& executor, const Objective<Real>& objective);
  void keep_best(double loss);
  std::uint64_t key_of(TrainingStream stream) const { return random_bits(options_.seed, stream, state_.step); }

  Model<Real>& model_;
  const BatchSource& source_;
  std::vector<ObjectiveShare<Real>> objectives_;
  TrainingOptions options_;
  Optimizer<Real> optimizer_;
  std::vector<ModelParameters<Real>> lanes_;  // pointers into the optimiser's
  TrainerState<Real> state_;
  std::vector<Example> epoch_, step_;  // the examples of the present epoch and of the present step
  std::vector<AskedChunk> chunks_;     // the first used_chunks_ of them, of the present step
  std::size_t used_chunks_ = 0;
  std::vector<Workspace> workspaces_;  // by worker
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
  const Objective<Real>& objective = objective_of<Real>(objectives_, state_.step);
  take_examples();
  const std::size_t rows = assemble(executor, step_, objective, key_of(k_corrupt_stream));
  executor.run(k_gradient_lanes, [&](std::size_t lane, std::size_t worker) {
    for (std::size_t c = lane; c < used_chunks_; c += k_gradient_lanes)
      run_chunk(chunks_[c], objective, &lanes_[lane], 1 / static_cast<double>(rows), workspaces_[worker]);
  });
  const double loss = mean_loss(rows);
  if (!std::isfinite(loss)) {
    optimizer_.zero_lanes();
    fail(ErrorCode::non_finite, "training", "the loss of step " + std::to_string(state_.step) + " is not finite");
  }
  const double norm = optimizer_.reduce(model_);
  optimizer_.apply(model_, norm, learning_rate<double>(options_.schedule, state_.step, options_.steps));
  model_.pack(true);
  ++state_.step;
  const bool is_due = state_.step % options_.validate_every == 0 || state_.step == options_.steps;
  if (is_due && !source_.held_out().empty()) keep_best(validate(executor));
  return loss;
}

/// Forward pass, loss, and with `gradient` the backward pass of `factor` times the loss.
template <class Real>
void Trainer<Real>::run_chunk(AskedChunk& chunk, const Objective<Real>& objective,
                              const ModelParameters<Real>* gradient, double factor, Workspace& workspace) const {
  chunk.loss = 0;
  if (chunk.targets.rows.empty()) return;
  const Arena::Frame frame(workspace.activations);
  const EncoderInput input = chunk.examples.batch.input();
  const EncoderOptions options =
      gradient == nullptr
          ? EncoderOptions{.mask = objective.mask()}
          : training_step_options(model_.config(), objective.mask(), key_of(k_dropout_stream), chunk.first_token);
  const auto cache = run_encoder<Real>(model_, input, options, workspace);
  const MatrixView<Real> hidden = cache.last_hidden_state();
  const EncodedChunk<Real> encoded{model_, chunk.examples, hidden, options.dropout};
  if (gradient == nullptr) {
    chunk.loss = objective.loss(encoded, chunk.targets, nullptr, workspace);
    return;
  }
  const std::span<Real> zeros = workspace.activations.allocate<Real>(hidden.rows * hidden.cols);
  std::fill(zeros.begin(), zeros.end(), Real(0));
  const LossGradient<Real> d_loss{factor, *gradient, {zeros.data(), hidden.rows, hidden.cols}};
  chunk.loss = objective.loss(encoded, chunk.targets, &d_loss, workspace);
  run_encoder_backward<Real>(model_, *gradient, d_loss.d_hidden, cache, input, options, workspace);
}

/// Held-out loss decides: kept weights, and how long there was nothing better.
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

// --- examples --------------------------------------------------------------------------------------------------------

/// The examples of the next step: tokens_per_step tokens, at least one example.
template <class Real>
void Trainer<Real>::take_examples() {
  step_.clear();
  for (std::size_t tokens = 0; tokens < options_.tokens_per_step;) {
    if (state_.example == epoch_.size()) {
      source_.epoch(++state_.epoch, epoch_);
      state_.example = 0;
    }
    step_.push_back(epoch_[state_.example++]);
    tokens += step_.back().size;
  }
}

/// Cuts the examples into chunks and corrupts them. Returns the number of rows that are asked about.
template <class Real>
std::size_t Trainer<Real>::assemble(Executor& executor, std::span<const Example> examples,
                                    const Objective<Real>& objective, std::uint64_t key) {
  std::vector<std::size_t> lengths;
  for (const Example& example : examples) lengths.push_back(example.size);
  const std::vector<Chunk> ranges = cut_into_chunks(lengths, ChunkLimit::at_least, options_.chunk_tokens);
  used_chunks_ = ranges.size();
  while (chunks_.size() < used_chunks_) chunks_.push_back({source_.make_chunk(), {}});
  workspaces_.resize(executor.concurrency());
  executor.run(used_chunks_, [&](std::size_t c, std::size_t) {
    AskedChunk& chunk = chunks_[c];
    chunk.first_token = ranges[c].first_token;
    chunk.examples.clear();
    chunk.targets.clear(chunk.examples.batch.decoders());
    for (std::size_t i = ranges[c].first; i < ranges[c].last; ++i) source_.append(examples[i], chunk.examples);
    for (std::size_t i = ranges[c].first; i < ranges[c].last; ++i) {
      Random random(key, i);
      objective.corrupt(chunk.examples, chunk.targets, i - ranges[c].first, random);
    }
  });
  std::size_t rows = 0;
  for (std::size_t c = 0; c < used_chunks_; ++c) rows += chunks_[c].targets.rows.size();
  return rows;
}

template <class Real>
double Trainer<Real>::mean_loss(std::size_t rows) const {
  double loss = 0;
  for (std::size_t c = 0; c < used_chunks_; ++c) loss += chunks_[c].loss;
  return rows > 0 ? loss / static_cast<double>(rows) : 0;
}

// --- validation ------------------------------------------------------------------------------------------------------

template <class Real>
double Trainer<Real>::validate(Executor& executor) {
  double loss = 0;
  for (const ObjectiveShare<Real>& part : objectives_)
    if (part.share > 0) loss += part.share * held_out_loss(executor, *part.objective);
  return loss;
}

template <class Real>
double Trainer<Real>::held_out_loss(Executor& executor, const Objective<Real>& objective) {
  const std::span<const Example> examples = source_.held_out();
  double loss = 0;
  std::size_t rows = 0;
  // Groups of examples bound the memory that the chunks hold.
  constexpr std::size_t k_group = 256;
  for (std::size_t first = 0; first < examples.size(); first += k_group) {
    const std::uint64_t key = random_bits(options_.seed, k_validation_stream, first);
    rows += assemble(executor, examples.subspan(first, std::min(k_group, examples.size() - first)), objective, key);
    executor.run(used_chunks_, [&](std::size_t c, std::size_t worker) {
      run_chunk(chunks_[c], objective, nullptr, 0, workspaces_[worker]);
    });
    for (std::size_t c = 0; c < used_chunks_; ++c) loss += chunks_[c].loss;
  }
  return rows > 0 ? loss / static_cast<double>(rows) : 0;
}

// --- begin, stop and go on ---------------------------------------------------------------------------------------

template <class Real>
Trainer<Real>::Trainer(Model<Real>& model, const BatchSource& source, std::vector<ObjectiveShare<Real>> objectives,
                       const TrainingOptions& options)
    : model_(model),
      source_(source),
      objectives_(std::move(objectives)),
      options_(options),
      optimizer_(model.table(), options.adamw) {
  source_.epoch(0, epoch_);
  if (epoch_.empty()) fail(ErrorCode::invalid_argument, "training", "no sequences to train on");
  if (objectives_.empty()) fail(ErrorCode::invalid_argument, "training", "no objective");
  model_.pack(true);
  for (std::size_t i = 0; i < k_gradient_lanes; ++i)
    lanes_.push_back(bind_parameters<Real>(model.table(), model.spec(), optimizer_.lane(i).data()));
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
  state_ = std::move(state);
  model_.values() = state_.values;
  optimizer_.state() = state_.optimizer;
  model_.pack(true);
  source_.epoch(state_.epoch, epoch_);
  if (state_.example > epoch_.size())
    fail(ErrorCode::bad_checkpoint, "training state", "other data", std::to_string(epoch_.size()) + " examples",
         std::to_string(state_.example));
}

extern template class Trainer<float>;

}  // namespace v0
}  // namespace seqguard
