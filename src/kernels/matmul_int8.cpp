// Matrix products of 8-bit integers: weights symmetric with a scale for each column, in -127 .. 127, rows as in
// kernels/int8.inl.hpp. Compiled for the instruction set that has VPDPBUSD, and once for the baseline, where it is
// emulated: same loops, same bits. Exports one table and nothing else.
//
// With row a[i] = s q[i] + o and column b[i] = t w[i]:  a . b + bias = t (s sum(q w) + o sum(w)) + bias, where the
// first sum is an exact integer, and the second a float that belongs to the packed column.
#include <cstddef>

#include "kernels/attention_bf16.inl.hpp"
#include "kernels/int8.inl.hpp"
#include "kernels/isa_name.hpp"
#include "kernels/matmul_panels.inl.hpp"
#include "kernels/matmul_tables.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

struct QuadsOfBytes {
  using Step = Quad;
  using Sum = IntBatch;
  struct Rows {
    Bf16Rows out;                              // used where the tile's c is null
    const float *column_scales, *column_sums;  // of whole panels
    const std::byte* row_scales;               // of the tile's first row
    Size row_bytes;

    Rows at(Size row, Size column, Size columns) const {
      return {out.at(row, column, columns), column_scales + column, column_sums + column, row_scales + row * row_bytes,
              row_bytes};
    }
  };
  static constexpr bool k_has_rows = true;

  [[gnu::always_inline]] static IntBatch load(const Quad* p) {
    return IntBatch::load_unaligned(reinterpret_cast<const std::int32_t*>(p));
  }
  [[gnu::always_inline]] static IntBatch broadcast(Quad quad) { return IntBatch(static_cast<std::int32_t>(quad)); }
  [[gnu::always_inline]] static IntBatch add_products(const IntBatch& a, const IntBatch& b, const IntBatch& sum) {
    return add_byte_products(a, b, sum);
  }

  /// What turns the sums of a vector of columns into floats.
  struct Column {
    Batch scale, weights, bias;
    const std::byte* row_scales;
    Size row_bytes;

    template <class Tile>
    Column(const Tile& tile, Size v)
        : scale(seqguard::load(tile.rows.column_scales + v * k_width)),
          weights(seqguard::load(tile.rows.column_sums + v * k_width)),
          bias(tile.bias != nullptr ? seqguard::load(tile.bias + v * k_width) : Batch(0.0F)),
          row_scales(tile.rows.row_scales),
          row_bytes(tile.rows.row_bytes) {}
    [[gnu::always_inline]] Batch of(const IntBatch& sum, Size r) const {
      const RowScale& row = *reinterpret_cast<const RowScale*>(row_scales + r * row_bytes);
      return fused(fused(to_floats(sum), Batch(row.scale), weights * Batch(row.offset)), scale, bias);
    }
  };

  template <class Tile, Size rows>
  [[gnu::always_inline]] static void finish(const Tile& tile, IntBatch (&sums)[rows][2]) {
    if (tile.c == nullptr) {
      const Column first(tile, 0), second(tile, 1);
      const Bf16Rows out = tile.rows.out;
#pragma GCC unroll 16
      for (Size r = 0; r < rows; ++r) out.store(r, first.of(sums[r][0], r), second.of(sums[r][1], r));
      return;
    }
    // A vector of columns at a time: its three constants and all sums fit into the registers (up to 8 % faster).
    const bool accumulate = tile.accumulate;
    const Size stride = tile.c_stride;
#pragma GCC unroll 2
    for (Size v = 0; v < 2; ++v) {
      const Column column(tile, v);
      float* c = tile.c + v * k_width;
#pragma GCC unroll 16
      for (Size r = 0; r < rows; ++r, c += stride) {
        const Batch x = column.of(sums[r][v], r);
        store(c, accumulate ? x + seqguard::load(c) : x);
      }
    }
  }
};

struct Matmul : PanelMatmul<QuadsOfBytes> {
  static Size whole_panels(Size n) { return (n + k_panel_width - 1) / k_panel_width * k_panel_width; }
  static Size panel_bytes(Size k, Size n) { return PanelMatmul::packed_bytes((k + 3) / 4, n); }

  /// The panels, then the scales of the columns, then the sums of their weights.
  static Size packed_bytes(Size k, Size n) { return panel_bytes(k, n) + 2 * whole_panels(n) * sizeof(float); }

  /// out[i, j of a panel] = four weights that follow each other in the column b[i * stride], i < k.
  static void pack_column(std::byte* out, float* scale, float* sum, const float* b, Size k, Size stride) {
    std::uint32_t largest = 0;  // magnitudes are ordered as their bits, NaN and infinity above all others
    for (Size i = 0; i < k; ++i) {
      const std::uint32_t magnitude = __builtin_bit_cast(std::uint32_t, b[i * stride]) & 0x7FFFFFFFU;
      largest = magnitude > largest ? magnitude : largest;
    }
    const float step = __builtin_bit_cast(float, largest) * (1.0F / 127.0F);
    const bool has_range = step > 0x1p-100F && largest < 0x7F800000U;
    const float inverse = has_range ? 1.0F / step : 0.0F;
    std::int32_t total = 0;
    for (Size i = 0; i < k; i += 4) {
      std::int8_t quad[4] = {};
      for (Size l = 0; l < 4 && i + l < k; ++l) {
        const float shifted = (has_range ? b[(i + l) * stride] : 0.0F) * inverse + 12582912.0F;
        quad[l] = static_cast<std::int8_t>(__builtin_bit_cast(std::uint32_t, shifted));
        total += quad[l];
      }
      __builtin_memcpy(out + i / 4 * k_panel_width * sizeof(Quad), quad, sizeof(quad));
    }
    *scale = largest < 0x7F800000U ? (has_range ? step : 0.0F) : __builtin_nanf("");
    *sum = static_cast<float>(total);
  }

  static void pack(std::byte* packed, const float* b, Size k, Size n, Size k_stride, Size n_stride) {
    const Size steps = (k + 3) / 4;
    float* const scales = reinterpret_cast<float*>(packed + panel_bytes(k, n));
    float* const sums = scales + whole_panels(n);
    for (Size j = 0; j < whole_panels(n); ++j) {
      std::byte* const column = packed + (j / k_panel_width * steps * k_panel_width + j % k_panel_width) * sizeof(Quad);
      if (j < n) {
        pack_column(column, scales + j, sums + j, b + j * n_stride, k, k_stride);
      } else {
        for (Size i = 0; i < steps; ++i) __builtin_memset(column + i * k_panel_width * sizeof(Quad), 0, sizeof(Quad));
        scales[j] = sums[j] = 0;
      }
    }
  }

  static void multiply(const MatmulCall<float>& p) {
    const Size bytes = byte_row_bytes(p.k), out_bytes = byte_row_bytes(p.n);
    const float* const scales = reinterpret_cast<const float*>(p.packed + panel_bytes(p.k, p.n));
    PanelMatmul::multiply(p, {reinterpret_cast<const Quad*>(p.a_rows),
                              reinterpret_cast<const Quad*>(p.packed),
                              (p.k + 3) / 4,
                              bytes / sizeof(Quad),
                              1,
                              {{reinterpret_cast<Bf16*>(p.c_rows), out_bytes / sizeof(Bf16), 0, p.gelu},
                               scales,
                               scales + whole_panels(p.n),
                               p.a_rows + scale_at(p.k),
                               bytes}});
    if (p.c == nullptr && !p.to_attention) quantise_in_place(p.c_rows, p.m, p.n, out_bytes);
  }

  static void quantise_in_place(std::byte* rows, Size m, Size k, Size bytes) {
    for (Size r = 0; r < m; ++r) {
      std::byte* const row = rows + r * bytes;
      quantise_row(row, Bf16OfRow{reinterpret_cast<const Bf16*>(row)}, k);
    }
  }
};

void quantise_rows(std::byte* rows, const float* a, Size m, Size k, Size row_stride) {
  for (Size r = 0; r < m; ++r) quantise_row(rows + r * byte_row_bytes(k), FloatsOfRow{a + r * row_stride}, k);
}

void round_rows(std::byte* rows, const float* a, Size m, Size k, Size row_stride) {
  for (Size r = 0; r < m; ++r) round_row(reinterpret_cast<Bf16*>(rows + r * byte_row_bytes(k)), a + r * row_stride, k);
}

void attend(const RowsAttention<float>& p) {
  attention_of_rows(p);
  Matmul::quantise_in_place(p.out, p.length, p.heads * p.head_dim, p.out_stride);
}

constinit const RowForm<float> k_rows = {
    .row_bytes = byte_row_bytes, .round = quantise_rows, .round_for_attention = round_rows, .attention = attend};

}  // namespace

constinit const MatmulKernels<float> SEQGUARD_ISA_NAME(k_matmul_int8_) = {
    .isa = Isa::SEQGUARD_ISA,
    .precision = Precision::int8,
    .packed_bytes = Matmul::packed_bytes,
    .pack = Matmul::pack,
    .multiply = Matmul::multiply,
    .rows = &k_rows,
};

}  // namespace v0
}  // namespace seqguard
