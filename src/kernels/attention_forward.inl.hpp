// Attention forward: blocks of queries in lanes against blocks of keys, softmax online.
#pragma once

#include "kernels/attention_tiles.inl.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

/// Head dimensions transposed at a time; wider heads take several passes over the score tiles.
constexpr Size k_dim_chunk = 128;

/// Scratch of one block of queries; lives on the stack.
struct ForwardScratch {
  alignas(64) float queries[k_dim_chunk * k_max_queries];  ///< [dims, lanes], scaled
  alignas(64) float weights[k_key_block * k_max_queries];  ///< [keys, lanes]: scores, then exponentials
  alignas(64) float maximum[k_max_queries], sum[k_max_queries], factor[k_max_queries];
  DropoutLanes dropout;  ///< of the block, if there is dropout
};

/// One head: where its parts begin.
struct ForwardHead {
  const float *q, *k, *v;
  float *out, *log_sum_exp;
  const float* bias;  ///< of distance 0, or null
  Size number;        ///< which of the heads
};

/// weights[j, lane] = scaled score of key first_key + j and query first_query + lane; -inf where the query must not see
/// the key. The queries' scaled transposition is made here if the head has more than one chunk, else by the caller.
template <Size Vectors>
inline void block_scores(ForwardScratch& s, const AttentionForward<float>& p, const ForwardHead& head, Size first_query,
                         Size first_key, Size keys) {
  constexpr Size width = Vectors * k_width;
  for (Size d = 0; d < p.head_dim; d += k_dim_chunk) {
    const Size dims = smaller(k_dim_chunk, p.head_dim - d);
    if (p.head_dim > k_dim_chunk)
      transpose_rows(s.queries, head.q + first_query * p.qkv_stride + d, smaller(width, p.length - first_query), dims,
                     p.qkv_stride, width, p.scale);
    for (Size j = 0; j < keys; j += k_key_tile)
      score_tile<Vectors>(s.weights + j * width, head.k + (first_key + j) * p.qkv_stride + d, p.qkv_stride, keys - j,
                          s.queries, dims, d > 0);
  }
  if (head.bias != nullptr || p.window > 0) {
    for (Size j = 0; j < keys; ++j)
      for (Size v = 0; v < Vectors; ++v) {
        float* const score = s.weights + j * width + v * k_width;
        with_distance(Batch::load_aligned(score), head.bias, p.window, first_query + v * k_width, first_key + j)
            .store_aligned(score);
      }
  }
  if (!p.causal) return;
  // Key first_key + j is hidden from the lanes before it.
  const Batch lanes = lane_numbers(), hidden(-__builtin_inff());
  for (Size j = first_key < first_query ? first_query - first_key : 0; j < keys; ++j)
    for (Size v = 0; v < Vectors; ++v) {
      float* const score = s.weights + j * width + v * k_width;
      const float key_lane = static_cast<float>(first_key + j - first_query) - static_cast<float>(v * k_width);
      xsimd::select(lanes < Batch(key_lane), hidden, Batch::load_aligned(score)).store_aligned(score);
    }
}

/// Turns scores into exp(score - maximum), with the maximum over this block and all before; updates maximum and sum,
/// and sets `factor`, the correction of what was summed before.
template <Size Vectors>
inline void block_exponentials(ForwardScratch& s, Size keys) {
  constexpr Size width = Vectors * k_width;
  for (Size v = 0; v < Vectors; ++v) {
    float* const scores = s.weights + v * k_width;
    const Batch before = Batch::load_aligned(s.maximum + v * k_width);
    Batch top = before;
    for (Size j = 0; j < keys; ++j) top = xsimd::max(top, Batch::load_aligned(scores + j * width));
    const Batch correction = exp(before - top);
    Batch total = Batch::load_aligned(s.sum + v * k_width) * correction;
    for (Size j = 0; j < keys; ++j) {
      const Batch weight = exp(Batch::load_aligned(scores + j * width) - top);
      weight.store_aligned(scores + j * width);
      total += weight;
    }
    top.store_aligned(s.maximum + v * k_width);
    total.store_aligned(s.sum + v * k_width);
    correction.store_aligned(s.factor + v * k_width);
  }
}

template <Size Vectors>
inline void forward_query_block(ForwardScratch& s, const AttentionForward<float>& p, const ForwardHead& head,
                                Size first_query) {
  constexpr Size width = Vectors * k_width;
  const Size queries = smaller(width, p.length - first_query);
  const KeyRange visible = keys_of_block(p, first_query, queries);
  if (p.head_dim <= k_dim_chunk)
    transpose_rows(s.queries, head.q + first_query * p.qkv_stride, queries, p.head_dim, p.qkv_stride, width, p.scale);
  for (Size lane = 0; lane < width; ++lane) {
    s.maximum[lane] = -__builtin_inff();
    s.sum[lane] = 0;
  }
  if (p.dropout.rate > 0) s.dropout.set(p.dropout, p.heads, head.number, first_query);
  for (Size key = visible.first; key < visible.end; key += k_key_block) {
    const Size keys = smaller(k_key_block, visible.end - key);
    block_scores<Vectors>(s, p, head, first_query, key, keys);
    block_exponentials<Vectors>(s, keys);
    if (p.dropout.rate > 0) drop_tile<Vectors>(s.weights, s.dropout, p.dropout.rate, key, keys);
    const bool final_block = key + keys == visible.end;
    alignas(64) float inverse[width];
    if (final_block)
      for (Size v = 0; v < width; v += k_width)
        (Batch(1.0F) / Batch::load_aligned(s.sum + v)).store_aligned(inverse + v);
    weighted_rows({.c = head.out + first_query * p.out_stride,
                   .a = s.weights,
                   .b = head.v + key * p.qkv_stride,
                   .c_stride = p.out_stride,
                   .a_row_stride = 1,
                   .a_term_stride = width,
                   .b_stride = p.qkv_stride,
                   .rows = queries,
                   .dims = p.head_dim,
                   .terms = keys,
                   .start = key == visible.first ? nullptr : s.factor,
                   .finish = final_block ? inverse : nullptr,
                   .end = p.causal ? signed_distance(key, first_query) + 1 : WeightedRows::k_no_end});
  }
  if (head.log_sum_exp == nullptr) return;
  for (Size v = 0; v < queries; v += k_width) {
    const Batch level = Batch::load_aligned(s.maximum + v) + xsimd::log(Batch::load_aligned(s.sum + v));
    const Size count = queries - v;
    if (count >= k_width)
      store(head.log_sum_exp + first_query + v, level);
    else
      store_first(head.log_sum_exp + first_query + v, level, count);
  }
}

void attention_forward(const AttentionForward<float>& p) {
  ForwardScratch scratch;
  const Size hidden = p.heads * p.head_dim;
  for (Size h = 0; h < p.heads; ++h) {
    const float* const q = p.qkv + h * p.head_dim;
    const ForwardHead head{q,
                           q + hidden,
                           q + 2 * hidden,
                           p.out + h * p.head_dim,
                           p.log_sum_exp == nullptr ? nullptr : p.log_sum_exp + h * p.length,
                           p.bias.values == nullptr ? nullptr : p.bias.values + h * p.bias.stride + p.bias.reach - 1,
                           h};
    Size query = 0;
    for (; query + k_width < p.length; query += k_max_queries)
      forward_query_block<k_query_vectors>(scratch, p, head, query);
    if (query < p.length) forward_query_block<1>(scratch, p, head, query);
  }
}

}  // namespace
}  // namespace v0
}  // namespace seqguard
