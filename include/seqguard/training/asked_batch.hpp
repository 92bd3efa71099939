// A few examples behind the network: cut into chunks, corrupted, asked by the parts of a task, forward and backward.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "seqguard/core/executor.hpp"
#include "seqguard/core/random.hpp"
#include "seqguard/model/encoder.hpp"
#include "seqguard/model/model.hpp"
#include "seqguard/model/ragged_batch.hpp"
#include "seqguard/model/unread_gradients.hpp"
#include "seqguard/training/adversarial.hpp"
#include "seqguard/training/batch_source.hpp"
#include "seqguard/training/frozen_hidden_states.hpp"
#include "seqguard/training/objective.hpp"
#include "seqguard/training/optimizer.hpp"

namespace seqguard {
inline namespace v0 {

/// Where the gradient of a step goes, and what its passes do beyond those of a validation.
template <class Real>
struct StepGradient {
  std::span<const ModelParameters<Real>> lanes;  ///< [k_gradient_lanes], added to
  std::uint64_t dropout_key = 0;
  float stochastic_depth = 0;  ///< EncoderOptions
  AdversarialOptions adversarial = {};
};

/// Buffers that grow once and are then reused. Bits do not depend on the executor. Instantiated for float and double.
template <class Real>
class AskedBatch {
 public:
  /// Examples of the task's source, cut into chunks of about `chunk_tokens`, corrupted and asked by each part of the
  /// task, by random numbers of `key`. Returns whether any part has asked anything.
  bool assemble(const TrainingTask<Real>& task, std::span<const Example> examples, std::size_t chunk_tokens,
                std::uint64_t key, Executor& executor);
  /// Forward passes, and with `gradient` backward passes, of which the sum over the parts of weight x mean loss is the
  /// loss. Its value: loss(); without `gradient` there is no dropout.
  void run(const Model<Real>& model, const TrainingTask<Real>& task, const StepGradient<Real>* gradient,
           Executor& executor);
  /// Sum over the parts of weight x mean loss of the last run().
  double loss(const TrainingTask<Real>& task) const;

  /// Of part p: what was asked, and the sum of its losses in the last run().
  std::size_t rows(std::size_t p) const noexcept { return rows_[p]; }
  double loss_sum(std::size_t p) const noexcept;

 private:
  /// A chunk, and what is asked about it.
  struct AskedChunk {
    TrainingChunk examples;
    std::vector<Example> list;          ///< which they are
    std::vector<ChunkTargets> targets;  ///< by part
    std::vector<double> losses;         ///< by part, summed over its rows
    std::size_t first_token = 0;        ///< tokens of the batch before it
  };

  void ask(const TrainingTask<Real>& task, std::span<const Example> examples, const Chunk& range, std::uint64_t key,
           AskedChunk& chunk) const;
  /// One pass of a chunk forward, and with `gradient` backward.
  struct Pass {
    EncoderOptions encoder;
    Dropout dropout;  ///< of heads
    const ModelParameters<Real>* gradient = nullptr;
    double weight = 1;                ///< of the losses
    MatrixView<const Real> shift{};   ///< of the embeddings, or null
    MatrixView<Real> d_embeddings{};  ///< gets the gradient of their sums, or null
  };

  void run_chunk(AskedChunk& chunk, const Model<Real>& model, const TrainingTask<Real>& task,
                 const StepGradient<Real>* gradient, std::size_t lane, std::size_t worker);
  void run_adversary(AskedChunk& chunk, const Model<Real>& model, const TrainingTask<Real>& task, Pass pass,
                     const AdversarialOptions& options, std::size_t worker);
  /// Sets losses[part].
  void run_pass(AskedChunk& chunk, const Model<Real>& model, const TrainingTask<Real>& task, const Pass& pass,
                std::span<double> losses, Workspace& workspace) const;

  std::vector<AskedChunk> chunks_;  // the first used_chunks_ of them
  std::size_t used_chunks_ = 0;
  std::vector<std::size_t> rows_;              // by part
  std::vector<Workspace> workspaces_;          // by worker
  std::vector<UnreadGradients<Real>> unread_;  // by worker, where there is an adversary
};

// --- bodies ----------------------------------------------------------------------------------------------------------

template <class Real>
bool AskedBatch<Real>::assemble(const TrainingTask<Real>& task, std::span<const Example> examples,
                                std::size_t chunk_tokens, std::uint64_t key, Executor& executor) {
  std::vector<std::size_t> lengths;
  for (const Example& example : examples) lengths.push_back(example.size);
  const std::vector<Chunk> ranges = cut_into_chunks(lengths, ChunkLimit::at_least, chunk_tokens);
  used_chunks_ = ranges.size();
  while (chunks_.size() < used_chunks_) chunks_.push_back({task.source->make_chunk(), {}, {}, {}});
  workspaces_.resize(executor.concurrency());
  executor.run(used_chunks_, [&](std::size_t c, std::size_t) { ask(task, examples, ranges[c], key, chunks_[c]); });
  rows_.assign(task.parts.size(), 0);
  for (std::size_t c = 0; c < used_chunks_; ++c)
    for (std::size_t p = 0; p < rows_.size(); ++p) rows_[p] += chunks_[c].targets[p].rows.size();
  return std::any_of(rows_.begin(), rows_.end(), [](std::size_t rows) { return rows > 0; });
}

template <class Real>
void AskedBatch<Real>::ask(const TrainingTask<Real>& task, std::span<const Example> examples, const Chunk& range,
                           std::uint64_t key, AskedChunk& chunk) const {
  chunk.first_token = range.first_token;
  chunk.examples.clear();
  const std::span<const Example> list = examples.subspan(range.first, range.last - range.first);
  chunk.list.assign(list.begin(), list.end());
  chunk.targets.resize(task.parts.size());
  for (ChunkTargets& targets : chunk.targets) targets.clear(chunk.examples.batch.decoders());
  for (std::size_t i = range.first; i < range.last; ++i) task.source->append(examples[i], chunk.examples);
  for (std::size_t p = 0; p < task.parts.size(); ++p) {
    const std::uint64_t part_key = p == 0 ? key : random_bits(key, p, 0);
    for (std::size_t i = range.first; i < range.last; ++i) {
      Random random(part_key, i);
      task.parts[p].objective->corrupt(chunk.examples, chunk.targets[p], i - range.first, random);
    }
  }
}

template <class Real>
void AskedBatch<Real>::run(const Model<Real>& model, const TrainingTask<Real>& task, const StepGradient<Real>* gradient,
                           Executor& executor) {
  if (gradient == nullptr) {
    executor.run(used_chunks_,
                 [&](std::size_t c, std::size_t worker) { run_chunk(chunks_[c], model, task, nullptr, 0, worker); });
    return;
  }
  while (gradient->adversarial.steps > 0 && unread_.size() < executor.concurrency()) unread_.emplace_back(model.spec());
  executor.run(k_gradient_lanes, [&](std::size_t lane, std::size_t worker) {
    for (std::size_t c = lane; c < used_chunks_; c += k_gradient_lanes)
      run_chunk(chunks_[c], model, task, gradient, lane, worker);
  });
}

template <class Real>
void AskedBatch<Real>::run_chunk(AskedChunk& chunk, const Model<Real>& model, const TrainingTask<Real>& task,
                                 const StepGradient<Real>* gradient, std::size_t lane, std::size_t worker) {
  chunk.losses.assign(task.parts.size(), 0);
  const auto asks = [](const ChunkTargets& targets) { return !targets.rows.empty(); };
  if (std::none_of(chunk.targets.begin(), chunk.targets.end(), asks)) return;
  Pass pass;
  pass.encoder.mask = task.parts.front().objective->mask();
  if (gradient != nullptr) {
    pass.encoder = training_step_options(model.spec(), pass.encoder.mask, gradient->dropout_key, chunk.first_token);
    pass.encoder.stochastic_depth = gradient->stochastic_depth;
    pass.dropout = pass.encoder.dropout;
    pass.gradient = &gradient->lanes[lane];
  }
  // An encoder of which nothing learns gives what it gives in scoring, at every step the same.
  if (!model.table().reach().encoder) pass.encoder = {.mask = pass.encoder.mask};
  if (gradient != nullptr && gradient->adversarial.steps > 0)
    return run_adversary(chunk, model, task, pass, gradient->adversarial, worker);
  run_pass(chunk, model, task, pass, chunk.losses, workspaces_[worker]);
}

/// The chunk as it is, and with its embeddings moved.
template <class Real>
void AskedBatch<Real>::run_adversary(AskedChunk& chunk, const Model<Real>& model, const TrainingTask<Real>& task,
                                     Pass pass, const AdversarialOptions& options, std::size_t worker) {
  Workspace& workspace = workspaces_[worker];
  const Arena::Frame frame(workspace.activations);
  const std::size_t n = chunk.examples.batch.tokens(), width = model.config().embedding_width();
  const auto matrix = [&] {
    return MatrixView<Real>(workspace.activations.allocate<Real>(n * width).data(), n, width);
  };
  const MatrixView<Real> shift = matrix(), d_embeddings = matrix();
  std::fill_n(shift.data, n * width, Real(0));
  pass.d_embeddings = d_embeddings;
  run_pass(chunk, model, task, pass, chunk.losses, workspace);
  std::vector<double> not_reported(chunk.losses.size());
  const ModelParameters<Real>* const gradient = pass.gradient;
  pass.shift = shift;
  for (std::size_t k = 1; k <= options.steps; ++k) {
    move_embeddings<Real>(shift, d_embeddings, chunk.examples.batch.offsets(), options);
    const bool is_last = k == options.steps;
    pass.gradient = is_last ? gradient : &unread_[worker].places();
    if (is_last) {
      pass.weight = options.weight;
      pass.d_embeddings = {};
    }
    run_pass(chunk, model, task, pass, not_reported, workspace);
  }
}

template <class Real>
void AskedBatch<Real>::run_pass(AskedChunk& chunk, const Model<Real>& model, const TrainingTask<Real>& task,
                                const Pass& pass, std::span<double> losses, Workspace& workspace) const {
  const Arena::Frame frame(workspace.activations);
  const EncoderInput input = chunk.examples.batch.input();
  EncoderCache<Real> cache;
  MatrixView<Real> hidden;
  Offsets offsets = input.offsets;
  if (task.hidden != nullptr) {
    const auto kept = task.hidden->gather(chunk.list, workspace.activations);
    hidden = kept.hidden;
    offsets = kept.offsets;
  } else {
    cache = run_encoder<Real>(model, input, pass.encoder, workspace, pass.shift);
    hidden = cache.last_hidden_state();
  }
  const EncodedChunk<Real> encoded{model, chunk.examples, hidden, pass.dropout, offsets};
  MatrixView<Real> d_hidden{nullptr, 0, 0};
  if (pass.gradient != nullptr) {
    const std::span<Real> zeros = workspace.activations.allocate<Real>(hidden.rows * hidden.cols);
    std::fill(zeros.begin(), zeros.end(), Real(0));
    d_hidden = {zeros.data(), hidden.rows, hidden.cols};
  }
  for (std::size_t p = 0; p < task.parts.size(); ++p) {
    const auto& [objective, weight] = task.parts[p];
    if (chunk.targets[p].rows.empty()) continue;
    const Arena::Frame of_part(workspace.activations);
    if (pass.gradient == nullptr) {
      losses[p] = objective->loss(encoded, chunk.targets[p], nullptr, workspace);
      continue;
    }
    const LossGradient<Real> d_loss{pass.weight * weight / static_cast<double>(rows_[p]), *pass.gradient, d_hidden};
    losses[p] = objective->loss(encoded, chunk.targets[p], &d_loss, workspace);
  }
  if (pass.gradient != nullptr)
    run_encoder_backward<Real>(model, *pass.gradient, d_hidden, cache, input, pass.encoder, workspace,
                               pass.d_embeddings);
}

template <class Real>
double AskedBatch<Real>::loss_sum(std::size_t p) const noexcept {
  double sum = 0;
  for (std::size_t c = 0; c < used_chunks_; ++c) sum += chunks_[c].losses[p];
  return sum;
}

template <class Real>
double AskedBatch<Real>::loss(const TrainingTask<Real>& task) const {
  double sum = 0;
  for (std::size_t p = 0; p < task.parts.size(); ++p)
    if (rows_[p] > 0) sum += task.parts[p].weight * (loss_sum(p) / static_cast<double>(rows_[p]));
  return sum;
}

extern template class AskedBatch<float>;
extern template class AskedBatch<double>;

}  // namespace v0
}  // namespace seqguard
