// Multi-head self-attention with its output projection, residual and LayerNorm: BertAttention of Hugging Face.
//
//   x --query,key,value--> qkv --attention--> context --output.dense--> + x --LayerNorm--> out
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

#include "seqguard/core/arena.hpp"
#include "seqguard/core/views.hpp"
#include "seqguard/kernels/matmul.hpp"
#include "seqguard/layers/attention_mask.hpp"
#include "seqguard/layers/dropout.hpp"
#include "seqguard/layers/linear.hpp"
#include "seqguard/layers/rotary.hpp"
#include "seqguard/layers/stochastic_depth.hpp"
#include "seqguard/layers/sublayer.hpp"

namespace seqguard {
inline namespace v0 {

template <class Real>
struct SelfAttentionParameters {
  std::vector<LinearParameters<Real>> query_key_value;  ///< three of [H, H], or one of [3H, H]
  LinearParameters<Real> output;                        ///< [H, H]: attention.output.dense
  LayerNormParameters<Real> output_layer_norm;          ///< of the sum or of the input (NormPlacement); null: none
};

template <class Real>
struct PackedSelfAttention {
  PackedLinear<Real> query_key_value;  ///< one product for all three: [3H, H]
  PackedLinear<Real> output;
};

template <class Real>
struct SelfAttentionCache {
  MatrixView<Real> query_key_value;  ///< [N, 3H]
  MatrixView<Real> context;          ///< [N, H]
  Real* log_sum_exp = nullptr;       ///< [A, L] per sequence, sequence b at A * offsets[b]
  SublayerCache<Real> sublayer;

  static SelfAttentionCache allocate(Arena& arena, std::size_t n, std::size_t hidden, std::size_t heads,
                                     NormPlacement placement) {
    SelfAttentionCache cache;
    cache.query_key_value = {arena.allocate<Real>(n * 3 * hidden).data(), n, 3 * hidden};
    cache.context = {arena.allocate<Real>(n * hidden).data(), n, hidden};
    cache.log_sum_exp = arena.allocate<Real>(heads * n).data();
    cache.sublayer = SublayerCache<Real>::allocate(arena, n, hidden, placement);
    return cache;
  }
};

/// What the layer is told besides its parameters.
template <class Real>
struct SelfAttentionOptions {
  std::size_t heads = 1;
  Real layer_norm_eps = 0;
  AttentionMask mask = AttentionMask::full;
  Dropout dropout = {};  ///< of the block's result, before the residual is added
  NormPlacement norm = NormPlacement::post;
  std::size_t window = 0;                     ///< > 0: events further away are not seen
  const RotaryTable<Real>* rotary = nullptr;  ///< null: no rotation
  RelativeBias<Real> bias = {};
  Dropout probability_dropout = {};  ///< of the attention probabilities; off by default
  Dropout lora_dropout = {};         ///< of what adapters read: site 0 query, key and value, site 1 output
  StochasticDepth depth = {};

  /// The latter for the sequence that begins at token `first` of the chunk.
  AttentionDropout<Real> dropout_of_sequence(std::size_t first) const {
    return {static_cast<Real>(probability_dropout.rate), probability_dropout.key,
            probability_dropout.first_token + first};
  }
};

/// The attention of each sequence and the output projection over rows in the form of the context, which is how
/// scoring computes below single precision. `in` is what query, key and value are made of.
template <class Real>
void attend_rows(const Context<Real>& context, MatrixView<Real> projected, MatrixView<Real> query_key_value,
                 MatrixView<const Real> in, Offsets offsets, const PackedSelfAttention<Real>& packed,
                 const SelfAttentionOptions<Real>& options, Arena& scratch) {
  const Arena::Frame frame(scratch);
  const RowForm<Real>& form = *context.matmul->rows;
  const std::size_t n = in.rows, hidden = in.cols, head_dim = hidden / options.heads;
  const auto qkv = OperandRows<Real>::allocate(context, scratch, n, 3 * hidden);
  const auto attended = OperandRows<Real>::allocate(context, scratch, n, hidden);
  if (options.rotary == nullptr) {
    packed.query_key_value.forward.multiply(qkv, in, {.bias = packed.query_key_value.bias, .to_attention = true},
                                            scratch);
  } else {
    linear_forward<Real>(query_key_value, in, packed.query_key_value, scratch);
    rotate<Real>(query_key_value, offsets, *options.rotary, options.heads, head_dim, Real(1));
    form.round_for_attention(qkv.data, query_key_value.data, n, 3 * hidden, query_key_value.stride);
  }
  for (std::size_t b = 0; b + 1 < offsets.size(); ++b)
    form.attention({.out = attended.data + offsets[b] * form.row_bytes(hidden),
                    .qkv = qkv.data + offsets[b] * form.row_bytes(3 * hidden),
                    .out_stride = form.row_bytes(hidden),
                    .qkv_stride = form.row_bytes(3 * hidden),
                    .length = offsets[b + 1] - offsets[b],
                    .heads = options.heads,
                    .head_dim = head_dim,
                    .scale = Real(1) / std::sqrt(static_cast<Real>(head_dim)),
                    .causal = options.mask == AttentionMask::causal,
                    .window = options.window,
                    .bias = options.bias});
  packed.output.forward.multiply(projected, attended, {.bias = packed.output.bias});
}

/// cache.sublayer.out[N, H] = LN(x + dropout(output(attention(x)))), or x + dropout(output(attention(LN(x)))).
template <class Real>
void self_attention_forward(const Context<Real>& context, SelfAttentionCache<Real>& cache, MatrixView<const Real> x,
                            Offsets offsets, const SelfAttentionParameters<const Real>& p,
                            const PackedSelfAttention<Real>& packed, const SelfAttentionOptions<Real>& options,
                            Arena& scratch) {
  const std::size_t hidden = x.cols, head_dim = hidden / options.heads;
  const KernelTable<Real>& kernels = *context.kernels;
  const MatrixView<const Real> in =
      sublayer_input<Real>(kernels, cache.sublayer, x, p.output_layer_norm, options.layer_norm_eps, options.norm);
  if (context.matmul->rows != nullptr && rows_attend(head_dim)) {
    attend_rows<Real>(context, sublayer_result(cache.sublayer, options.norm), cache.query_key_value, in, offsets,
                      packed, options, scratch);
    return sublayer_finish<Real>(kernels, cache.sublayer, x, p.output_layer_norm, options.layer_norm_eps, options.norm);
  }
  linear_forward<Real>(cache.query_key_value, in, packed.query_key_value, scratch, options.lora_dropout.at(0));
  if (options.rotary != nullptr)
    rotate<Real>(cache.query_key_value, offsets, *options.rotary, options.heads, head_dim, Real(1));
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
                                        .window = options.window,
                                        .bias = options.bias,
                                        .dropout = options.dropout_of_sequence(first)});
  }
  const MatrixView<Real> projected = sublayer_result(cache.sublayer, options.norm);
  linear_forward<Real>(projected, cache.context, packed.output, scratch, options.lora_dropout.at(1));
  dropout_apply(kernels, projected, options.dropout);
  stochastic_depth_apply<Real>(projected, options.depth);
  sublayer_finish<Real>(kernels, cache.sublayer, x, p.output_layer_norm, options.layer_norm_eps, options.norm);
}

/// d_x[N, H] overwritten; d_p accumulated, and d_bias (null, or laid out as options.bias). d_out is destroyed. d_x may
/// be null: neither what was before the block nor a LayerNorm of its input learns.
template <class Real>
void self_attention_backward(const Context<Real>& context, MatrixView<Real> d_x,
                             const SelfAttentionParameters<Real>& d_p, MatrixView<Real> d_out,
                             const SelfAttentionCache<Real>& cache, MatrixView<const Real> x, Offsets offsets,
                             const SelfAttentionParameters<const Real>& p, const PackedSelfAttention<Real>& packed,
                             const SelfAttentionOptions<Real>& options, Real* d_bias, Arena& scratch) {
  const Arena::Frame frame(scratch);
  const std::size_t n = x.rows, hidden = x.cols, head_dim = hidden / options.heads;
  const KernelTable<Real>& kernels = *context.kernels;
  const LayerNormParameters<const Real>& norm = p.output_layer_norm;
  sublayer_finish_backward<Real>(kernels, d_x, d_p.output_layer_norm, d_out, cache.sublayer, norm, options.norm);
  const MatrixView<Real> d_projected = d_out;
  stochastic_depth_apply<Real>(d_projected, options.depth);
  dropout_apply(kernels, d_projected, options.dropout);

  const MatrixView<Real> d_context(scratch.allocate<Real>(n * hidden).data(), n, hidden);
  linear_backward<Real>(context, d_context, d_p.output, d_projected, cache.context, packed.output, scratch, false,
                        options.lora_dropout.at(1));

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
         .window = options.window,
         .bias = options.bias,
         .d_bias = d_bias,
         .dropout = options.dropout_of_sequence(first)});
  }
  if (options.rotary != nullptr) rotate<Real>(d_qkv, offsets, *options.rotary, options.heads, head_dim, Real(-1));
  const MatrixView<const Real> in =
      normalises_input(norm, options.norm) ? MatrixView<const Real>(cache.sublayer.normalised) : x;
  const MatrixView<Real> d_in = sublayer_d_input<Real>(d_x, norm, options.norm, scratch);
  linear_backward<Real>(context, d_in, std::span<const LinearParameters<Real>>(d_p.query_key_value), d_qkv, in,
                        packed.query_key_value, scratch, true, options.lora_dropout.at(0));
  sublayer_input_backward<Real>(kernels, d_x, d_p.output_layer_norm, d_in, cache.sublayer, norm, options.norm);
}

// Instantiated once, in src/layers/layers.cpp: a host's compiler flags do not change the arithmetic.
#define SEQGUARD_SELF_ATTENTION(PREFIX, Real)                                                                          \
  PREFIX template void attend_rows(const Context<Real>& context, MatrixView<Real> projected,                           \
                                   MatrixView<Real> query_key_value, MatrixView<const Real> in, Offsets offsets,       \
                                   const PackedSelfAttention<Real>& packed, const SelfAttentionOptions<Real>& options, \
                                   Arena& scratch);                                                                    \
  PREFIX template void self_attention_forward(                                                                         \
      const Context<Real>& context, SelfAttentionCache<Real>& cache, MatrixView<const Real> x, Offsets offsets,        \
      const SelfAttentionParameters<const Real>& p, const PackedSelfAttention<Real>& packed,                           \
      const SelfAttentionOptions<Real>& options, Arena& scratch);                                                      \
  PREFIX template void self_attention_backward(                                                                        \
      const Context<Real>& context, MatrixView<Real> d_x, const SelfAttentionParameters<Real>& d_p,                    \
      MatrixView<Real> d_out, const SelfAttentionCache<Real>& cache, MatrixView<const Real> x, Offsets offsets,        \
      const SelfAttentionParameters<const Real>& p, const PackedSelfAttention<Real>& packed,                           \
      const SelfAttentionOptions<Real>& options, Real* d_bias, Arena& scratch);
SEQGUARD_SELF_ATTENTION(extern, float)
SEQGUARD_SELF_ATTENTION(extern, double)
#ifndef SEQGUARD_INSTANTIATES
#undef SEQGUARD_SELF_ATTENTION
#endif

}  // namespace v0
}  // namespace seqguard
