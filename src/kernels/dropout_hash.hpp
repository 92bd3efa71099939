// The random bits of dropout: 32-bit integer arithmetic only, so that every instruction set gets the same mask.
#pragma once

#include <cstdint>

namespace seqguard {
inline namespace v0 {

/// Two words that start the hash of one (key, upper half of the index).
struct DropoutKey {
  std::uint32_t add, mix;
};

/// SplitMix64's finaliser over the key and the upper 32 bits of the index. Inlined always: a copy emitted by an object
/// of one instruction set must not be called from another.
[[gnu::always_inline]] constexpr inline DropoutKey dropout_key(std::uint64_t key, std::uint64_t index) noexcept {
  std::uint64_t x = key + (index >> 32) * 0x9E3779B97F4A7C15u + 0x9E3779B97F4A7C15u;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
  x ^= x >> 31;
  return {static_cast<std::uint32_t>(x), static_cast<std::uint32_t>(x >> 32)};
}

/// hash32(key, index) of KernelTable::dropout for an index whose lower half is `low`: a keyed 32-bit mixer with the
/// multipliers of Wellons' "triple32" family.
[[gnu::always_inline]] constexpr inline std::uint32_t dropout_hash(DropoutKey key, std::uint32_t low) noexcept {
  std::uint32_t x = low + key.add;
  x = (x ^ (x >> 16)) * 0x21F0AAADu;
  x = ((x ^ (x >> 15)) + key.mix) * 0x735A2D97u;
  return x ^ (x >> 15);
}

/// Elements whose hash is below this are dropped. 0 <= rate < 1.
[[gnu::always_inline]] constexpr inline std::uint32_t dropout_threshold(double rate) noexcept {
  return static_cast<std::uint32_t>(rate * 0x1p32);
}

}  // namespace v0
}  // namespace seqguard
