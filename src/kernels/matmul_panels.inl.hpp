// A panel is read by many rows: the loop of every table of matrix products here. What one step of k is - a float, a
// pair of bfloat16, four bytes -, how it is multiplied and added, and into which kind of sum, says `Arithmetic`.
//
// B[K, N] is packed in panels of k_panel_width columns, each [steps of K, k_panel_width], the last one filled up with
// zeros. A tile of C, k_tile_rows rows by one panel, stays in registers while k runs: per step two vectors of B are
// loaded and each element of A is broadcast once, so that the loads (2 + rows) stay below the two per cycle that a core
// sustains. Each element of C is one chain in the order of k, whatever the height of its tile is. Sums of integers
// begin at 0 and are made floats when they are complete; sums of floats begin at the start value.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "kernels/multiply_add.inl.hpp"
#include "seqguard/kernels/matmul_kernels.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

template <class Arithmetic>
struct PanelMatmul {
  using Size = std::size_t;
  using Batch = FloatBatch;
  using Step = typename Arithmetic::Step;
  using Sum = typename Arithmetic::Sum;
  static constexpr bool k_integers = !std::is_same_v<Sum, Batch>;
  static constexpr Size k_lanes = Batch::size;
  static constexpr Size k_panel_width = 2 * k_lanes;
// Accumulators, two vectors of B and one of A: 27 of 32 registers, 15 of 16.
#if defined(__AVX512F__) || defined(__aarch64__)
  static constexpr int k_tile_rows = 12;
#else
  static constexpr int k_tile_rows = 6;
#endif
  // Rows of a panel that are used again from the first-level cache by the next tile: 256 * 32 steps = 32 KB (AVX-512).
  static constexpr Size k_block = 256;
  static constexpr Size k_line = 64 / sizeof(Step);
  // Smaller matrices stay in the second-level cache between two uses, and need not be fetched ahead.
  static constexpr Size k_fetched_elements = 32 * 1024;

  static Size packed_bytes(Size steps, Size n) {
    return (n + k_panel_width - 1) / k_panel_width * k_panel_width * steps * sizeof(Step);
  }

  struct Tile {
    float* c;  // null: to rows
    const Step* a;
    const Step* panel;
    const float* bias;  // null: start from c if accumulate, else from 0
    Size k, c_stride, a_row_stride, a_k_stride;
    bool accumulate;
    const Step* next;  // lines that a later block needs: one is fetched in each of the first next_lines steps
    Size next_lines;
    typename Arithmetic::Rows rows;
  };

  template <int rows>
  static void multiply_tile(const Tile& t) {
    Sum sums[rows][2];
#pragma GCC unroll 16
    for (int r = 0; r < rows; ++r) {
      if constexpr (k_integers) {
        sums[r][0] = sums[r][1] = Sum(0);
      } else {
        const float* start = t.accumulate ? t.c + r * t.c_stride : t.bias;
        sums[r][0] = start != nullptr ? Batch::load_unaligned(start) : Batch(0.0f);
        sums[r][1] = start != nullptr ? Batch::load_unaligned(start + k_lanes) : Batch(0.0f);
      }
    }
    const Step* panel = t.panel;
    const Step* const end = panel + t.k * k_panel_width;
    const Size stride = t.a_row_stride, step = t.a_k_stride;
    const Step* a0 = t.a;
    const Step* a4 = a0 + 4 * stride;
    const Step* a8 = a4 + 4 * stride;
    const auto step_k = [&]() __attribute__((always_inline)) {
      const auto b0 = Arithmetic::load(panel), b1 = Arithmetic::load(panel + k_lanes);
#pragma GCC unroll 16
      for (int r = 0; r < rows; ++r) {
        const Step* group = r < 4 ? a0 : r < 8 ? a4 : a8;
        const auto a = Arithmetic::broadcast(group[(r % 4) * stride]);
        sums[r][0] = Arithmetic::add_products(a, b0, sums[r][0]);
        sums[r][1] = Arithmetic::add_products(a, b1, sums[r][1]);
      }
      a0 += step;
      a4 += step;
      a8 += step;
      panel += k_panel_width;
    };
    const Step* next = t.next;
    const Step* const fetched = panel + t.next_lines * k_panel_width;
    while (panel != fetched) {
      __builtin_prefetch(next, 0, 2);  // into the second-level cache
      next += k_line;
      step_k();
    }
    while (panel != end) step_k();
    if constexpr (k_integers) {
      Arithmetic::finish(t, sums);
    } else {
      if constexpr (Arithmetic::k_has_rows) {
        if (t.c == nullptr) return Arithmetic::finish(t, sums);
      }
#pragma GCC unroll 16
      for (int r = 0; r < rows; ++r) {
        sums[r][0].store_unaligned(t.c + r * t.c_stride);
        sums[r][1].store_unaligned(t.c + r * t.c_stride + k_lanes);
      }
    }
  }

  // The lines of c that the next tile adds to: they lie too far apart for the processor to foresee them.
  static void fetch_rows(const float* c, Size rows, Size c_stride) {
    for (Size r = 0; r < rows; ++r)
      for (Size j = 0; j < k_panel_width; j += k_line) __builtin_prefetch(c + r * c_stride + j, 1, 3);
  }

  static void multiply_rows(const Tile& t, int rows) {
    switch (rows) {
      case 1:
        return multiply_tile<1>(t);
      case 2:
        return multiply_tile<2>(t);
      case 3:
        return multiply_tile<3>(t);
      case 4:
        return multiply_tile<4>(t);
      case 5:
        return multiply_tile<5>(t);
      case 6:
        return multiply_tile<6>(t);
#if defined(__AVX512F__) || defined(__aarch64__)
      case 7:
        return multiply_tile<7>(t);
      case 8:
        return multiply_tile<8>(t);
      case 9:
        return multiply_tile<9>(t);
      case 10:
        return multiply_tile<10>(t);
      case 11:
        return multiply_tile<11>(t);
      case 12:
        return multiply_tile<12>(t);
#endif
    }
  }

  // A tile of the last, narrower panel goes through a buffer of full width.
  static void multiply_narrow(const Tile& t, int rows, Size width) {
    float buffer[k_tile_rows * k_panel_width];
    float bias[k_panel_width];
    Tile full = t;
    if (t.c != nullptr) {
      full.c = buffer;
      full.c_stride = k_panel_width;
    }
    if (t.accumulate)
      for (int r = 0; r < rows; ++r)
        for (Size j = 0; j < k_panel_width; ++j)
          buffer[r * k_panel_width + j] = j < width ? t.c[r * t.c_stride + j] : 0;
    if (t.bias != nullptr) {
      for (Size j = 0; j < k_panel_width; ++j) bias[j] = j < width ? t.bias[j] : 0;
      full.bias = bias;
    }
    multiply_rows(full, rows);
    for (int r = 0; r < rows && t.c != nullptr; ++r)
      for (Size j = 0; j < width; ++j) t.c[r * t.c_stride + j] = buffer[r * k_panel_width + j];
  }

  /// What a product is in steps: k of them, read from `a`.
  struct Operands {
    const Step* a;
    const Step* panels;
    Size k, a_row_stride, a_k_stride;
    typename Arithmetic::Rows rows = {};  // where the result goes if call.c is null, and what finish() needs besides
  };

  static void multiply(const MatmulCall<float>& p, const Operands& operands) {
    const auto [a, panels, k, a_row_stride, a_k_stride, out_rows] = operands;
    const Size m = p.m, n = p.n, c_stride = p.c_stride;
    if (m == 0 || n == 0) return;
    const Size block = p.c != nullptr && !k_integers ? k_block : k;  // only floats may be put down before they are done
    const Size tiles = (m + k_tile_rows - 1) / k_tile_rows;
    for (Size column = 0; column < n; column += k_panel_width) {
      const Size width = n - column < k_panel_width ? n - column : k_panel_width;
      Size k_first = 0;
      do {
        const Size k_count = k - k_first < block ? k - k_first : block;
        const bool more = p.accumulate || k_first > 0;
        // The tiles of this block share the work of fetching the next one, which lies behind it.
        const Size next_lines =
            k * n <= k_fetched_elements ? 0 : (k_count * k_panel_width / k_line + tiles - 1) / tiles;
        Tile t{p.c != nullptr ? p.c + column : nullptr,
               a + k_first * a_k_stride,
               panels + column * k + k_first * k_panel_width,
               more || p.bias == nullptr ? nullptr : p.bias + column,
               k_count,
               c_stride,
               a_row_stride,
               a_k_stride,
               more,
               panels + column * k + (k_first + k_count) * k_panel_width,
               next_lines < k_count ? next_lines : k_count,
               out_rows.at(0, column, width)};
        Size rows_left = m;
        for (Size tile = tiles; tile > 0; --tile) {
          const int rows = static_cast<int>((rows_left + tile - 1) / tile);  // equal heights: no lone last row
          if (more && tile > 1) fetch_rows(t.c + static_cast<Size>(rows) * c_stride, k_tile_rows, c_stride);
          if (width == k_panel_width)
            multiply_rows(t, rows);
          else
            multiply_narrow(t, rows, width);
          if (t.c != nullptr) t.c += static_cast<Size>(rows) * c_stride;
          t.rows = t.rows.at(static_cast<Size>(rows), 0, width);
          t.a += static_cast<Size>(rows) * a_row_stride;
          t.next += t.next_lines * k_line;
          rows_left -= static_cast<Size>(rows);
        }
        k_first += k_count;
      } while (k_first < k);
    }
  }
};

}  // namespace
}  // namespace v0
}  // namespace seqguard
