// What a step of training asks of the encoder: a corruption of the input, what is to be predicted where, and the loss
// of the hidden states. Objectives with one attention mask may share an encoder pass: each has targets of its own, and
// adds to one gradient. Events: training/event_objectives.hpp; labels: training/classification.hpp.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

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
  MatrixView<const Real> hidden;  ///< [N, H] of the last layer
  Dropout dropout;                ///< of the encoder's pass: key and place for the dropout of heads
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

/// One of the objectives of a training, which is borrowed.
template <class Real>
struct ObjectiveShare {
  const Objective<Real>* objective;
  double share = 1;  ///< of the steps; those of all objectives are 1 together
};

/// Which objective step `step` trains. The steps of each are evenly spread: step s is the first one's where
/// floor((s + 1) share) > floor(s share), and the others divide the remaining steps in the same way.
template <class Real>
const Objective<Real>& objective_of(std::span<const ObjectiveShare<Real>> objectives, std::uint64_t step) {
  double left = 1;
  for (const ObjectiveShare<Real>& candidate : objectives.first(objectives.size() - 1)) {
    const double share = candidate.share / left;
    const double before = std::floor(static_cast<double>(step) * share);
    if (std::floor(static_cast<double>(step + 1) * share) > before) return *candidate.objective;
    step -= static_cast<std::uint64_t>(before);
    left -= candidate.share;
  }
  return *objectives.back().objective;
}

extern template const Objective<float>& objective_of(std::span<const ObjectiveShare<float>>, std::uint64_t);

}  // namespace v0
}  // namespace seqguard
