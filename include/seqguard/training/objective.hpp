// What a step of training asks of the encoder: a corruption of the input, what is to be predicted where, and the loss
// of the hidden states. Objectives with one attention mask may share an encoder pass: each has targets of its own, and
// adds to one gradient. Events: training/event_objectives.hpp; labels: training/classification.hpp.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "seqguard/core/error.hpp"
#include "seqguard/core/random.hpp"
#include "seqguard/core/views.hpp"
#include "seqguard/layers/dropout.hpp"
#include "seqguard/layers/self_attention.hpp"
#include "seqguard/model/model.hpp"
#include "seqguard/model/workspace.hpp"
#include "seqguard/training/batch_source.hpp"

namespace seqguard {
inline namespace v0 {

/// What an objective asks about a chunk; buffers are reused.
struct ChunkTargets {
  std::vector<std::uint32_t> rows;                 ///< [R] tokens or sequences of the chunk: a loss each
  std::vector<std::vector<std::int32_t>> columns;  ///< of predicted events: answers, per decoder [R]

  void clear(std::size_t decoders) {
    rows.clear();
    columns.resize(decoders);
    for (std::vector<std::int32_t>& column : columns) column.clear();
  }
};

/// A chunk behind the encoder.
template <class Real>
struct EncodedChunk {
  const Model<Real>& model;
  const TrainingChunk& chunk;
  MatrixView<const Real> hidden;  ///< [N, H] of the last layer; of kept states what the head reads of it
  Dropout dropout;                ///< of the encoder's pass: key and place for the dropout of heads
  Offsets offsets;                ///< sequences of `hidden`
};

/// Where a loss leaves its gradient.
template <class Real>
struct LossGradient {
  double factor;                     ///< of the sum of losses: 1 / rows of the whole step
  const ModelParameters<Real>& d_p;  ///< added to
  MatrixView<Real> d_hidden;         ///< [N, H], added to
};

/// One way of asking. Stateless: const members may be called from any number of threads at once.
template <class Real>
class Objective {
 public:
  virtual ~Objective() = default;
  virtual AttentionMask mask() const noexcept { return AttentionMask::full; }
  /// Changes sequence number `sequence` of the chunk and adds what is asked about it to the targets.
  virtual void corrupt(TrainingChunk& chunk, ChunkTargets& targets, std::size_t sequence, Random& random) const = 0;
  /// Sum of the losses of the rows. With `gradient` this is training, with dropout; without it validation.
  virtual double loss(const EncodedChunk<Real>& encoded, const ChunkTargets& targets,
                      const LossGradient<Real>* gradient, Workspace& workspace) const = 0;
};

/// An objective, which is borrowed, and the weight of its mean loss beside others of the same pass.
template <class Real>
struct ObjectivePart {
  const Objective<Real>* objective;
  double weight = 1;
};

template <class Real>
class FrozenHiddenStates;

/// What a share of the steps does: a step takes examples of one source, and asks all parts of the task about them in
/// one pass of the encoder. Its loss is the sum over the parts of weight x mean loss of what the part asked about; the
/// corruptions of the parts are applied in their order.
template <class Real>
struct TrainingTask {
  const BatchSource* source;  ///< borrowed
  std::vector<ObjectivePart<Real>> parts;
  double share = 1;  ///< of the steps; those of all tasks are 1 together
  /// Borrowed; null: none. What one classification, the only part, reads of every example of the source, while nothing
  /// of the encoder learns: it is then not run.
  const FrozenHiddenStates<Real>* hidden = nullptr;
};

/// Which task step `step` trains. The steps of each are evenly spread: step s is the first one's where
/// floor((s + 1) share) > floor(s share), and the others divide the remaining steps in the same way.
template <class Real>
std::size_t task_of(std::span<const TrainingTask<Real>> tasks, std::uint64_t step) {
  double left = 1;
  for (std::size_t i = 0; i + 1 < tasks.size(); ++i) {
    const double share = tasks[i].share / left;
    const double before = std::floor(static_cast<double>(step) * share);
    if (std::floor(static_cast<double>(step + 1) * share) > before) return i;
    step -= static_cast<std::uint64_t>(before);
    left -= tasks[i].share;
  }
  return tasks.size() - 1;
}

/// @throws Error invalid_argument: no task, no part, parts of one pass with different attention masks, shares that are
/// not 1 together or below 0, weights that are not above 0.
template <class Real>
void check_tasks(std::span<const TrainingTask<Real>> tasks);

template <class Real>
void check_tasks(std::span<const TrainingTask<Real>> tasks) {
  const auto require = [](bool holds, std::string_view what) {
    if (!holds) fail(ErrorCode::invalid_argument, "training", what);
  };
  require(!tasks.empty(), "no task");
  double shares = 0;
  for (const TrainingTask<Real>& task : tasks) {
    require(task.source != nullptr, "a task without a source");
    require(!task.parts.empty(), "a task without an objective");
    require(task.share >= 0, "the share of a task is below 0");
    require(task.hidden == nullptr || task.parts.size() == 1, "kept hidden states are what one objective reads");
    shares += task.share;
    for (const ObjectivePart<Real>& part : task.parts) {
      require(part.objective != nullptr && part.objective->mask() == task.parts.front().objective->mask(),
              "objectives of one pass have different attention masks: make them tasks of their own");
      require(part.weight > 0 && std::isfinite(part.weight), "the weight of an objective is not above 0");
    }
  }
  require(std::abs(shares - 1) < 1e-9, "the shares of the tasks are not 1 together");  // sums of a few decimals
}

extern template std::size_t task_of(std::span<const TrainingTask<float>>, std::uint64_t);
extern template std::size_t task_of(std::span<const TrainingTask<double>>, std::uint64_t);
extern template void check_tasks(std::span<const TrainingTask<float>>);
extern template void check_tasks(std::span<const TrainingTask<double>>);

}  // namespace v0
}  // namespace seqguard
