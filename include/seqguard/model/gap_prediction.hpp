// Predicting an event that is missing: the vector that a gap head makes of the tokens before and behind a gap -> the
// decoder of the primary column, which the masked-LM head has -> surprise.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "seqguard/core/arena.hpp"
#include "seqguard/core/views.hpp"
#include "seqguard/layers/vocabulary_loss.hpp"
#include "seqguard/model/heads.hpp"
#include "seqguard/model/model.hpp"

namespace seqguard {
inline namespace v0 {

template <class Real>
struct GapPredictionCache {
  MatrixView<Real> pairs;              ///< [R, 2H] gather_gaps() of the rows
  HeadTransformCache<Real> transform;  ///< its out[R, H] is compared with the decoder's table
  std::span<Real> losses;              ///< [R] surprise, -log p(target)
  std::span<Real> log_sum_exp;         ///< [R]

  static GapPredictionCache allocate(Arena& arena, const ModelConfig& config, std::size_t rows) {
    GapPredictionCache cache;
    cache.pairs = {arena.allocate<Real>(rows * 2 * config.hidden_size).data(), rows, 2 * config.hidden_size};
    cache.transform = HeadTransformCache<Real>::allocate(arena, rows, config.hidden_size, true);
    cache.losses = arena.allocate<Real>(rows);
    cache.log_sum_exp = arena.allocate<Real>(rows);
    return cache;
  }
};

/// cache.transform.out[R, H] of the gaps behind tokens rows[R] of hidden[N, H], by gap head `head` of a model whose
/// embeddings are as wide as its hidden states.
template <class Real>
void gap_transform(const Model<Real>& model, std::size_t head, GapPredictionCache<Real>& cache,
                   MatrixView<const Real> hidden, std::span<const std::uint32_t> rows, Arena& scratch) {
  gather_gaps<Real>(cache.pairs, hidden, rows);
  head_transform_forward<Real>(
      model.context(), cache.transform, cache.pairs, model.parameters().heads[head].classifier.transform,
      model.packed().heads[head].transform, head_options(model.spec(), head, {}).transform, scratch);
}

/// Fills cache.losses: gap rows[r] against targets[r].
template <class Real>
void gap_prediction_forward(const Model<Real>& model, std::size_t head, GapPredictionCache<Real>& cache,
                            MatrixView<const Real> hidden, std::span<const std::uint32_t> rows,
                            std::span<const std::int32_t> targets, Arena& scratch) {
  gap_transform<Real>(model, head, cache, hidden, rows, scratch);
  vocabulary_loss_forward<Real>(model.context(), cache.losses, cache.log_sum_exp, cache.transform.out, targets,
                                model.packed().heads[model.masked_lm_head()].decoders.front(), scratch);
}

/// Gradient of sum_r factors[r] losses[r], added to d_hidden[N, H], if anything of the encoder learns, and d_p.
template <class Real>
void gap_prediction_backward(const Model<Real>& model, std::size_t head, MatrixView<Real> d_hidden,
                             const ModelParameters<Real>& d_p, std::span<const Real> factors,
                             const GapPredictionCache<Real>& cache, std::span<const std::uint32_t> rows,
                             std::span<const std::int32_t> targets, Arena& scratch) {
  const Arena::Frame frame(scratch);
  const std::size_t hidden = d_hidden.cols, decoder = model.masked_lm_head();
  const MatrixView<Real> d_out(scratch.allocate<Real>(rows.size() * hidden).data(), rows.size(), hidden);
  std::fill_n(d_out.data, rows.size() * hidden, Real(0));
  vocabulary_loss_backward<Real>(model.context(), d_out, d_p.heads[decoder].decoders.front(), factors,
                                 cache.log_sum_exp, cache.transform.out, targets,
                                 model.packed().heads[decoder].decoders.front(), scratch);
  MatrixView<Real> d_pairs;
  if (model.table().reach().encoder)
    d_pairs = {scratch.allocate<Real>(rows.size() * 2 * hidden).data(), rows.size(), 2 * hidden};
  head_transform_backward<Real>(model.context(), d_pairs, d_p.heads[head].classifier.transform, d_out, cache.transform,
                                cache.pairs, model.parameters().heads[head].classifier.transform,
                                model.packed().heads[head].transform, head_options(model.spec(), head, {}).transform,
                                scratch);
  for (std::size_t r = 0; r < d_pairs.rows; ++r)
    add_gap_gradient<Real>(*model.context().kernels, d_hidden, d_pairs, r, rows[r]);
}

#define SEQGUARD_GAP_PREDICTION(PREFIX, Real)                                                                 \
  PREFIX template void gap_transform(const Model<Real>&, std::size_t, GapPredictionCache<Real>&,              \
                                     MatrixView<const Real>, std::span<const std::uint32_t>, Arena&);         \
  PREFIX template void gap_prediction_forward(const Model<Real>&, std::size_t, GapPredictionCache<Real>&,     \
                                              MatrixView<const Real>, std::span<const std::uint32_t>,         \
                                              std::span<const std::int32_t>, Arena&);                         \
  PREFIX template void gap_prediction_backward(                                                               \
      const Model<Real>&, std::size_t, MatrixView<Real>, const ModelParameters<Real>&, std::span<const Real>, \
      const GapPredictionCache<Real>&, std::span<const std::uint32_t>, std::span<const std::int32_t>, Arena&);
SEQGUARD_GAP_PREDICTION(extern, float)
SEQGUARD_GAP_PREDICTION(extern, double)
#ifndef SEQGUARD_INSTANTIATES
#undef SEQGUARD_GAP_PREDICTION
#endif

}  // namespace v0
}  // namespace seqguard
