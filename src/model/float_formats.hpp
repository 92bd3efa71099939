// Half precision and bfloat16 as they lie in files; private to the library.
#pragma once

#include <bit>
#include <cstdint>

namespace seqguard {

inline float widen_f16(std::uint16_t half) {
  const std::uint32_t sign = static_cast<std::uint32_t>(half & 0x8000u) << 16;
  const std::uint32_t exponent = half >> 10 & 0x1Fu, mantissa = half & 0x3FFu;
  if (exponent == 0) {  // zero or denormal: mantissa * 2^-24, exact
    const float value = static_cast<float>(mantissa) * 0x1p-24f;
    return sign != 0 ? -value : value;
  }
  const std::uint32_t wide = exponent == 31 ? 255 : exponent + 112;  // biases: 127 - 15
  return std::bit_cast<float>(sign | wide << 23 | mantissa << 13);
}

inline float widen_bf16(std::uint16_t upper) { return std::bit_cast<float>(static_cast<std::uint32_t>(upper) << 16); }

}  // namespace seqguard
