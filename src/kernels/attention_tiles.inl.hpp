// The pieces that attention forward and backward share. Queries lie in the lanes of the score tiles, so that maximum,
// exponential and sum are vertical: a block of queries is transposed once, and keys and values are read where they are.
#pragma once

#include <utility>

#include "kernels/dropout_hash.hpp"
#include "kernels/simd.inl.hpp"
#include "seqguard/kernels/kernel_table.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

/// Registers decide the tiles: 32 of them (AVX-512, NEON) hold 16 accumulators and their operands, 16 hold 8.
#if defined(__AVX512F__) || defined(__aarch64__)
constexpr Size k_accumulators = 16;
#else
constexpr Size k_accumulators = 8;
#endif
constexpr Size k_query_vectors = 2;                            ///< vectors of queries in a full block
constexpr Size k_key_tile = k_accumulators / k_query_vectors;  ///< keys of a tile of scores
constexpr Size k_key_block = 64;                               ///< keys of a block: its scores stay in the first cache
constexpr Size k_max_queries = k_query_vectors * k_width;

// --- transposition -------------------------------------------------------------------------------------------------
using Lanes = float __attribute__((vector_size(k_width * sizeof(float))));

/// The lower (or upper) halves of two vectors, interleaved: a0 b0 a1 b1 ...
template <bool upper, Size... i>
[[gnu::always_inline]] inline Lanes interleave(Lanes a, Lanes b, std::index_sequence<i...>) {
  return __builtin_shufflevector(a, b, (i / 2 + (upper ? k_width / 2 : 0) + (i % 2) * k_width)...);
}

/// Transposes k_width x k_width floats by log2(k_width) perfect shuffles of the rows.
[[gnu::always_inline]] inline void transpose(Lanes (&rows)[k_width]) {
  constexpr auto lanes = std::make_index_sequence<k_width>();
#pragma GCC unroll 4
  for (Size round = 1; round < k_width; round *= 2) {
    Lanes shuffled[k_width];
#pragma GCC unroll 8
    for (Size i = 0; i < k_width / 2; ++i) {
      shuffled[2 * i] = interleave<false>(rows[i], rows[i + k_width / 2], lanes);
      shuffled[2 * i + 1] = interleave<true>(rows[i], rows[i + k_width / 2], lanes);
    }
#pragma GCC unroll 16
    for (Size i = 0; i < k_width; ++i) rows[i] = shuffled[i];
  }
}

/// out[d * width + lane] = factor * in[lane * stride + d] for lane < rows, 0 for the lanes beyond; width is a multiple
/// of k_width, `out` has room for `dims` rounded up to k_width rows.
inline void transpose_rows(float* out, const float* in, Size rows, Size dims, Size stride, Size width, float factor) {
  for (Size first = 0; first < width; first += k_width) {
    for (Size d = 0; d < dims; d += k_width) {
      const Size count = smaller(k_width, dims - d);
      Lanes block[k_width];
#pragma GCC unroll 16
      for (Size lane = 0; lane < k_width; ++lane) {
        Batch row(0.0F);
        if (first + lane < rows) {
          const float* const source = in + (first + lane) * stride + d;
          row = count == k_width ? load(source) : load_first(source, count);
        }
        row *= Batch(factor);
        __builtin_memcpy(&block[lane], &row, sizeof(row));
      }
      transpose(block);
#pragma GCC unroll 16
      for (Size i = 0; i < k_width; ++i) __builtin_memcpy(out + (d + i) * width + first, &block[i], sizeof(Lanes));
    }
  }
}

// --- products ------------------------------------------------------------------------------------------------------
// The tiles are functions of their own: inlined, their pointers would not all stay in registers (measured, D = 32,
// L = 128, forward on AVX2: 48 GFLOP/s inlined, 78 so).

/// tile[j, lane] (+)= sum_d rows[j, d] * columns[d, lane] for k_key_tile rows j; Vectors * k_width lanes, `tile` and
/// `columns` dense with that width. Rows at or beyond `count` repeat the last one.
template <Size Vectors>
[[gnu::noinline]] void score_tile(float* tile, const float* rows, Size stride, Size count, const float* columns,
                                  Size dims, bool accumulate) {
  constexpr Size width = Vectors * k_width;
  const float* row[k_key_tile];
#pragma GCC unroll 8
  for (Size j = 0; j < k_key_tile; ++j) row[j] = rows + smaller(j, count - 1) * stride;
  Batch total[k_key_tile][Vectors];
#pragma GCC unroll 8
  for (Size j = 0; j < k_key_tile; ++j)
#pragma GCC unroll 2
    for (Size v = 0; v < Vectors; ++v)
      total[j][v] = accumulate ? Batch::load_aligned(tile + j * width + v * k_width) : Batch(0.0F);
  for (Size d = 0; d < dims; ++d) {
    Batch column[Vectors];
#pragma GCC unroll 2
    for (Size v = 0; v < Vectors; ++v) column[v] = Batch::load_aligned(columns + d * width + v * k_width);
#pragma GCC unroll 8
    for (Size j = 0; j < k_key_tile; ++j) {
      const Batch value(row[j][d]);
#pragma GCC unroll 2
      for (Size v = 0; v < Vectors; ++v) total[j][v] = multiply_add(value, column[v], total[j][v]);
    }
  }
#pragma GCC unroll 8
  for (Size j = 0; j < k_key_tile; ++j)
#pragma GCC unroll 2
    for (Size v = 0; v < Vectors; ++v) total[j][v].store_aligned(tile + j * width + v * k_width);
}

/// Keys that some query of [first, first + count) sees.
struct KeyRange {
  Size first, end;
};
template <class Call>
inline KeyRange keys_of_block(const Call& p, Size first, Size count) {
  KeyRange keys{0, p.causal ? first + count : p.length};
  if (p.window == 0) return keys;
  if (first > p.window) keys.first = first - p.window;
  keys.end = smaller(keys.end, first + count + p.window);
  return keys;
}

/// Score of an event beyond the window: its exponential is 0 beside that of any visible one, and, unlike infinity, it
/// may be the maximum of a block without leaving a NaN there.
constexpr float k_beyond_window = -1e30F;

/// The scores of one key and a vector of queries from first_query on, with what their distances add and forbid.
/// `bias` is the head's row of distances, at distance 0, or null.
[[gnu::always_inline]] inline Batch with_distance(Batch score, const float* bias, Size window, Size first_query,
                                                  Size key) {
  const std::ptrdiff_t distance = static_cast<std::ptrdiff_t>(first_query) - static_cast<std::ptrdiff_t>(key);
  if (bias != nullptr) score += load(bias + distance);
  if (window > 0) {
    const Batch away = xsimd::abs(lane_numbers() + Batch(static_cast<float>(distance)));
    score = xsimd::select(away > Batch(static_cast<float>(window)), Batch(k_beyond_window), score);
  }
  return score;
}

/// Dropout of one head and a block of queries: the words that start the hashes of each lane's query.
struct DropoutLanes {
  alignas(64) std::uint32_t add[k_max_queries], mix[k_max_queries];

  [[gnu::noinline]] void set(const AttentionDropout<float>& dropout, Size heads, Size head, Size first_query) {
    for (Size lane = 0; lane < k_max_queries; ++lane) {
      const std::uint64_t row = (dropout.first_token + first_query + lane) * heads + head;
      const DropoutKey words = dropout_key(dropout.key, row << 32);
      add[lane] = words.add;
      mix[lane] = words.mix;
    }
  }
};

/// tile[j, lane] = keep ? tile[j, lane] / (1 - rate) : 0, for keys from first_key on in rows and queries in lanes.
/// Integer arithmetic in a plain loop, which the compiler turns into vectors: the bits are the same either way.
template <Size Vectors>
[[gnu::noinline]] void drop_tile(float* tile, const DropoutLanes& lanes, float rate, Size first_key, Size keys) {
  constexpr Size width = Vectors * k_width;
  const std::uint32_t threshold = dropout_threshold(static_cast<double>(rate));
  const float scale = 1 / (1 - rate);
  for (Size j = 0; j < keys; ++j) {
    float* const row = tile + j * width;
    const auto low = static_cast<std::uint32_t>(first_key + j);
    for (Size lane = 0; lane < width; ++lane) {
      const bool keep = dropout_hash({lanes.add[lane], lanes.mix[lane]}, low) >= threshold;
      const std::uint32_t mask = 0U - static_cast<std::uint32_t>(keep);
      row[lane] = __builtin_bit_cast(float, __builtin_bit_cast(std::uint32_t, row[lane] * scale) & mask);
    }
  }
}

inline std::ptrdiff_t signed_distance(Size from, Size to) {
  return static_cast<std::ptrdiff_t>(to) - static_cast<std::ptrdiff_t>(from);
}

/// c[r, :] = finish[r] * (start[r] * c[r, :] + sum_t a[r, t] b[t, :]): rows of weights times rows of memory.
struct WeightedRows {
  float* c;
  const float *a, *b;
  Size c_stride, a_row_stride, a_term_stride, b_stride;
  Size rows, dims, terms;
  const float* start;   ///< null: c is overwritten
  const float* finish;  ///< null: 1
  /// Causal masks make a triangle of zeros in `a`, which is skipped: row r has terms [begin + r, end + r) only.
  std::ptrdiff_t begin = k_no_begin, end = k_no_end;

  static constexpr std::ptrdiff_t k_no_begin = -(std::ptrdiff_t{1} << 40), k_no_end = std::ptrdiff_t{1} << 40;
  /// Terms that some row of [first, first + count) has.
  Size first_term(Size first) const {
    const std::ptrdiff_t t = begin + static_cast<std::ptrdiff_t>(first);
    return t > 0 ? static_cast<Size>(t) : 0;
  }
  Size term_end(Size first, Size count) const {
    const std::ptrdiff_t t = end + static_cast<std::ptrdiff_t>(first + count - 1);
    return t < 0 ? 0 : smaller(terms, static_cast<Size>(t));
  }
};

/// One tile: `Rows` rows of weights (only `rows` of c are touched), `Vectors` vectors of columns of which the last
/// holds `last` columns.
template <Size Rows, Size Vectors>
[[gnu::noinline]] void weighted_rows_tile(const WeightedRows& p, Size first_row, Size first_column, Size last) {
  const Size rows = smaller(Rows, p.rows - first_row);
  const auto from = [last](const float* x, Size v) {
    return v + 1 < Vectors || last == k_width ? load(x + v * k_width) : load_first(x + v * k_width, last);
  };
  const float* a[Rows];
  Batch total[Rows][Vectors];
#pragma GCC unroll 16
  for (Size r = 0; r < Rows; ++r) {
    const Size row = first_row + smaller(r, rows - 1);
    a[r] = p.a + row * p.a_row_stride;
#pragma GCC unroll 4
    for (Size v = 0; v < Vectors; ++v)
      total[r][v] =
          p.start == nullptr ? Batch(0.0F) : Batch(p.start[row]) * from(p.c + row * p.c_stride + first_column, v);
  }
  const Size end = p.term_end(first_row, rows);
  for (Size t = p.first_term(first_row); t < end; ++t) {
    const float* const term = p.b + t * p.b_stride + first_column;
    Batch b[Vectors];
#pragma GCC unroll 4
    for (Size v = 0; v < Vectors; ++v) b[v] = from(term, v);
#pragma GCC unroll 16
    for (Size r = 0; r < Rows; ++r) {
      const Batch weight(a[r][t * p.a_term_stride]);
#pragma GCC unroll 4
      for (Size v = 0; v < Vectors; ++v) total[r][v] = multiply_add(weight, b[v], total[r][v]);
    }
  }
#pragma GCC unroll 16
  for (Size r = 0; r < Rows; ++r) {
    if (r >= rows) break;
    float* const c = p.c + (first_row + r) * p.c_stride + first_column;
    const Batch factor(p.finish == nullptr ? 1.0F : p.finish[first_row + r]);
#pragma GCC unroll 4
    for (Size v = 0; v < Vectors; ++v) {
      const Batch value = total[r][v] * factor;
      if (v + 1 < Vectors || last == k_width)
        store(c + v * k_width, value);
      else
        store_first(c + v * k_width, value, last);
    }
  }
}

template <Size Vectors>
inline void weighted_rows_columns(const WeightedRows& p, Size first_column, Size last) {
  constexpr Size rows = k_accumulators / Vectors;
  for (Size r = 0; r < p.rows; r += rows) weighted_rows_tile<rows, Vectors>(p, r, first_column, last);
}

inline void weighted_rows(const WeightedRows& p) {
  for (Size column = 0; column < p.dims;) {
    const Size left = p.dims - column, vectors = (left + k_width - 1) / k_width;
    const Size step = vectors >= 4 && k_accumulators >= 16 ? 4 : vectors >= 2 ? 2 : 1;
    const Size last = smaller(left, step * k_width) - (step - 1) * k_width;
    if (step == 4)
      weighted_rows_columns<4>(p, column, last);
    else if (step == 2)
      weighted_rows_columns<2>(p, column, last);
    else
      weighted_rows_columns<1>(p, column, last);
    column += step * k_width;
  }
}

}  // namespace
}  // namespace v0
}  // namespace seqguard
