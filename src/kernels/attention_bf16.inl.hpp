// Attention forward over rows of bfloat16: as attention_forward.inl.hpp, with both products by pairs. Pairs of the
// scores are two dimensions of a head, which follow each other in a row; pairs of the weighted sum are two keys, whose
// weights and values are interleaved block by block. Softmax and its sums are single precision; weights are rounded as
// factors.
#pragma once

#include "kernels/attention_tiles.inl.hpp"
#include "kernels/bf16.inl.hpp"
#include "seqguard/kernels/matmul_kernels.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

constexpr Size k_max_pairs = 64;  ///< of a head: 128 dimensions
constexpr Size k_value_rows = k_key_block / 2;
constexpr Size k_value_tile = k_accumulators / 2;  ///< queries of a tile of the weighted sum, by two vectors of columns

/// 2^x, relative error below 7.6e-5 (a fiftieth of the rounding of a weight); 0 below -126.
[[gnu::always_inline]] inline Batch exp2_before_rounding(const Batch& x) {
#if defined(__AVX512DQ__)
  const Batch r = _mm512_reduce_ps(x, _MM_FROUND_TO_NEAREST_INT);
#else
  const Batch shift(12582912.0F);
  const Batch clamped = xsimd::max(Batch(-126.0F), x);
  const Batch shifted = clamped + shift;
  const Batch r = clamped - (shifted - shift);
#endif
  const Batch p = polynomial(r, 0.999928073F, 0.693260985F, 0.242611125F, 0.0551716703F);
#if defined(__AVX512DQ__)
  return _mm512_scalef_ps(p, _mm512_sub_ps(x, r));
#else
  const Batch power = xsimd::bitwise_cast<Batch>((xsimd::bitwise_cast<IntBatch>(shifted) << 23) + IntBatch(127 << 23));
  return xsimd::select(x < Batch(-126.0F), Batch(0.0F), p * power);
#endif
}

/// Scratch of one block of queries; lives on the stack. `dims`: of a head, rounded up to whole vectors.
struct PairScratch {
  alignas(64) Pair queries[k_max_pairs * k_max_queries];    ///< [pairs of dimensions, lanes]
  alignas(64) float scores[k_key_block * k_max_queries];    ///< [keys, lanes]: scores, then exponentials
  alignas(64) Pair weights[k_value_rows * k_max_queries];   ///< [pairs of keys, lanes]: exponentials, rounded
  alignas(64) Pair values[k_value_rows * 2 * k_max_pairs];  ///< [pairs of keys, dimensions]
  alignas(64) float sums[k_max_queries * 2 * k_max_pairs];  ///< [queries, dimensions]
  alignas(64) float maximum[k_max_queries], sum[k_max_queries], factor[k_max_queries];
};

/// One head of rows: `stride` and dimensions in pairs.
struct PairHead {
  const Pair *q, *k, *v;
  Pair* out;
  const float* bias;  ///< of distance 0, or null
  Size pairs, stride, out_stride;
};

/// out[p * width + lane] = in[lane * stride + p] for lane < rows, 0 beyond.
inline void transpose_pairs(Pair* out, const Pair* in, Size rows, Size pairs, Size stride, Size width) {
  for (Size first = 0; first < width; first += k_width)
    for (Size p = 0; p < pairs; p += k_width) {
      const Size count = smaller(k_width, pairs - p);
      Lanes block[k_width];
#pragma GCC unroll 16
      for (Size lane = 0; lane < k_width; ++lane) {
        Batch row(0.0F);  // bits, not numbers
        if (first + lane < rows) {
          const auto* const source = reinterpret_cast<const float*>(in + (first + lane) * stride + p);
          row = count == k_width ? load(source) : load_first(source, count);
        }
        __builtin_memcpy(&block[lane], &row, sizeof(row));
      }
      transpose(block);
#pragma GCC unroll 16
      for (Size i = 0; i < k_width; ++i)
        if (i < count) __builtin_memcpy(out + (p + i) * width + first, &block[i], sizeof(Lanes));
    }
}

/// values[j, d] = (value of key 2j, value of key 2j + 1) in dimension d; 0 for the key behind the last one, and in the
/// dimensions behind those of the head. `values` has room for a vector behind the last row.
inline void interleave_values(Pair* values, const Pair* v, Size keys, Size pairs, Size stride, Size dims) {
  constexpr auto lanes = std::make_index_sequence<k_width>();
  for (Size j = 0; j < keys; j += 2) {
    const Pair *const even = v + j * stride, *const odd = even + stride;
    const bool has_odd = j + 1 < keys;
    for (Size p = 0; p < pairs; p += k_width) {
      const Size count = smaller(k_width, pairs - p);
      const auto from = [&](const Pair* row) {
        const auto* const source = reinterpret_cast<const float*>(row + p);
        return xsimd::bitwise_cast<IntBatch>(count == k_width ? load(source) : load_first(source, count));
      };
      const IntBatch a = from(even), b = has_odd ? from(odd) : IntBatch(0), low(0xFFFF), high(-0x10000);
      const IntBatch first = (a & low) | (b << 16), second = ((a >> 16) & low) | (b & high);
      Lanes rows[2];
      __builtin_memcpy(&rows[0], &first, sizeof(first));
      __builtin_memcpy(&rows[1], &second, sizeof(second));
      const Lanes lower = interleave<false>(rows[0], rows[1], lanes), upper = interleave<true>(rows[0], rows[1], lanes);
      Pair* const out = values + j / 2 * dims + 2 * p;
      __builtin_memcpy(out, &lower, sizeof(lower));
      if (2 * p + k_width < dims) __builtin_memcpy(out + k_width, &upper, sizeof(upper));
    }
  }
}

/// scores[j, lane] = keys[j] . queries[lane] for k_key_tile keys; those at or beyond `count` repeat the last one.
template <Size Vectors>
[[gnu::noinline]] void pair_score_tile(float* scores, const Pair* keys, Size stride, Size count, const Pair* queries,
                                       Size pairs) {
  constexpr Size width = Vectors * k_width;
  const Pair* row[k_key_tile];
  Batch total[k_key_tile][Vectors];
#pragma GCC unroll 8
  for (Size j = 0; j < k_key_tile; ++j) {
    row[j] = keys + smaller(j, count - 1) * stride;
#pragma GCC unroll 2
    for (Size v = 0; v < Vectors; ++v) total[j][v] = Batch(0.0F);
  }
  for (Size p = 0; p < pairs; ++p) {
    PairBatch column[Vectors];
#pragma GCC unroll 2
    for (Size v = 0; v < Vectors; ++v) column[v] = load_pairs(queries + p * width + v * k_width);
#pragma GCC unroll 8
    for (Size j = 0; j < k_key_tile; ++j) {
      const PairBatch value = broadcast_pair(row[j][p]);
#pragma GCC unroll 2
      for (Size v = 0; v < Vectors; ++v) total[j][v] = add_products(value, column[v], total[j][v]);
    }
  }
#pragma GCC unroll 8
  for (Size j = 0; j < k_key_tile; ++j)
#pragma GCC unroll 2
    for (Size v = 0; v < Vectors; ++v) total[j][v].store_aligned(scores + j * width + v * k_width);
}

/// sums[q, :] = factor[q] * sums[q, :] (0 at the first block) + sum_j weights[j, q] . values[j, :], of the pairs j of
/// keys, for k_value_tile queries and two vectors of columns, of which `columns` are there.
template <Size Vectors>
[[gnu::noinline]] void pair_value_tile(float* sums, const Pair* weights, Size width, const Pair* values, Size terms,
                                       const float* factor, Size dims) {
  Batch total[k_value_tile][Vectors];
#pragma GCC unroll 8
  for (Size q = 0; q < k_value_tile; ++q)
#pragma GCC unroll 2
    for (Size v = 0; v < Vectors; ++v)
      total[q][v] = factor == nullptr ? Batch(0.0F) : Batch(factor[q]) * load(sums + q * dims + v * k_width);
  for (Size j = 0; j < terms; ++j) {
    PairBatch value[Vectors];
#pragma GCC unroll 2
    for (Size v = 0; v < Vectors; ++v) value[v] = load_pairs(values + v * k_width);
#pragma GCC unroll 8
    for (Size q = 0; q < k_value_tile; ++q) {
      const PairBatch weight = broadcast_pair(weights[q]);
#pragma GCC unroll 2
      for (Size v = 0; v < Vectors; ++v) total[q][v] = add_products(weight, value[v], total[q][v]);
    }
    values += dims;
    weights += width;
  }
#pragma GCC unroll 8
  for (Size q = 0; q < k_value_tile; ++q)
#pragma GCC unroll 2
    for (Size v = 0; v < Vectors; ++v) store(sums + q * dims + v * k_width, total[q][v]);
}

/// What distances, masks and windows do to the scores of a block; returns the factor from scores to powers of two.
template <Size Vectors>
inline float adjust_scores(PairScratch& s, const RowsAttention<float>& p, const float* bias, Size first_query,
                           Size first_key, Size keys) {
  constexpr Size width = Vectors * k_width;
  constexpr float log2_e = 1.44269504F;
  const bool by_distance = bias != nullptr || p.window > 0;
  for (Size j = 0; by_distance && j < keys; ++j)
    for (Size v = 0; v < Vectors; ++v) {
      float* const score = s.scores + j * width + v * k_width;
      with_distance(Batch::load_aligned(score) * Batch(p.scale), bias, p.window, first_query + v * k_width,
                    first_key + j)
          .store_aligned(score);
    }
  if (p.causal) {
    const Batch lanes = lane_numbers(), hidden(-__builtin_inff());
    for (Size j = first_key < first_query ? first_query - first_key : 0; j < keys; ++j)
      for (Size v = 0; v < Vectors; ++v) {
        float* const score = s.scores + j * width + v * k_width;
        const float key_lane = static_cast<float>(first_key + j - first_query) - static_cast<float>(v * k_width);
        xsimd::select(lanes < Batch(key_lane), hidden, Batch::load_aligned(score)).store_aligned(score);
      }
  }
  return by_distance ? log2_e : p.scale * log2_e;
}

/// Weights of a block, rounded in pairs of keys; updates maximum and sum, and sets `factor` for what was summed before.
template <Size Vectors>
inline void block_weights(PairScratch& s, Size keys, float power) {
  constexpr Size width = Vectors * k_width;
  for (Size v = 0; v < Vectors; ++v) {
    const float* const scores = s.scores + v * k_width;
    const Batch before = Batch::load_aligned(s.maximum + v * k_width);
    Batch tops[4] = {before, before, before, before};  // one chain of maxima would wait for each
    for (Size j = 0; j < keys; j += 4)
#pragma GCC unroll 4
      for (Size i = 0; i < 4; ++i)
        tops[i] = xsimd::max(tops[i], Batch::load_aligned(scores + smaller(j + i, keys - 1) * width));
    const Batch top = xsimd::max(xsimd::max(tops[0], tops[1]), xsimd::max(tops[2], tops[3]));
    const Batch scale(power);
    const Batch correction = exp2_before_rounding((before - top) * scale);
    Batch total = Batch::load_aligned(s.sum + v * k_width) * correction;
    const auto weight = [&](const float* score) {
      return exp2_before_rounding((Batch::load_aligned(score) - top) * scale);
    };
    for (Size j = 0; j < keys; j += 2) {
      const Batch even = weight(scores + j * width);
      Batch odd(0.0F);
      if (j + 1 < keys) odd = weight(scores + (j + 1) * width);
      store_pairs(s.weights + j / 2 * width + v * k_width, even, odd);
      total += even + odd;
    }
    top.store_aligned(s.maximum + v * k_width);
    total.store_aligned(s.sum + v * k_width);
    correction.store_aligned(s.factor + v * k_width);
  }
}

/// sums[q, :] of a block of keys.
inline void add_values(PairScratch& s, Size queries, Size width, Size keys, Size dims, bool is_first) {
  for (Size q = 0; q < queries; q += k_value_tile)
    for (Size d = 0; d < dims; d += 2 * k_width) {
      const float* const factor = is_first ? nullptr : s.factor + q;
      float* const sums = s.sums + q * dims + d;
      if (dims - d >= 2 * k_width)
        pair_value_tile<2>(sums, s.weights + q, width, s.values + d, (keys + 1) / 2, factor, dims);
      else
        pair_value_tile<1>(sums, s.weights + q, width, s.values + d, (keys + 1) / 2, factor, dims);
    }
}

template <Size Vectors>
inline void query_block_of_pairs(PairScratch& s, const RowsAttention<float>& p, const PairHead& head,
                                 Size first_query) {
  constexpr Size width = Vectors * k_width;
  const Size queries = smaller(width, p.length - first_query);
  const Size dims = (2 * head.pairs + k_width - 1) / k_width * k_width;
  const KeyRange visible = keys_of_block(p, first_query, queries);
  transpose_pairs(s.queries, head.q + first_query * head.stride, queries, head.pairs, head.stride, width);
  for (Size lane = 0; lane < width; ++lane) {
    s.maximum[lane] = -__builtin_inff();
    s.sum[lane] = 0;
  }
  for (Size key = visible.first; key < visible.end; key += k_key_block) {
    const Size keys = smaller(k_key_block, visible.end - key);
    for (Size j = 0; j < keys; j += k_key_tile)
      pair_score_tile<Vectors>(s.scores + j * width, head.k + (key + j) * head.stride, head.stride, keys - j, s.queries,
                               head.pairs);
    const float power = adjust_scores<Vectors>(s, p, head.bias, first_query, key, keys);
    block_weights<Vectors>(s, keys, power);
    interleave_values(s.values, head.v + key * head.stride, keys, head.pairs, head.stride, dims);
    add_values(s, queries, width, keys, dims, key == visible.first);
  }
  for (Size q = 0; q < queries; ++q) {
    alignas(64) Bf16 rounded[2 * k_max_pairs + 2 * k_width];
    const Batch inverse(1.0F / s.sum[q]);
    const float* const sums = s.sums + q * dims;
    for (Size d = 0; d < dims; d += 2 * k_width)
      store_rounded(rounded + d, load(sums + d) * inverse,
                    d + k_width < dims ? load(sums + d + k_width) * inverse : Batch(0.0F));
    __builtin_memcpy(head.out + (first_query + q) * head.out_stride, rounded, head.pairs * sizeof(Pair));
  }
}

void attention_of_rows(const RowsAttention<float>& p) {
  PairScratch scratch;
  const Size hidden_pairs = p.heads * p.head_dim / 2;
  for (Size h = 0; h < p.heads; ++h) {
    const Size pairs = p.head_dim / 2;
    const Pair* const q = reinterpret_cast<const Pair*>(p.qkv) + h * pairs;
    const PairHead head{q,
                        q + hidden_pairs,
                        q + 2 * hidden_pairs,
                        reinterpret_cast<Pair*>(p.out) + h * pairs,
                        p.bias.values == nullptr ? nullptr : p.bias.values + h * p.bias.stride + p.bias.reach - 1,
                        pairs,
                        p.qkv_stride / sizeof(Pair),
                        p.out_stride / sizeof(Pair)};
    Size query = 0;
    for (; query + k_width < p.length; query += k_max_queries)
      query_block_of_pairs<k_query_vectors>(scratch, p, head, query);
    if (query < p.length) query_block_of_pairs<1>(scratch, p, head, query);
  }
}

}  // namespace
}  // namespace v0
}  // namespace seqguard
