// Predicting events: hidden states of chosen tokens -> shared transform -> one decoder per predicted column ->
// surprise.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "seqguard/core/arena.hpp"
#include "seqguard/core/views.hpp"
#include "seqguard/layers/prediction_head.hpp"
#include "seqguard/layers/vocabulary_loss.hpp"
#include "seqguard/model/model.hpp"

namespace seqguard {

/// Weight of each predicted column beside the primary one (weight 1), in training and in the surprise of an event. With
/// 1 the surprise is that of the whole event, its columns taken as independent. Simulated shop, AUROC of all kinds / of
/// clock errors: .815 / .786 with 1, .775 / .620 with .25.
inline constexpr double k_secondary_weight = 1.0;

/// What is predicted where: row r looks at token rows[r] and is compared with targets[c * rows.size() + r] in column c
/// (-1: nothing to compare).
struct PredictionTargets {
  std::span<const std::uint32_t> rows;    ///< [R] token indices of the chunk
  std::span<const std::int32_t> targets;  ///< [C, R]
};

template <class Real>
struct PredictionCache {
  MatrixView<Real> gathered;  ///< [R, H] hidden states of the rows
  PredictionTransformCache<Real> transform;
  std::span<Real> losses;       ///< [C, R] surprise, -log p(target); 0 where there is no target
  std::span<Real> log_sum_exp;  ///< [C, R]

  static PredictionCache allocate(Arena& arena, const ModelConfig& config, std::size_t rows, std::size_t columns) {
    PredictionCache cache;
    cache.gathered = {arena.allocate<Real>(rows * config.hidden_size).data(), rows, config.hidden_size};
    cache.transform = PredictionTransformCache<Real>::allocate(arena, rows, config.embedding_width());
    cache.losses = arena.allocate<Real>(rows * columns);
    cache.log_sum_exp = arena.allocate<Real>(rows * columns);
    return cache;
  }
};

/// cache.transform.out[R, E]: the vectors that the decoders compare with their tables.
template <class Real>
void prediction_transform(const Model<Real>& model, PredictionCache<Real>& cache, MatrixView<const Real> hidden,
                          std::span<const std::uint32_t> rows, Arena& scratch);

/// Fills cache.losses from hidden[N, H].
template <class Real>
void prediction_forward(const Model<Real>& model, PredictionCache<Real>& cache, MatrixView<const Real> hidden,
                        const PredictionTargets& targets, Arena& scratch);

/// Gradient of sum_cr factors[c * R + r] losses[c, r] (a factor must be 0 where there is no target): d_hidden[N, H] is
/// overwritten, d_p accumulated.
template <class Real>
void prediction_backward(const Model<Real>& model, MatrixView<Real> d_hidden, const ModelParameters<Real>& d_p,
                         std::span<const Real> factors, const PredictionCache<Real>& cache,
                         const PredictionTargets& targets, Arena& scratch);

#define SEQGUARD_PREDICTION(PREFIX, Real)                                                                       \
  PREFIX template void prediction_transform(const Model<Real>&, PredictionCache<Real>&, MatrixView<const Real>, \
                                            std::span<const std::uint32_t>, Arena&);                            \
  PREFIX template void prediction_forward(const Model<Real>&, PredictionCache<Real>&, MatrixView<const Real>,   \
                                          const PredictionTargets&, Arena&);                                    \
  PREFIX template void prediction_backward(const Model<Real>&, MatrixView<Real>, const ModelParameters<Real>&,  \
                                           std::span<const Real>, const PredictionCache<Real>&,                 \
                                           const PredictionTargets&, Arena&);
SEQGUARD_PREDICTION(extern, float)
SEQGUARD_PREDICTION(extern, double)

}  // namespace seqguard
