// bfloat16: the upper half of a float. Rounding to it, and the product of pairs.
//
// VDPBF16PS adds to a float the products of two pairs: c <- a1 b1 + c, then c <- a0 b0 + c, each a multiply-add with
// one rounding to nearest, in which denormal operands and results are zeros of their sign (measured on Zen 5: 0 of 1.9
// million sums differ from that). Where the CPU lacks it, the same is computed with the multiply-add that there is:
// equal bits (without FMA, too: the product of two bfloat16 has 16 bits and is exact), so the kernels are tested
// everywhere.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/simd.inl.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

using Bf16 = std::uint16_t;
/// Two bfloat16 that follow each other in k: the first in the lower half.
using Pair [[gnu::may_alias]] = std::uint32_t;

/// Nearest, ties to even; denormals become zeros, NaN stays NaN: as VCVTNEPS2BF16 does.
inline Bf16 round_to_bf16(float x) {
  const std::uint32_t bits = __builtin_bit_cast(std::uint32_t, x), magnitude = bits & 0x7FFFFFFFU;
  if (magnitude > 0x7F800000U) return static_cast<Bf16>(bits >> 16 | 0x40U);
  if (magnitude < 0x00800000U) return static_cast<Bf16>(bits >> 16 & 0x8000U);
  return static_cast<Bf16>((bits + 0x7FFFU + (bits >> 16 & 1U)) >> 16);
}

#if defined(__AVX512BF16__)

using PairBatch = __m512bh;

inline PairBatch load_pairs(const Pair* p) { return reinterpret_cast<__m512bh>(_mm512_loadu_si512(p)); }
inline PairBatch broadcast_pair(Pair pair) {
  return reinterpret_cast<__m512bh>(_mm512_set1_epi32(static_cast<int>(pair)));
}
[[gnu::always_inline]] inline Batch add_products(PairBatch a, PairBatch b, const Batch& sum) {
  return _mm512_dpbf16_ps(sum, a, b);
}
/// out[0, 2 k_width) = x0, x1 rounded.
inline void store_rounded(Bf16* out, const Batch& x0, const Batch& x1) {
  _mm512_storeu_si512(out, reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(x1, x0)));
}
/// pairs[i] = (x0[i], x1[i]) rounded.
inline void store_pairs(Pair* pairs, const Batch& x0, const Batch& x1) {
  const __m512i both = reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(x1, x0));
  const __m512i lanes =
      _mm512_add_epi32(_mm512_mullo_epi32(_mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0),
                                          _mm512_set1_epi32(0x10001)),
                       _mm512_set1_epi32(0x100000));
  _mm512_storeu_si512(pairs, _mm512_permutexvar_epi16(lanes, both));
}

#else

using PairBatch = IntBatch;

inline PairBatch load_pairs(const Pair* p) {
  return PairBatch::load_unaligned(reinterpret_cast<const std::int32_t*>(p));
}
inline PairBatch broadcast_pair(Pair pair) { return PairBatch(static_cast<std::int32_t>(pair)); }
inline Batch without_denormals(const Batch& x) {
  return xsimd::select(xsimd::abs(x) < Batch(0x1p-126F), xsimd::bitwise_and(x, Batch(-0.0F)), x);
}
inline Batch add_products(const PairBatch& a, const PairBatch& b, const Batch& sum) {
  const auto upper = [](const PairBatch& x) {
    return xsimd::bitwise_cast<Batch>(xsimd::bitwise_and(x, PairBatch(-0x10000)));
  };
  const auto lower = [](const PairBatch& x) { return xsimd::bitwise_cast<Batch>(x << 16); };
  const Batch odd = without_denormals(multiply_add(upper(a), upper(b), without_denormals(sum)));
  return without_denormals(multiply_add(lower(a), lower(b), odd));
}
inline void store_rounded(Bf16* out, const Batch& x0, const Batch& x1) {
  alignas(64) float lanes[2 * k_width];
  x0.store_aligned(lanes);
  x1.store_aligned(lanes + k_width);
  for (Size i = 0; i < 2 * k_width; ++i) out[i] = round_to_bf16(lanes[i]);
}
inline void store_pairs(Pair* pairs, const Batch& x0, const Batch& x1) {
  alignas(64) Bf16 rounded[2 * k_width];
  store_rounded(rounded, x0, x1);
  for (Size i = 0; i < k_width; ++i) pairs[i] = rounded[i] | Pair{rounded[k_width + i]} << 16;
}

#endif

/// Rows of bfloat16: whole cache lines each, with zeros behind the last column; and no multiple of 4 KB apart, where
/// they would share their sets of the first-level cache.
inline Size row_bytes(Size k) {
  const Size lines = (k * sizeof(Bf16) + 63) / 64;
  return lines * 64 % 4096 == 0 ? lines * 64 + 64 : lines * 64;
}

/// The zeros behind a row of k.
inline void close_row(Bf16* row, Size k) {
  for (const Size end = row_bytes(k) / sizeof(Bf16); k < end; ++k) row[k] = 0;
}

/// out[i] = in[i] rounded.
inline void round_row(Bf16* out, const float* in, Size n) {
  const Size whole = n - n % (2 * k_width);
  for (Size i = 0; i < whole; i += 2 * k_width) store_rounded(out + i, load(in + i), load(in + i + k_width));
  for (Size i = whole; i < n; ++i) out[i] = round_to_bf16(in[i]);
}

/// x, but no further from 0 than `most`.
[[gnu::always_inline]] inline Batch within(const Batch& x, float most) {
#if defined(__AVX512DQ__)
  return _mm512_range_ps(x, _mm512_set1_ps(most), 2);  // the smaller magnitude, with the sign of x: one instruction
#else
  return xsimd::min(Batch(most), xsimd::max(Batch(-most), x));
#endif
}

/// x Phi(x) as exact as a result needs that is rounded to bfloat16: |error| <= 1.9e-4, a tenth of what rounding does to
/// a
/// 1. Phi(x) = 1/2 + x P(x^2) with P of degree 6, a minimax fit of that error, which leaves [-1/2, 1/2] at |x| = 4.
/// (9 multiplications where kernels/activation.inl.hpp, exact to single precision, has 17.)
[[gnu::always_inline]] inline Batch gelu_before_rounding(const Batch& x) {
  const Batch clamped = within(x, 4.0F);
  const Batch p = polynomial(clamped * clamped, 0.397883385F, -0.064573139F, 0.00877240114F, -0.000814018014F,
                             4.79557712e-05F, -1.59861429e-06F, 2.27816628e-08F);
  return x * (within(clamped * p, 0.5F) + Batch(0.5F));
}

/// Where a tile of a product goes: rows of bfloat16.
struct Bf16Rows {
  Bf16* values;
  Size stride, width;  // in elements; columns of this panel
  bool gelu;

  Bf16Rows at(Size row, Size column, Size columns) const {
    return {values + row * stride + column, stride, columns, gelu};
  }

  [[gnu::always_inline]] void store(Size r, Batch x0, Batch x1) const {
    Bf16* const row = values + r * stride;
    if (gelu) {
      x0 = gelu_before_rounding(x0);
      x1 = gelu_before_rounding(x1);
    }
    if (width == 2 * k_width) return store_rounded(row, x0, x1);
    alignas(64) Bf16 buffer[2 * k_width];
    store_rounded(buffer, x0, x1);
    for (Size i = 0; i < width; ++i) row[i] = buffer[i];
  }
};

}  // namespace
}  // namespace v0
}  // namespace seqguard
