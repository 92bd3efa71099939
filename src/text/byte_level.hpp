// GPT-2's alphabet: each byte as one printable character.
#pragma once

#include <array>
#include <cstdint>

namespace seqguard {
inline namespace v0 {

/// The character for each byte: bytes that print stand for themselves, the others for U+0100 and what follows.
constexpr std::array<char32_t, 256> byte_level_alphabet() noexcept {
  std::array<char32_t, 256> alphabet{};
  char32_t next = 0x100;
  for (unsigned byte = 0; byte < 256; ++byte) {
    const bool prints = (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
    alphabet[byte] = prints ? byte : next++;
  }
  return alphabet;
}

constexpr char32_t k_byte_level_space = 0x120;  // the character for ' '

}  // namespace v0
}  // namespace seqguard
