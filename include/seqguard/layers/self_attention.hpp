// Multi-head self-attention with its output projection, residual and LayerNorm: BertAttention of Hugging Face.
//
//   x --query,key,value--> qkv --attention--> context --output.dense--> + x --LayerNorm--> out
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "seqguard/core/arena.hpp"
#include "seqguard/core/views.hpp"
#include "seqguard/kernels/matmul.hpp"
#include "seqguard/layers/dropout.hpp"
#include "seqguard/layers/layer_norm.hpp"
#include "seqguard/layers/linear.hpp"

namespace seqguard {

/// Which events an event sees. An argument of the call, not a property of the weights.
enum class AttentionMask {
  full,    ///< all events of its sequence
  causal,  ///< itself and the earlier ones
};

template <class Real>
struct SelfAttentionParameters {
  LinearParameters<Real> query_key_value;  ///< [3H, H]: attention.self.{query, key, value} one below the other
  LinearParameters<Real> output;           ///< [H, H]: attention.output.dense
  LayerNormParameters<Real> output_layer_norm;
};

template <class Real>
struct PackedSelfAttention {
  PackedLinear<Real> query_key_value, output;
};

template <class Real>
struct SelfAttentionCache {
  MatrixView<Real> query_key_value;  ///< [N, 3H]
  MatrixView<Real> context;          ///< [N, H]
  Real* log_sum_exp = nullptr;       ///< [A, L] per sequence, sequence b at A * offsets[b]
  LayerNormCache<Real> layer_norm;
  MatrixView<Real> out;  ///< [N, H]

  static SelfAttentionCache allocate(Arena& arena, std::size_t n, std::size_t hidden, std::size_t heads) {
    SelfAttentionCache cache;
    cache.query_key_value = {arena.allocate<Real>(n * 3 * hidden).data(), n, 3 * hidden};
    cache.context = {arena.allocate<Real>(n * hidden).data(), n, hidden};
    cache.log_sum_exp = arena.allocate<Real>(heads * n).data();
    cache.layer_norm = LayerNormCache<Real>::allocate(arena, n, hidden);
    cache.out = {arena.allocate<Real>(n * hidden).data(), n, hidden};
    return cache;
  }
};

/// What the layer is told besides its parameters.
template <class Real>
struct SelfAttentionOptions {
  std::size_t heads = 1;
  Real layer_norm_eps = 0;
  AttentionMask mask = AttentionMask::full;
  Dropout dropout;
  RelativeBias<Real> bias = {};
};

/// cache.out[N, H] = LN(x + dropout(output(attention(x)))).
template <class Real>
void self_attention_forward(const Context<Real>& context, SelfAttentionCache<Real>& cache, MatrixView<const Real> x,
                            Offsets offsets, const SelfAttentionParameters<const Real>& p,
                            const PackedSelfAttention<Real>& packed, const SelfAttentionOptions<Real>& options,
                            Arena& scratch) {
  const std::size_t hidden = x.cols, head_dim = hidden / options.heads;
  linear_forward<Real>(cache.query_key_value, x, packed.query_key_value, scratch);
  for (std::size_t b = 0; b + 1 < offsets.size(); ++b) {
    const std::size_t first = offsets[b];
    context.kernels->attention_forward({.out = cache.context.row(first),
                                        .log_sum_exp = cache.log_sum_exp + options.heads * first,
                                        .qkv = cache.query_key_value.row(first),
                                        .length = offsets[b + 1] - first,
                                        .heads = options.heads,
                                        .head_dim = head_dim,
                                        .qkv_stride = cache.query_key_value.stride,
                                        .out_stride = cache.context.stride,
                                        .scale = Real(1) / std::sqrt(static_cast<Real>(head_dim)),
                                        .causal = options.mask == AttentionMask::causal,
                                        .bias = options.bias});
  }
  const MatrixView<Real> projected(cache.layer_norm.sum, x.rows, hidden);
  linear_forward<Real>(projected, cache.context, packed.output, scratch);
  dropout_apply(*context.kernels, projected, options.dropout);
  layer_norm_forward<Real>(*context.kernels, cache.out, cache.layer_norm, projected, x, p.output_layer_norm,
                           options.layer_norm_eps);
}

/// d_x[N, H] overwritten; d_p accumulated, and d_bias (null, or laid out as options.bias). d_out is destroyed.
template <class Real>
void self_attention_backward(const Context<Real>& context, MatrixView<Real> d_x,
                             const SelfAttentionParameters<Real>& d_p, MatrixView<Real> d_out,
                             const SelfAttentionCache<Real>& cache, MatrixView<const Real> x, Offsets offsets,
                             const SelfAttentionParameters<const Real>& p, const PackedSelfAttention<Real>& packed,
                             const SelfAttentionOptions<Real>& options, Real* d_bias, Arena& scratch) {
  const Arena::Frame frame(scratch);
  const std::size_t n = x.rows, hidden = x.cols, head_dim = hidden / options.heads;
  // d_x receives the residual's share first, the projection's is added below.
  layer_norm_backward<Real>(*context.kernels, d_x, d_p.output_layer_norm, d_out, cache.layer_norm, p.output_layer_norm);
  const MatrixView<Real> d_projected = d_out;
  std::copy_n(d_x.data, n * hidden, d_projected.data);
  dropout_apply(*context.kernels, d_projected, options.dropout);

  const MatrixView<Real> d_context(scratch.allocate<Real>(n * hidden).data(), n, hidden);
  linear_backward<Real>(context, d_context, d_p.output, d_projected, cache.context, packed.output, scratch);

  const MatrixView<Real> d_qkv(scratch.allocate<Real>(n * 3 * hidden).data(), n, 3 * hidden);
  for (std::size_t b = 0; b + 1 < offsets.size(); ++b) {
    const Arena::Frame sequence_frame(scratch);
    const std::size_t first = offsets[b], length = offsets[b + 1] - first;
    context.kernels->attention_backward(
        {.d_qkv = d_qkv.row(first),
         .d_out = d_context.row(first),
         .out = cache.context.row(first),
         .log_sum_exp = cache.log_sum_exp + options.heads * first,
         .qkv = cache.query_key_value.row(first),
         .length = length,
         .heads = options.heads,
         .head_dim = head_dim,
         .qkv_stride = d_qkv.stride,
         .out_stride = d_context.stride,
         .scale = Real(1) / std::sqrt(static_cast<Real>(head_dim)),
         .causal = options.mask == AttentionMask::causal,
         .scratch = scratch.allocate<Real>(attention_backward_scratch(length, head_dim)).data(),
         .bias = options.bias,
         .d_bias = d_bias});
  }
  linear_backward<Real>(context, d_x, d_p.query_key_value, d_qkv, x, packed.query_key_value, scratch, true);
}

}  // namespace seqguard
