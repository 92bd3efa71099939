// The feed-forward block with its residual and LayerNorm: BertIntermediate and BertOutput of Hugging Face.
//
//   x --intermediate.dense--> activation --output.dense--> + x --LayerNorm--> out
//
// Gated (ModernBERT): of 2 I features, act(the first half) * the second half goes on.
#pragma once

#include <cstddef>

#include "seqguard/core/arena.hpp"
#include "seqguard/core/views.hpp"
#include "seqguard/kernels/matmul.hpp"
#include "seqguard/layers/activation.hpp"
#include "seqguard/layers/dropout.hpp"
#include "seqguard/layers/linear.hpp"
#include "seqguard/layers/stochastic_depth.hpp"
#include "seqguard/layers/sublayer.hpp"

namespace seqguard {
inline namespace v0 {

template <class Real>
struct FeedForwardParameters {
  LinearParameters<Real> intermediate;          ///< [I, H], or [2 I, H] gated
  LinearParameters<Real> output;                ///< [H, I]
  LayerNormParameters<Real> output_layer_norm;  ///< of the sum or of the input (NormPlacement)
};

template <class Real>
struct PackedFeedForward {
  PackedLinear<Real> intermediate, output;
};

template <class Real>
struct FeedForwardCache {
  MatrixView<Real> pre_activation;  ///< [N, I], or [N, 2 I] gated
  MatrixView<Real> activation;      ///< [N, I]; the same memory as pre_activation in scoring
  SublayerCache<Real> sublayer;

  static FeedForwardCache allocate(Arena& arena, std::size_t n, std::size_t hidden, std::size_t intermediate,
                                   bool gated, NormPlacement placement, bool for_training) {
    FeedForwardCache cache;
    const std::size_t features = gated ? 2 * intermediate : intermediate;
    cache.pre_activation = {arena.allocate<Real>(n * features).data(), n, features};
    cache.activation = {cache.pre_activation.data, n, intermediate, features};
    if (for_training) cache.activation = {arena.allocate<Real>(n * intermediate).data(), n, intermediate};
    cache.sublayer = SublayerCache<Real>::allocate(arena, n, hidden, placement);
    return cache;
  }
};

template <class Real>
struct FeedForwardOptions {
  Activation activation = Activation::gelu;
  Real layer_norm_eps = 0;
  Dropout dropout;
  NormPlacement norm = NormPlacement::post;
  Dropout lora_dropout = {};  ///< of what adapters read: site 0 intermediate, site 1 output
  StochasticDepth depth = {};
};

/// cache.activation from cache.pre_activation.
template <class Real>
void feed_forward_activation(const KernelTable<Real>& kernels, Activation activation, FeedForwardCache<Real>& cache) {
  const std::size_t n = cache.activation.rows, width = cache.activation.cols;
  if (cache.pre_activation.cols == width)
    return activation_forward(kernels, activation, cache.activation.data, cache.pre_activation.data, n * width);
  for (std::size_t t = 0; t < n; ++t) {
    Real* const row = cache.pre_activation.row(t);
    activation_forward(kernels, activation, cache.activation.row(t), row, width);
    kernels.multiply(cache.activation.row(t), cache.activation.row(t), row + width, width);
  }
}

/// d_pre[N, I or 2 I] from d_activation[N, I], which may be the same memory if not gated.
template <class Real>
void feed_forward_activation_backward(const KernelTable<Real>& kernels, Activation activation, MatrixView<Real> d_pre,
                                      MatrixView<const Real> d_activation, const FeedForwardCache<Real>& cache,
                                      Arena& scratch) {
  const std::size_t n = d_activation.rows, width = d_activation.cols;
  if (d_pre.cols == width)
    return activation_backward(kernels, activation, d_pre.data, d_activation.data, cache.pre_activation.data,
                               cache.activation.data, n * width);
  const Arena::Frame frame(scratch);
  Real* const activated = scratch.allocate<Real>(width).data();
  for (std::size_t t = 0; t < n; ++t) {
    const Real* const row = cache.pre_activation.row(t);
    Real *const d_first = d_pre.row(t), *const d_second = d_first + width;
    activation_forward(kernels, activation, activated, row, width);
    kernels.multiply(d_second, d_activation.row(t), activated, width);
    kernels.multiply(d_first, d_activation.row(t), row + width, width);
    activation_backward<Real>(kernels, activation, d_first, d_first, row, activated, width);
  }
}

/// cache.sublayer.out[N, H] = LN(x + dropout(W2 act(W1 x + b1) + b2)), or x + dropout(W2 act(W1 LN(x) + b1) + b2).
template <class Real>
void feed_forward_forward(const Context<Real>& context, FeedForwardCache<Real>& cache, MatrixView<const Real> x,
                          const FeedForwardParameters<const Real>& p, const PackedFeedForward<Real>& packed,
                          const FeedForwardOptions<Real>& options, Arena& scratch) {
  const KernelTable<Real>& kernels = *context.kernels;
  const MatrixView<const Real> in =
      sublayer_input<Real>(kernels, cache.sublayer, x, p.output_layer_norm, options.layer_norm_eps, options.norm);
  const MatrixView<Real> projected = sublayer_result(cache.sublayer, options.norm);
  const bool is_gated = cache.pre_activation.cols != cache.activation.cols;
  if (context.matmul->rows != nullptr && options.activation == Activation::gelu &&
      !is_gated) {  // below single precision
    const Arena::Frame frame(scratch);
    const auto hidden = OperandRows<Real>::allocate(context, scratch, x.rows, cache.activation.cols);
    packed.intermediate.forward.multiply(hidden, in, {.bias = packed.intermediate.bias, .gelu = true}, scratch);
    packed.output.forward.multiply(projected, hidden, {.bias = packed.output.bias});
    return sublayer_finish<Real>(kernels, cache.sublayer, x, p.output_layer_norm, options.layer_norm_eps, options.norm);
  }
  linear_forward<Real>(cache.pre_activation, in, packed.intermediate, scratch, options.lora_dropout.at(0));
  feed_forward_activation<Real>(kernels, options.activation, cache);
  linear_forward<Real>(projected, cache.activation, packed.output, scratch, options.lora_dropout.at(1));
  dropout_apply(kernels, projected, options.dropout);
  stochastic_depth_apply<Real>(projected, options.depth);
  sublayer_finish<Real>(kernels, cache.sublayer, x, p.output_layer_norm, options.layer_norm_eps, options.norm);
}

/// d_x[N, H] overwritten; d_p accumulated. d_out is destroyed. d_x may be null: neither what was before the block nor a
/// LayerNorm of its input learns.
template <class Real>
void feed_forward_backward(const Context<Real>& context, MatrixView<Real> d_x, const FeedForwardParameters<Real>& d_p,
                           MatrixView<Real> d_out, const FeedForwardCache<Real>& cache, MatrixView<const Real> x,
                           const FeedForwardParameters<const Real>& p, const PackedFeedForward<Real>& packed,
                           const FeedForwardOptions<Real>& options, Arena& scratch) {
  const Arena::Frame frame(scratch);
  const KernelTable<Real>& kernels = *context.kernels;
  const LayerNormParameters<const Real>& norm = p.output_layer_norm;
  const std::size_t n = x.rows, intermediate = cache.activation.cols, features = cache.pre_activation.cols;
  sublayer_finish_backward<Real>(kernels, d_x, d_p.output_layer_norm, d_out, cache.sublayer, norm, options.norm);
  const MatrixView<Real> d_projected = d_out;
  stochastic_depth_apply<Real>(d_projected, options.depth);
  dropout_apply(kernels, d_projected, options.dropout);

  const MatrixView<Real> d_hidden(scratch.allocate<Real>(n * intermediate).data(), n, intermediate);
  linear_backward<Real>(context, d_hidden, d_p.output, d_projected, cache.activation, packed.output, scratch, false,
                        options.lora_dropout.at(1));
  MatrixView<Real> d_pre = d_hidden;
  if (features != intermediate) d_pre = {scratch.allocate<Real>(n * features).data(), n, features};
  feed_forward_activation_backward<Real>(kernels, options.activation, d_pre, d_hidden, cache, scratch);
  const MatrixView<const Real> in =
      normalises_input(norm, options.norm) ? MatrixView<const Real>(cache.sublayer.normalised) : x;
  const MatrixView<Real> d_in = sublayer_d_input<Real>(d_x, norm, options.norm, scratch);
  linear_backward<Real>(context, d_in, d_p.intermediate, d_pre, in, packed.intermediate, scratch, true,
                        options.lora_dropout.at(0));
  sublayer_input_backward<Real>(kernels, d_x, d_p.output_layer_norm, d_in, cache.sublayer, norm, options.norm);
}

// Instantiated once, in src/layers/layers.cpp: a host's compiler flags do not change the arithmetic.
#define SEQGUARD_FEED_FORWARD(PREFIX, Real)                                                                          \
  PREFIX template void feed_forward_activation(const KernelTable<Real>& kernels, Activation activation,              \
                                               FeedForwardCache<Real>& cache);                                       \
  PREFIX template void feed_forward_activation_backward(const KernelTable<Real>& kernels, Activation activation,     \
                                                        MatrixView<Real> d_pre, MatrixView<const Real> d_activation, \
                                                        const FeedForwardCache<Real>& cache, Arena& scratch);        \
  PREFIX template void feed_forward_forward(const Context<Real>& context, FeedForwardCache<Real>& cache,             \
                                            MatrixView<const Real> x, const FeedForwardParameters<const Real>& p,    \
                                            const PackedFeedForward<Real>& packed,                                   \
                                            const FeedForwardOptions<Real>& options, Arena& scratch);                \
  PREFIX template void feed_forward_backward(                                                                        \
      const Context<Real>& context, MatrixView<Real> d_x, const FeedForwardParameters<Real>& d_p,                    \
      MatrixView<Real> d_out, const FeedForwardCache<Real>& cache, MatrixView<const Real> x,                         \
      const FeedForwardParameters<const Real>& p, const PackedFeedForward<Real>& packed,                             \
      const FeedForwardOptions<Real>& options, Arena& scratch);
SEQGUARD_FEED_FORWARD(extern, float)
SEQGUARD_FEED_FORWARD(extern, double)
#ifndef SEQGUARD_INSTANTIATES
#undef SEQGUARD_FEED_FORWARD
#endif

}  // namespace v0
}  // namespace seqguard
