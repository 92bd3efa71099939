// Attention backward: the probabilities are made again from log_sum_exp, block by block; formulas in
// kernels/reference_attention.hpp.
#pragma once

#include "kernels/attention_tiles.inl.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

/// One head: where its parts begin, in inputs, gradients and scratch.
struct BackwardHead {
  const float *q, *k, *v, *d_out, *log_sum_exp;
  float *d_q, *d_k, *d_v;
  const float* delta;         ///< [L]: d_out_i . out_i
  float *queries, *d_outs;    ///< [D rounded up, lanes]: transposed q * scale and d_out of a block
  float *weights, *d_scores;  ///< [k_key_block, lanes]
  const float* ones;          ///< [k_key_block]
  const float* bias;          ///< of distance 0, or null
  float* d_bias;              ///< likewise
  Size number;                ///< which of the heads
};

/// weights = P = exp(score - log_sum_exp), d_scores = scale * P * (dP - delta), for keys in rows and queries in lanes;
/// both 0 where the query does not see the key. Dropout acts on dP, and on P after its use here.
template <Size Vectors>
inline void backward_scores(const AttentionBackward<float>& p, const BackwardHead& h, const DropoutLanes& dropout,
                            Size first_query, Size first_key, Size keys) {
  constexpr Size width = Vectors * k_width;
  for (Size j = 0; j < keys; j += k_key_tile) {
    const Size row = (first_key + j) * p.qkv_stride;
    score_tile<Vectors>(h.weights + j * width, h.k + row, p.qkv_stride, keys - j, h.queries, p.head_dim, false);
    score_tile<Vectors>(h.d_scores + j * width, h.v + row, p.qkv_stride, keys - j, h.d_outs, p.head_dim, false);
  }
  const bool drops = p.dropout.rate > 0;
  if (drops) drop_tile<Vectors>(h.d_scores, dropout, p.dropout.rate, first_key, keys);
  for (Size v = 0; v < Vectors; ++v) {
    const Size first = first_query + v * k_width;
    const Size count = first < p.length ? smaller(k_width, p.length - first) : 0;
    const auto from = [&](const float* x) { return count == k_width ? load(x) : load_first(x, count); };
    const Batch level = from(h.log_sum_exp + first), delta = from(h.delta + first), scale(p.scale);
    const Batch lanes = lane_numbers();
    for (Size j = 0; j < keys; ++j) {
      float *const score = h.weights + j * width + v * k_width, *const d_score = h.d_scores + j * width + v * k_width;
      const Batch whole = with_distance(Batch::load_aligned(score), h.bias, p.window, first, first_key + j);
      Batch weight = exp(whole - level);
      if (p.causal && first_key + j > first)
        weight = xsimd::select(lanes < Batch(static_cast<float>(first_key + j - first)), Batch(0.0F), weight);
      weight.store_aligned(score);
      const Batch d_whole = weight * (Batch::load_aligned(d_score) - delta);
      (d_whole * scale).store_aligned(d_score);
      if (h.d_bias == nullptr || count == 0) continue;
      float* const d_distance = h.d_bias + signed_distance(first_key + j, first);
      if (count == k_width)
        store(d_distance, load(d_distance) + d_whole);
      else
        store_first(d_distance, load_first(d_distance, count) + d_whole, count);
    }
  }
  if (drops) drop_tile<Vectors>(h.weights, dropout, p.dropout.rate, first_key, keys);
}

template <Size Vectors>
inline void backward_query_block(const AttentionBackward<float>& p, const BackwardHead& h, Size first_query) {
  constexpr Size width = Vectors * k_width;
  const Size queries = smaller(width, p.length - first_query), stride = p.qkv_stride, dims = p.head_dim;
  const KeyRange visible = keys_of_block(p, first_query, queries);
  const float *const q = h.q + first_query * stride, *const d_out = h.d_out + first_query * p.out_stride;
  transpose_rows(h.queries, q, queries, dims, stride, width, p.scale);
  transpose_rows(h.d_outs, d_out, queries, dims, p.out_stride, width, 1.0F);
  DropoutLanes dropout;
  if (p.dropout.rate > 0) dropout.set(p.dropout, p.heads, h.number, first_query);
  for (Size key = visible.first; key < visible.end; key += k_key_block) {
    const Size keys = smaller(k_key_block, visible.end - key);
    backward_scores<Vectors>(p, h, dropout, first_query, key, keys);
    const std::ptrdiff_t hidden_queries = p.causal ? signed_distance(first_query, key) : WeightedRows::k_no_begin;
    WeightedRows d_q{.c = h.d_q + first_query * stride,
                     .a = h.d_scores,
                     .b = h.k + key * stride,
                     .c_stride = stride,
                     .a_row_stride = 1,
                     .a_term_stride = width,
                     .b_stride = stride,
                     .rows = queries,
                     .dims = dims,
                     .terms = keys,
                     .start = key == visible.first ? nullptr : h.ones,
                     .finish = nullptr,
                     .end = p.causal ? signed_distance(key, first_query) + 1 : WeightedRows::k_no_end};
    WeightedRows d_k{.c = h.d_k + key * stride,
                     .a = h.d_scores,
                     .b = q,
                     .c_stride = stride,
                     .a_row_stride = width,
                     .a_term_stride = 1,
                     .b_stride = stride,
                     .rows = keys,
                     .dims = dims,
                     .terms = queries,
                     .start = h.ones,
                     .finish = nullptr,
                     .begin = hidden_queries};
    WeightedRows d_v{.c = h.d_v + key * stride,
                     .a = h.weights,
                     .b = d_out,
                     .c_stride = stride,
                     .a_row_stride = width,
                     .a_term_stride = 1,
                     .b_stride = p.out_stride,
                     .rows = keys,
                     .dims = dims,
                     .terms = queries,
                     .start = h.ones,
                     .finish = nullptr,
                     .begin = hidden_queries};
    weighted_rows(d_q);
    weighted_rows(d_k);
    weighted_rows(d_v);
  }
}

/// delta, and zeros where gradients of keys and values are summed.
inline void prepare_head(const AttentionBackward<float>& p, const BackwardHead& h, const float* out, float* delta) {
  for (Size i = 0; i < p.length; ++i) {
    Batch total(0.0F);
    for_batches(p.head_dim, [&](Size d, auto from, auto to) {
      total = multiply_add(from(h.d_out + i * p.out_stride + d), from(out + i * p.out_stride + d), total);
      to(h.d_k + i * p.qkv_stride + d, Batch(0.0F));
      to(h.d_v + i * p.qkv_stride + d, Batch(0.0F));
    });
    delta[i] = xsimd::hadd(total);
  }
}

void attention_backward(const AttentionBackward<float>& p) {
  alignas(64) float ones[k_key_block];
  for (float& one : ones) one = 1.0F;
  // Scratch: four arrays on cache lines, then delta.
  const Size transposed = (p.head_dim + k_width - 1) / k_width * k_width * k_max_queries;
  constexpr Size tile = k_key_block * k_max_queries;
  const auto misplaced = reinterpret_cast<std::uintptr_t>(p.scratch) % 64;
  float* const base = p.scratch + (misplaced == 0 ? 0 : (64 - misplaced) / sizeof(float));
  float* const delta = base + 2 * transposed + 2 * tile;
  const Size hidden = p.heads * p.head_dim;
  for (Size head = 0; head < p.heads; ++head) {
    const Size q = head * p.head_dim, k = q + hidden, v = k + hidden;
    const BackwardHead h{p.qkv + q,
                         p.qkv + k,
                         p.qkv + v,
                         p.d_out + q,
                         p.log_sum_exp + head * p.length,
                         p.d_qkv + q,
                         p.d_qkv + k,
                         p.d_qkv + v,
                         delta,
                         base,
                         base + transposed,
                         base + 2 * transposed,
                         base + 2 * transposed + tile,
                         ones,
                         p.bias.values == nullptr ? nullptr : p.bias.values + head * p.bias.stride + p.bias.reach - 1,
                         p.d_bias == nullptr ? nullptr : p.d_bias + head * p.bias.stride + p.bias.reach - 1,
                         head};
    prepare_head(p, h, p.out + q, delta);
    Size query = 0;
    for (; query + k_width < p.length; query += k_max_queries) backward_query_block<k_query_vectors>(p, h, query);
    if (query < p.length) backward_query_block<1>(p, h, query);
  }
}

}  // namespace
}  // namespace v0
}  // namespace seqguard
