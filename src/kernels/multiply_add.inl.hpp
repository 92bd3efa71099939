// The fused multiply-add of an instruction set: xsimd 8.1 has it for AVX2 only; its fma() for AVX-512 and NEON is a
// product and a sum with two roundings.
#pragma once

#include <xsimd/xsimd.hpp>

namespace seqguard {
inline namespace v0 {
namespace {

using FloatBatch = xsimd::batch<float>;

/// a * b + c with one rounding; on x86-64 without FMA a product and a sum.
[[gnu::always_inline]] inline FloatBatch multiply_add(const FloatBatch& a, const FloatBatch& b, const FloatBatch& c) {
#if defined(__AVX512F__)
  return _mm512_fmadd_ps(a, b, c);
#elif defined(__aarch64__)
  return vfmaq_f32(c, a, b);
#else
  return xsimd::fma(a, b, c);
#endif
}

}  // namespace
}  // namespace v0
}  // namespace seqguard
