// Matrix products of bfloat16 with sums in single precision. Compiled for the instruction set that has VDPBF16PS, and
// once for the baseline, where its arithmetic is emulated (kernels/bf16.inl.hpp): same loops, same bits. Exports one
// table and nothing else.
//
// A step of k is a pair: the odd element is added first, then the even one. Of an odd K the last pair is half a zero.
#include <cstddef>

#include "kernels/attention_bf16.inl.hpp"
#include "kernels/bf16.inl.hpp"
#include "kernels/isa_name.hpp"
#include "kernels/matmul_panels.inl.hpp"
#include "kernels/matmul_tables.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

void round_rows(std::byte* rows, const float* a, Size m, Size k, Size row_stride) {
  const Size bytes = row_bytes(k);
  for (Size r = 0; r < m; ++r) {
    Bf16* const row = reinterpret_cast<Bf16*>(rows + r * bytes);
    round_row(row, a + r * row_stride, k);
    if (2 * k < bytes) close_row(row, k);
  }
}

struct PairsOfBf16 {
  using Step = Pair;
  using Sum = Batch;
  using Rows = Bf16Rows;
  static constexpr bool k_has_rows = true;

  [[gnu::always_inline]] static PairBatch load(const Pair* p) { return load_pairs(p); }
  [[gnu::always_inline]] static PairBatch broadcast(Pair pair) { return broadcast_pair(pair); }
  [[gnu::always_inline]] static Batch add_products(const PairBatch& a, const PairBatch& b, const Batch& sum) {
    return seqguard::add_products(a, b, sum);
  }
  template <class Tile, Size rows>
  [[gnu::always_inline]] static void finish(const Tile& tile, Batch (&sums)[rows][2]) {
    const Bf16Rows out = tile.rows;
#pragma GCC unroll 16
    for (Size r = 0; r < rows; ++r) out.store(r, sums[r][0], sums[r][1]);
  }
};

struct Matmul : PanelMatmul<PairsOfBf16> {
  static Size packed_bytes(Size k, Size n) { return PanelMatmul::packed_bytes((k + 1) / 2, n); }

  static void pack(std::byte* packed, const float* b, Size k, Size n, Size k_stride, Size n_stride) {
    constexpr Size k_part = 64;  // of a column, rounded at a time
    Pair* panel = reinterpret_cast<Pair*>(packed);
    const Size steps = (k + 1) / 2;
    for (Size first = 0; first < n; first += k_panel_width, panel += steps * k_panel_width)
      for (Size j = 0; j < k_panel_width; ++j)
        for (Size i = 0; i < steps; i += k_part / 2) {
          alignas(64) float column[k_part];
          alignas(64) Pair pairs[k_part / 2];
          const Size count = first + j < n ? smaller(k_part, k - 2 * i) : 0, end = smaller(k_part / 2, steps - i);
          const float* const source = b + (first + j) * n_stride + 2 * i * k_stride;
          for (Size l = 0; l < count; ++l) column[l] = source[l * k_stride];
          for (Size l = count; l < k_part; ++l) column[l] = 0;
          Bf16 rounded[k_part];
          round_row(rounded, column, k_part);
          __builtin_memcpy(pairs, rounded, sizeof(pairs));
          for (Size l = 0; l < end; ++l) panel[(i + l) * k_panel_width + j] = pairs[l];
        }
  }

  static void multiply(const MatmulCall<float>& p) {
    const Size stride = row_bytes(p.k) / sizeof(Pair);
    Operands operands{reinterpret_cast<const Pair*>(p.a_rows), reinterpret_cast<const Pair*>(p.packed), (p.k + 1) / 2,
                      stride, 1};
    if (p.c == nullptr) {
      operands.rows = {reinterpret_cast<Bf16*>(p.c_rows), row_bytes(p.n) / sizeof(Bf16), 0, p.gelu};
      for (Size r = 0; r < p.m; ++r) close_row(operands.rows.values + r * operands.rows.stride, p.n);
    }
    PanelMatmul::multiply(p, operands);
  }
};

void attend(const RowsAttention<float>& p) {
  attention_of_rows(p);
  const Size hidden = p.heads * p.head_dim;
  for (Size t = 0; t < p.length; ++t) close_row(reinterpret_cast<Bf16*>(p.out + t * p.out_stride), hidden);
}

constinit const RowForm<float> k_rows = {
    .row_bytes = row_bytes, .round = round_rows, .round_for_attention = round_rows, .attention = attend};

}  // namespace

constinit const MatmulKernels<float> SEQGUARD_ISA_NAME(k_matmul_bf16_) = {
    .isa = Isa::SEQGUARD_ISA,
    .precision = Precision::bf16,
    .packed_bytes = Matmul::packed_bytes,
    .pack = Matmul::pack,
    .multiply = Matmul::multiply,
    .rows = &k_rows,
};

}  // namespace v0
}  // namespace seqguard
