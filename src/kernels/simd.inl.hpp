// The vector vocabulary of the kernels: one batch type, partial loads and stores, exp. Everything here and in the other
// *.inl.hpp files lives in an unnamed namespace: each instruction set has a copy of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <xsimd/xsimd.hpp>

#include "kernels/multiply_add.inl.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

using Size = std::size_t;
using Batch = FloatBatch;
using IntBatch = xsimd::batch<std::int32_t>;
constexpr Size k_width = Batch::size;

inline Size smaller(Size a, Size b) { return a < b ? a : b; }

inline Batch load(const float* p) { return Batch::load_unaligned(p); }
inline void store(float* p, const Batch& x) { x.store_unaligned(p); }

#if defined(__AVX2__) && !defined(__AVX512F__)
/// All bits set in the first `count` lanes.
inline __m256i first_lanes(Size count) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(count)), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
#endif

/// The first `count` < k_width lanes from memory, the others zero.
inline Batch load_first(const float* p, Size count) {
#if defined(__AVX512F__)
  return _mm512_maskz_loadu_ps(static_cast<__mmask16>((1U << count) - 1), p);
#elif defined(__AVX2__)
  return _mm256_maskload_ps(p, first_lanes(count));
#else
  alignas(64) float lanes[k_width] = {};
  for (Size i = 0; i < count; ++i) lanes[i] = p[i];
  return Batch::load_aligned(lanes);
#endif
}

/// Stores the first `count` < k_width lanes.
inline void store_first(float* p, const Batch& x, Size count) {
#if defined(__AVX512F__)
  _mm512_mask_storeu_ps(p, static_cast<__mmask16>((1U << count) - 1), x);
#elif defined(__AVX2__)
  _mm256_maskstore_ps(p, first_lanes(count), x);
#else
  alignas(64) float lanes[k_width];
  x.store_aligned(lanes);
  for (Size i = 0; i < count; ++i) p[i] = lanes[i];
#endif
}

/// Calls f(i, load, store) for each batch of [0, n); load(p) and store(p, x) touch p[i, i + width) only as far as n.
template <class F>
[[gnu::always_inline]] inline void for_batches(Size n, F f) {
  Size i = 0;
  for (; i + k_width <= n; i += k_width)
    f(
        i, [](const float* p) { return load(p); }, [](float* p, const Batch& x) { store(p, x); });
  if (i < n) {
    const Size count = n - i;
    f(
        i, [count](const float* p) { return load_first(p, count); },
        [count](float* p, const Batch& x) { store_first(p, x, count); });
  }
}

/// out[i] = f(in[i]).
template <class F>
[[gnu::always_inline]] inline void map(float* out, const float* in, Size n, F f) {
  for_batches(n, [&](Size i, auto from, auto to) { to(out + i, f(from(in + i))); });
}

/// Lane numbers 0, 1, 2, ...
inline Batch lane_numbers() {
  alignas(64) float lanes[k_width];
  for (Size i = 0; i < k_width; ++i) lanes[i] = static_cast<float>(i);
  return Batch::load_aligned(lanes);
}

/// a0 + x (a1 + x (a2 + ...)), fused where the instruction set can.
inline Batch polynomial(const Batch&, float a) { return Batch(a); }
template <class... Floats>
[[gnu::always_inline]] inline Batch polynomial(const Batch& x, float a, Floats... more) {
  return multiply_add(polynomial(x, more...), x, Batch(a));
}

/// e^x, relative error below 3 eps; results below 1.8e-38 are 0, above the largest float infinity; NaN stays NaN.
///
/// x = n ln 2 + r, |r| <= ln 2 / 2: a minimax polynomial of degree 6 (error 0.02 eps) gives 2 e^r, and the integer n is
/// put into the exponent field of 2^(n-1), by way of the low bits of a float above 2^23. At the bounds to which x is
/// clamped, the field is 0 or 255: the factor is 0 or infinity. The bound comes first in min and max, because x86
/// returns the second operand where one is NaN.
inline Batch exp(const Batch& x) {
  const Batch clamped = xsimd::min(Batch(89.5F), xsimd::max(Batch(-87.5F), x));
  const Batch shift(12582912.0F + 126.0F);  // 1.5 * 2^23, and the bias of n - 1
  const Batch shifted = multiply_add(clamped, Batch(1.44269504F), shift);
  const Batch n = shifted - shift;
  Batch r = multiply_add(n, Batch(-0.693359375F), clamped);  // the upper part of ln 2 has 9 bits: n times it is exact
  r = multiply_add(n, Batch(2.12194440e-4F), r);
  const Batch mantissa = polynomial(r, 2.0F, 2.0F, 2 * 0.49999994F, 2 * 0.166664302F, 2 * 0.041668009F,
                                    2 * 0.00837423652F, 2 * 0.00138435571F);
  return mantissa * xsimd::bitwise_cast<Batch>(xsimd::bitwise_cast<IntBatch>(shifted) << 23);
}

}  // namespace
}  // namespace v0
}  // namespace seqguard
