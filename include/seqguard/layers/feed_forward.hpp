// The feed-forward block with its residual and LayerNorm: BertIntermediate and BertOutput of Hugging Face.
//
//   x --intermediate.dense--> activation --output.dense--> + x --LayerNorm--> out
#pragma once

#include <algorithm>
#include <cstddef>

#include "seqguard/core/arena.hpp"
#include "seqguard/core/views.hpp"
#include "seqguard/kernels/matmul.hpp"
#include "seqguard/layers/activation.hpp"
#include "seqguard/layers/dropout.hpp"
#include "seqguard/layers/layer_norm.hpp"
#include "seqguard/layers/linear.hpp"

namespace seqguard {

template <class Real>
struct FeedForwardParameters {
  LinearParameters<Real> intermediate;  ///< [I, H]
  LinearParameters<Real> output;        ///< [H, I]
  LayerNormParameters<Real> output_layer_norm;
};

template <class Real>
struct PackedFeedForward {
  PackedLinear<Real> intermediate, output;
};

template <class Real>
struct FeedForwardCache {
  MatrixView<Real> pre_activation;  ///< [N, I]
  MatrixView<Real> activation;      ///< [N, I]; the same memory as pre_activation in scoring
  LayerNormCache<Real> layer_norm;
  MatrixView<Real> out;  ///< [N, H]

  static FeedForwardCache allocate(Arena& arena, std::size_t n, std::size_t hidden, std::size_t intermediate,
                                   bool for_training) {
    FeedForwardCache cache;
    cache.pre_activation = {arena.allocate<Real>(n * intermediate).data(), n, intermediate};
    cache.activation = cache.pre_activation;
    if (for_training) cache.activation.data = arena.allocate<Real>(n * intermediate).data();
    cache.layer_norm = LayerNormCache<Real>::allocate(arena, n, hidden);
    cache.out = {arena.allocate<Real>(n * hidden).data(), n, hidden};
    return cache;
  }
};

template <class Real>
struct FeedForwardOptions {
  Activation activation = Activation::gelu;
  Real layer_norm_eps = 0;
  Dropout dropout;
};

/// cache.out[N, H] = LN(x + dropout(W2 act(W1 x + b1) + b2)).
template <class Real>
void feed_forward_forward(const Context<Real>& context, FeedForwardCache<Real>& cache, MatrixView<const Real> x,
                          const FeedForwardParameters<const Real>& p, const PackedFeedForward<Real>& packed,
                          const FeedForwardOptions<Real>& options, Arena& scratch) {
  linear_forward<Real>(cache.pre_activation, x, packed.intermediate, scratch);
  activation_forward(*context.kernels, options.activation, cache.activation.data, cache.pre_activation.data,
                     cache.activation.rows * cache.activation.cols);
  const MatrixView<Real> projected(cache.layer_norm.sum, x.rows, x.cols);
  linear_forward<Real>(projected, cache.activation, packed.output, scratch);
  dropout_apply(*context.kernels, projected, options.dropout);
  layer_norm_forward<Real>(*context.kernels, cache.out, cache.layer_norm, projected, x, p.output_layer_norm,
                           options.layer_norm_eps);
}

/// d_x[N, H] overwritten; d_p accumulated. d_out is destroyed.
template <class Real>
void feed_forward_backward(const Context<Real>& context, MatrixView<Real> d_x, const FeedForwardParameters<Real>& d_p,
                           MatrixView<Real> d_out, const FeedForwardCache<Real>& cache, MatrixView<const Real> x,
                           const FeedForwardParameters<const Real>& p, const PackedFeedForward<Real>& packed,
                           const FeedForwardOptions<Real>& options, Arena& scratch) {
  const Arena::Frame frame(scratch);
  const std::size_t n = x.rows, intermediate = cache.activation.cols;
  layer_norm_backward<Real>(*context.kernels, d_x, d_p.output_layer_norm, d_out, cache.layer_norm, p.output_layer_norm);
  const MatrixView<Real> d_projected = d_out;
  std::copy_n(d_x.data, n * x.cols, d_projected.data);
  dropout_apply(*context.kernels, d_projected, options.dropout);

  const MatrixView<Real> d_hidden(scratch.allocate<Real>(n * intermediate).data(), n, intermediate);
  linear_backward<Real>(context, d_hidden, d_p.output, d_projected, cache.activation, packed.output, scratch);
  activation_backward(*context.kernels, options.activation, d_hidden.data, d_hidden.data, cache.pre_activation.data,
                      cache.activation.data, n * intermediate);
  linear_backward<Real>(context, d_x, d_p.intermediate, d_hidden, x, packed.intermediate, scratch, true);
}

}  // namespace seqguard
