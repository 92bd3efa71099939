// Predicting events: hidden states of chosen tokens -> shared transform -> one decoder per predicted column ->
// surprise.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "seqguard/core/arena.hpp"
#include "seqguard/core/views.hpp"
#include "seqguard/layers/vocabulary_loss.hpp"
#include "seqguard/model/model.hpp"

namespace seqguard {
inline namespace v0 {

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
  HeadTransformCache<Real> transform;
  std::span<Real> losses;       ///< [C, R] surprise, -log p(target); 0 where there is no target
  std::span<Real> log_sum_exp;  ///< [C, R]

  static PredictionCache allocate(Arena& arena, const ModelConfig& config, std::size_t rows, std::size_t columns) {
    PredictionCache cache;
    cache.gathered = {arena.allocate<Real>(rows * config.hidden_size).data(), rows, config.hidden_size};
    cache.transform = HeadTransformCache<Real>::allocate(arena, rows, config.embedding_width(), true);
    cache.losses = arena.allocate<Real>(rows * columns);
    cache.log_sum_exp = arena.allocate<Real>(rows * columns);
    return cache;
  }
};

/// cache.transform.out[R, E]: the vectors that the decoders compare with their tables.
template <class Real>
void prediction_transform(const Model<Real>& model, PredictionCache<Real>& cache, MatrixView<const Real> hidden,
                          std::span<const std::uint32_t> rows, Arena& scratch) {
  for (std::size_t r = 0; r < rows.size(); ++r) std::copy_n(hidden.row(rows[r]), hidden.cols, cache.gathered.row(r));
  const std::size_t head = model.masked_lm_head();
  head_transform_forward<Real>(model.context(), cache.transform, cache.gathered,
                               model.parameters().heads[head].classifier.transform,
                               model.packed().heads[head].transform,
                               {model.config().masked_lm_activation(), model.config().layer_norm_eps}, scratch);
}

/// Fills cache.losses from hidden[N, H].
template <class Real>
void prediction_forward(const Model<Real>& model, PredictionCache<Real>& cache, MatrixView<const Real> hidden,
                        const PredictionTargets& targets, Arena& scratch) {
  const std::size_t rows = targets.rows.size();
  const std::vector<PackedDecoder<Real>>& decoders = model.packed().heads[model.masked_lm_head()].decoders;
  prediction_transform<Real>(model, cache, hidden, targets.rows, scratch);
  for (std::size_t c = 0; c < decoders.size(); ++c) {
    const std::span<Real> losses = cache.losses.subspan(c * rows, rows);
    const std::span<const std::int32_t> column = targets.targets.subspan(c * rows, rows);
    vocabulary_loss_forward<Real>(model.context(), losses, cache.log_sum_exp.subspan(c * rows, rows),
                                  cache.transform.out, column, decoders[c], scratch);
    for (std::size_t r = 0; r < rows; ++r)
      if (column[r] < 0) losses[r] = 0;
  }
}

/// Gradient of sum_cr factors[c * R + r] losses[c, r] (a factor must be 0 where there is no target), added to
/// d_hidden[N, H], if anything of the encoder learns, and d_p.
template <class Real>
void prediction_backward(const Model<Real>& model, MatrixView<Real> d_hidden, const ModelParameters<Real>& d_p,
                         std::span<const Real> factors, const PredictionCache<Real>& cache,
                         const PredictionTargets& targets, Arena& scratch) {
  const Arena::Frame frame(scratch);
  const std::size_t rows = targets.rows.size(), hidden = d_hidden.cols, head = model.masked_lm_head();
  const std::vector<PackedDecoder<Real>>& decoders = model.packed().heads[head].decoders;
  const std::size_t width = cache.transform.out.cols;
  const MatrixView<Real> d_transformed(scratch.allocate<Real>(rows * width).data(), rows, width);
  std::fill_n(d_transformed.data, rows * width, Real(0));
  for (std::size_t c = 0; c < decoders.size(); ++c)
    vocabulary_loss_backward<Real>(model.context(), d_transformed, d_p.heads[head].decoders[c],
                                   factors.subspan(c * rows, rows), cache.log_sum_exp.subspan(c * rows, rows),
                                   cache.transform.out, targets.targets.subspan(c * rows, rows), decoders[c], scratch);
  MatrixView<Real> d_gathered;
  if (model.table().reach().encoder) d_gathered = {scratch.allocate<Real>(rows * hidden).data(), rows, hidden};
  head_transform_backward<Real>(model.context(), d_gathered, d_p.heads[head].classifier.transform, d_transformed,
                                cache.transform, cache.gathered, model.parameters().heads[head].classifier.transform,
                                model.packed().heads[head].transform,
                                {model.config().masked_lm_activation(), model.config().layer_norm_eps}, scratch);
  for (std::size_t r = 0; r < d_gathered.rows; ++r)
    model.context().kernels->axpy(d_hidden.row(targets.rows[r]), d_gathered.row(r), hidden, Real(1));
}

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
#ifndef SEQGUARD_INSTANTIATES
#undef SEQGUARD_PREDICTION
#endif

}  // namespace v0
}  // namespace seqguard
