// Half precision and bfloat16 as they lie in files; private to the library.
#pragma once

#include <bit>
#include <cstdint>

namespace seqguard {
inline namespace v0 {

/// Exact. Without branches, so that compilers make vectors of it.
inline float widen_f16(std::uint16_t half) {
  constexpr std::uint32_t k_bias = 112u << 23;  // 127 - 15
  const std::uint32_t sign = (half & 0x8000u) << 16, magnitude = half & 0x7FFFu;
  const std::uint32_t normal = (magnitude << 13) + k_bias;
  // m * 2^-24: the last place of 0.5 is 2^-24.
  const auto denormal = std::bit_cast<std::uint32_t>(std::bit_cast<float>(0x3F000000u | (magnitude & 0x3FFu)) - 0.5f);
  const std::uint32_t is_denormal = 0u - static_cast<std::uint32_t>(magnitude < 0x400u);
  const std::uint32_t is_not_finite = 0u - static_cast<std::uint32_t>(magnitude >= 0x7C00u);
  return std::bit_cast<float>(sign | ((denormal & is_denormal) | ((normal + (k_bias & is_not_finite)) & ~is_denormal)));
}

inline float widen_bf16(std::uint16_t upper) { return std::bit_cast<float>(static_cast<std::uint32_t>(upper) << 16); }

/// Rounds to nearest, ties to even; infinity beyond 65504 (from 65520 on). `value` is finite.
inline std::uint16_t narrow_f16(float value) {
  constexpr std::uint32_t k_infinity_from = 0x477FF000;  // 65520
  constexpr std::uint32_t k_normal_from = 0x38800000;    // 2^-14
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const auto sign = static_cast<std::uint16_t>(bits >> 16 & 0x8000u);
  std::uint32_t magnitude = bits & 0x7FFFFFFFu;
  if (magnitude >= k_infinity_from) return static_cast<std::uint16_t>(sign | 0x7C00u);
  if (magnitude < k_normal_from) {
    // The distance of two floats from 0.5 on is 2^-24, that of half's denormals: the addition rounds.
    const float shifted = std::bit_cast<float>(magnitude) + 0.5f;
    return static_cast<std::uint16_t>(sign | (std::bit_cast<std::uint32_t>(shifted) - 0x3F000000u));
  }
  magnitude += 0xFFFu + (magnitude >> 13 & 1u);  // half of the last place kept, less one bit where that is even
  return static_cast<std::uint16_t>(sign | (magnitude - 0x38000000u) >> 13);  // biases: (127 - 15) << 23
}

/// Rounds to nearest, ties to even; infinity near the end of float's range. `value` is finite.
inline std::uint16_t narrow_bf16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  return static_cast<std::uint16_t>((bits + 0x7FFFu + (bits >> 16 & 1u)) >> 16);
}

}  // namespace v0
}  // namespace seqguard
