// 8-bit integers: rows of bytes with a scale and an offset of their own, and the product of four pairs.
//
// VPDPBUSD adds to a 32-bit integer four products of an unsigned byte (of the left-hand side) by a signed one (of a
// weight), without saturation: sums are exact, in whatever order, on every machine. All floating-point steps around
// them are one multiplication, addition or fused multiply-add each, so the emulation has the hardware's bits.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/bf16.inl.hpp"
#include "kernels/simd.inl.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

/// Four bytes that follow each other in k.
using Quad [[gnu::may_alias]] = std::uint32_t;

/// sum + a0 b0 + a1 b1 + a2 b2 + a3 b3, bytes of `a` unsigned, of `b` signed.
[[gnu::always_inline]] inline IntBatch add_byte_products(const IntBatch& a, const IntBatch& b, const IntBatch& sum) {
#if defined(__AVX512VNNI__)
  // Of the intrinsic gcc 12 copies the sums of a tile around in each step: 57 % of the rate.
  __m512i result = sum;
  asm("vpdpbusd %2, %1, %0" : "+v"(result) : "v"(static_cast<__m512i>(a)), "v"(static_cast<__m512i>(b)));
  return result;
#else
  IntBatch result = sum;
  for (int shift = 0; shift < 32; shift += 8) result += ((a >> shift) & IntBatch(0xFF)) * ((b << (24 - shift)) >> 24);
  return result;
#endif
}

/// a * b + c with one rounding, everywhere.
[[gnu::always_inline]] inline Batch fused(const Batch& a, const Batch& b, const Batch& c) {
#if defined(__AVX512F__)
  return _mm512_fmadd_ps(a, b, c);
#else
  alignas(64) float x[k_width], y[k_width], z[k_width];
  a.store_aligned(x);
  b.store_aligned(y);
  c.store_aligned(z);
  for (Size i = 0; i < k_width; ++i) z[i] = __builtin_fmaf(x[i], y[i], z[i]);
  return Batch::load_aligned(z);
#endif
}

[[gnu::always_inline]] inline Batch to_floats(const IntBatch& x) {
#if defined(__AVX512F__)
  return _mm512_cvtepi32_ps(x);
#else
  return xsimd::to_float(x);
#endif
}

/// What a byte q of a row means: scale * q + offset. It stands behind the row's bytes, at a multiple of 4.
struct [[gnu::may_alias]] RowScale {
  float scale, offset;
};
inline Size scale_at(Size k) { return (k + 3) / 4 * 4; }

/// Rows of bytes, in the memory in which they were rows of bfloat16 before: an odd number of cache lines, so that rows
/// do not share their sets of the first-level cache; with room behind the bytes for a whole vector of them and a scale.
inline Size byte_row_bytes(Size k) {
  const Size lines = ((2 * k > k + 32 ? 2 * k : k + 32) + 63) / 64;
  return (lines | 1) * 64;
}

/// out[0, k_width) = the low bytes of x.
inline void store_bytes(std::uint8_t* out, const IntBatch& x) {
#if defined(__AVX512F__)
  _mm_storeu_si128(reinterpret_cast<__m128i*>(out), _mm512_cvtepi32_epi8(x));
#else
  alignas(64) std::int32_t lanes[k_width];
  x.store_aligned(lanes);
  for (Size i = 0; i < k_width; ++i) out[i] = static_cast<std::uint8_t>(lanes[i]);
#endif
}

struct FloatsOfRow {
  const float* row;
  Batch whole(Size i) const { return load(row + i); }
  Batch first(Size i, Size count) const { return load_first(row + i, count); }
};

struct Bf16OfRow {
  const Bf16* row;
#if defined(__AVX512F__)
  static Batch widened(__m256i x) { return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(x), 16)); }
  Batch whole(Size i) const { return widened(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(row + i))); }
  Batch first(Size i, Size count) const {
    return widened(_mm256_maskz_loadu_epi16(static_cast<__mmask16>((1U << count) - 1), row + i));
  }
#else
  Batch whole(Size i) const { return first(i, k_width); }
  Batch first(Size i, Size count) const {
    alignas(64) float lanes[k_width] = {};
    for (Size l = 0; l < count; ++l) lanes[l] = __builtin_bit_cast(float, std::uint32_t{row[i + l]} << 16);
    return Batch::load_aligned(lanes);
  }
#endif
};

/// The range of a row, 0 included.
struct RowRange {
  float highest, lowest;
  bool finite;
};

inline RowRange range_of(const Batch& highest, const Batch& lowest, const Batch& probe) {
#if defined(__AVX512F__)
  // Both at once: pairs of (highest, -lowest), folded until one is left.
  const Batch negated = _mm512_xor_ps(lowest, _mm512_set1_ps(-0.0F));
  __m512 x = _mm512_max_ps(_mm512_unpacklo_ps(highest, negated), _mm512_unpackhi_ps(highest, negated));
  x = _mm512_max_ps(x, _mm512_shuffle_f32x4(x, x, 0x4E));
  x = _mm512_max_ps(x, _mm512_shuffle_f32x4(x, x, 0xB1));
  const __m128 y =
      _mm_max_ps(_mm512_castps512_ps128(x), _mm_movehl_ps(_mm512_castps512_ps128(x), _mm512_castps512_ps128(x)));
  return {_mm_cvtss_f32(y), -_mm_cvtss_f32(_mm_movehdup_ps(y)), _mm512_cmp_ps_mask(probe, probe, _CMP_UNORD_Q) == 0};
#else
  alignas(64) float lanes[3][k_width];
  highest.store_aligned(lanes[0]);
  lowest.store_aligned(lanes[1]);
  probe.store_aligned(lanes[2]);
  RowRange range{0, 0, true};
  for (Size i = 0; i < k_width; ++i) {
    if (lanes[0][i] > range.highest) range.highest = lanes[0][i];
    if (lanes[1][i] < range.lowest) range.lowest = lanes[1][i];
    range.finite = range.finite && lanes[2][i] == lanes[2][i];
  }
  return range;
#endif
}

template <class Source>
inline RowRange range_of(const Source& source, Size k) {
  constexpr Size chains = 4;
  const Batch zero(0.0F);
  Batch highest[chains], lowest[chains], probe[chains];  // the probe becomes NaN with NaN and infinity
  for (Size c = 0; c < chains; ++c) highest[c] = lowest[c] = probe[c] = zero;
  const auto take = [&](Size c, const Batch& x) {
    highest[c] = xsimd::max(highest[c], x);
    lowest[c] = xsimd::min(lowest[c], x);
    probe[c] = multiply_add(x, zero, probe[c]);
  };
  Size i = 0;
  for (; i + chains * k_width <= k; i += chains * k_width)
#pragma GCC unroll 4
    for (Size c = 0; c < chains; ++c) take(c, source.whole(i + c * k_width));
  for (; i + k_width <= k; i += k_width) take(0, source.whole(i));
  if (i < k) take(1, source.first(i, k - i));
  return range_of(xsimd::max(xsimd::max(highest[0], highest[1]), xsimd::max(highest[2], highest[3])),
                  xsimd::min(xsimd::min(lowest[0], lowest[1]), xsimd::min(lowest[2], lowest[3])),
                  (probe[0] + probe[1]) + (probe[2] + probe[3]));
}

#if defined(__AVX512BW__)
/// Of bfloat16 by integers: x ^ (x < 0 ? 0x7FFF : 0) has the order of the numbers, infinity and NaN outermost; its
/// complement the reverse order, and of a negative number it is the magnitude.
inline RowRange range_of(const Bf16OfRow& source, Size k) {
  constexpr Size width = 2 * k_width;
  const __m512i magnitude = _mm512_set1_epi16(0x7FFF);
  __m512i highest[2] = {_mm512_setzero_si512(), _mm512_setzero_si512()};
  __m512i lowest[2] = {_mm512_set1_epi16(-1), _mm512_set1_epi16(-1)};  // of -0
  const auto take = [&](Size c, const __m512i& x) {
    const __m512i ordered = _mm512_xor_si512(x, _mm512_and_si512(_mm512_srai_epi16(x, 15), magnitude));
    highest[c] = _mm512_max_epi16(highest[c], ordered);
    lowest[c] = _mm512_min_epi16(lowest[c], ordered);
  };
  Size i = 0;
  for (; i + 2 * width <= k; i += 2 * width) {
    take(0, _mm512_loadu_si512(source.row + i));
    take(1, _mm512_loadu_si512(source.row + i + width));
  }
  for (; i < k; i += width)
    take(0, _mm512_maskz_loadu_epi16(~__mmask32{0} >> (width - smaller(width, k - i)), source.row + i));
  // Pairs of the highest and of the lowest's complement, folded until one is left.
  const __m512i high = _mm512_max_epi16(highest[0], highest[1]);
  const __m512i low = _mm512_xor_si512(_mm512_min_epi16(lowest[0], lowest[1]), _mm512_set1_epi16(-1));
  const __m512i x = _mm512_max_epi16(_mm512_unpacklo_epi16(high, low), _mm512_unpackhi_epi16(high, low));
  const __m256i y = _mm256_max_epi16(_mm512_castsi512_si256(x), _mm512_extracti64x4_epi64(x, 1));
  __m128i z = _mm_max_epi16(_mm256_castsi256_si128(y), _mm256_extracti128_si256(y, 1));
  z = _mm_max_epi16(z, _mm_shuffle_epi32(z, 0x4E));
  z = _mm_max_epi16(z, _mm_shuffle_epi32(z, 0xB1));
  const std::uint32_t pair = static_cast<std::uint32_t>(_mm_cvtsi128_si32(z));
  const std::uint32_t top = pair << 16, bottom = pair & 0xFFFF0000U;
  return {__builtin_bit_cast(float, top), -__builtin_bit_cast(float, bottom),
          top < 0x7F800000U && bottom < 0x7F800000U};
}
#endif

constexpr float k_magic = 12582912.0F;  // 1.5 * 2^23: a float near it has its integer part in the low bits

/// The steps of a row: an element x becomes the byte x * inverse + zero, rounded.
struct RowSteps {
  float step, inverse, zero;
};
inline RowSteps row_steps(float step, const RowRange& range) {
  const float inverse = 1.0F / step;
  return {step, inverse, -range.lowest * inverse + k_magic - k_magic};
}

/// The range in 255 steps. Where the largest element would be rounded up to 256, because its place is a half like that
/// of 0.0, steps are a little wider.
inline RowSteps row_steps(const RowRange& range) {
  const float step = range.highest * (1.0F / 255.0F) - range.lowest * (1.0F / 255.0F);
  if (!(step > 0x1p-100F)) return {0.0F, 0.0F, 0.0F};
  const RowSteps steps = row_steps(step, range);
  return range.highest * steps.inverse + steps.zero < 255.5F ? steps : row_steps(step * 1.001F, range);
}

/// The bytes of a row, and its scale: the range from the least element or 0 to the largest or 0 in 255 steps, of which
/// one is 0 exactly; each element goes to the nearest: |error| <= half a step. A row without a range is one of zeros; a
/// row with NaN or infinity means NaN in all its products. `bytes` may be the row itself where that is bfloat16.
template <class Source>
inline void quantise_row(std::byte* bytes, const Source& source, Size k) {
  std::uint8_t* const out = reinterpret_cast<std::uint8_t*>(bytes);
  const RowRange range = range_of(source, k);
  const auto [step, inverse, zero] = row_steps(range);
  const Batch scale(inverse), shift(k_magic + zero);
  // Both roundings to integers are of the same product where x is the least element: no byte is below 0.
  const auto put = [&](Size i, const Batch& x) {
    store_bytes(out + i, xsimd::bitwise_cast<IntBatch>(x * scale + shift));
  };
  Size i = 0;
  for (; i + k_width <= k; i += k_width) put(i, source.whole(i));
  if (i < k) put(i, source.first(i, k - i));
  RowScale result{step, -step * zero};
  if (!range.finite) result.scale = result.offset = __builtin_nanf("");
  __builtin_memcpy(bytes + scale_at(k), &result, sizeof(result));
}

}  // namespace
}  // namespace v0
}  // namespace seqguard
