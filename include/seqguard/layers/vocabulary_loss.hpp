// Cross-entropy over a vocabulary: logits[R, V] = x E^T + bias are made tile by tile and never stored as a whole.
//
//   loss_r = log sum_v exp(logit_rv) - logit_r,target        d_logit_rv = factor_r (softmax_rv - [v = target_r])
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "seqguard/core/arena.hpp"
#include "seqguard/core/views.hpp"
#include "seqguard/kernels/matmul.hpp"

namespace seqguard {
inline namespace v0 {

/// Decoder of one column: the (tied) embedding table and a bias of its own.
template <class Real>
struct DecoderParameters {
  Real* table = nullptr;  ///< [V, H]
  Real* bias = nullptr;   ///< [V]
  std::size_t vocabulary = 0, hidden = 0;
};

/// The table, packed in tiles of k_vocabulary_tile rows: a tile of logits of 128 events is 256 KB and stays in L2.
inline constexpr std::size_t k_vocabulary_tile = 512;

template <class Real>
struct PackedDecoder {
  std::vector<PackedMatrix<Real>> forward, backward;
  const Real* bias = nullptr;
  std::size_t vocabulary = 0, hidden = 0;

  std::size_t tiles() const { return forward.size(); }
  std::size_t first_of(std::size_t tile) const { return tile * k_vocabulary_tile; }
  std::size_t width_of(std::size_t tile) const { return std::min(k_vocabulary_tile, vocabulary - first_of(tile)); }

  /// Packs, or packs again with new values (training) without allocating. `storage`: see PackedMatrix.
  void pack(const Context<Real>& context, const DecoderParameters<const Real>& p, bool for_training,
            Arena* storage = nullptr) {
    if (!for_training) backward.clear();
    const bool first_time = forward.empty(), first_training = backward.empty();
    vocabulary = p.vocabulary;
    hidden = p.hidden;
    bias = p.bias;
    for (std::size_t tile = 0; first_of(tile) < vocabulary; ++tile) {
      const MatrixView<const Real> rows(p.table + first_of(tile) * hidden, width_of(tile), hidden);
      if (first_time)
        forward.emplace_back(context, rows, Layout::nk, storage);
      else
        forward[tile].repack(rows);
      if (for_training && first_training)
        backward.emplace_back(context, rows, Layout::kn);
      else if (for_training)
        backward[tile].repack(rows);
    }
  }
};

/// losses[R], log_sum_exp[R] of the rows of x[R, H] with their target ids.
template <class Real>
void vocabulary_loss_forward(const Context<Real>& context, std::span<Real> losses, std::span<Real> log_sum_exp,
                             MatrixView<const Real> x, std::span<const std::int32_t> targets,
                             const PackedDecoder<Real>& decoder, Arena& scratch) {
  const Arena::Frame frame(scratch);
  const std::size_t rows = x.rows;
  const std::span<Real> maximum = scratch.allocate<Real>(rows), sum = scratch.allocate<Real>(rows);
  std::fill(maximum.begin(), maximum.end(), -std::numeric_limits<Real>::infinity());
  std::fill(sum.begin(), sum.end(), Real(0));
  for (std::size_t tile = 0; tile < decoder.tiles(); ++tile) {
    const Arena::Frame tile_frame(scratch);
    const std::size_t first = decoder.first_of(tile), width = decoder.width_of(tile);
    const MatrixView<Real> logits(scratch.allocate<Real>(rows * width).data(), rows, width);
    decoder.forward[tile].multiply(logits, x, {.bias = decoder.bias + first}, scratch);
    context.kernels->log_sum_exp_update(maximum.data(), sum.data(), logits.data, rows, width, width);
    for (std::size_t r = 0; r < rows; ++r) {
      const auto target = static_cast<std::size_t>(targets[r]);
      if (target >= first && target < first + width) losses[r] = logits(r, target - first);
    }
  }
  for (std::size_t r = 0; r < rows; ++r) {
    log_sum_exp[r] = maximum[r] + std::log(sum[r]);
    losses[r] = log_sum_exp[r] - losses[r];
  }
}

/// d_x[R, H] += ..., d_p accumulated; factor[R] multiplies each row's loss.
template <class Real>
void vocabulary_loss_backward(const Context<Real>& context, MatrixView<Real> d_x, const DecoderParameters<Real>& d_p,
                              std::span<const Real> factor, std::span<const Real> log_sum_exp, MatrixView<const Real> x,
                              std::span<const std::int32_t> targets, const PackedDecoder<Real>& decoder,
                              Arena& scratch) {
  const std::size_t rows = x.rows;
  for (std::size_t tile = 0; tile < decoder.tiles(); ++tile) {
    const Arena::Frame frame(scratch);
    const std::size_t first = decoder.first_of(tile), width = decoder.width_of(tile);
    const MatrixView<Real> d_logits(scratch.allocate<Real>(rows * width).data(), rows, width);
    decoder.forward[tile].multiply(d_logits, x, {.bias = decoder.bias + first}, scratch);
    context.kernels->exp_minus(d_logits.data, log_sum_exp.data(), factor.data(), rows, width, width);
    for (std::size_t r = 0; r < rows; ++r) {
      const auto target = static_cast<std::size_t>(targets[r]);
      if (target >= first && target < first + width) d_logits(r, target - first) -= factor[r];
    }
    decoder.backward[tile].multiply(d_x, d_logits, {.accumulate = true}, scratch);
    if (d_p.table != nullptr)  // the table learns
      multiply_transposed_add<Real>(
          context, MatrixView<Real>(d_p.table + first * decoder.hidden, width, decoder.hidden), d_logits, x, scratch);
    context.kernels->column_sums(d_p.bias + first, d_logits.data, rows, width, width);
  }
}

/// log p[V] of one row x[1, H]: the distribution that repair reads.
template <class Real>
void vocabulary_log_probabilities(const Context<Real>& context, std::span<Real> log_p, MatrixView<const Real> x,
                                  const PackedDecoder<Real>& decoder, Arena& scratch) {
  Real maximum = -std::numeric_limits<Real>::infinity(), sum = 0;
  for (std::size_t tile = 0; tile < decoder.tiles(); ++tile) {
    const std::size_t first = decoder.first_of(tile), width = decoder.width_of(tile);
    const MatrixView<Real> logits(log_p.data() + first, 1, width);
    decoder.forward[tile].multiply(logits, x, {.bias = decoder.bias + first}, scratch);
    context.kernels->log_sum_exp_update(&maximum, &sum, logits.data, 1, width, width);
  }
  const Real log_sum_exp = maximum + std::log(sum);
  for (Real& value : log_p) value -= log_sum_exp;
}

// Instantiated once, in src/layers/layers.cpp: a host's compiler flags do not change the arithmetic.
#define SEQGUARD_VOCABULARY_LOSS(PREFIX, Real)                                                                     \
  PREFIX template struct PackedDecoder<Real>;                                                                      \
  PREFIX template void vocabulary_loss_forward(                                                                    \
      const Context<Real>& context, std::span<Real> losses, std::span<Real> log_sum_exp, MatrixView<const Real> x, \
      std::span<const std::int32_t> targets, const PackedDecoder<Real>& decoder, Arena& scratch);                  \
  PREFIX template void vocabulary_loss_backward(                                                                   \
      const Context<Real>& context, MatrixView<Real> d_x, const DecoderParameters<Real>& d_p,                      \
      std::span<const Real> factor, std::span<const Real> log_sum_exp, MatrixView<const Real> x,                   \
      std::span<const std::int32_t> targets, const PackedDecoder<Real>& decoder, Arena& scratch);                  \
  PREFIX template void vocabulary_log_probabilities(const Context<Real>& context, std::span<Real> log_p,           \
                                                    MatrixView<const Real> x, const PackedDecoder<Real>& decoder,  \
                                                    Arena& scratch);
SEQGUARD_VOCABULARY_LOSS(extern, float)
SEQGUARD_VOCABULARY_LOSS(extern, double)
#ifndef SEQGUARD_INSTANTIATES
#undef SEQGUARD_VOCABULARY_LOSS
#endif

}  // namespace v0
}  // namespace seqguard
