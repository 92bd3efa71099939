// Steps through UTF-8 that is known to be well formed (is_valid_utf8); private to the library.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace seqguard {
inline namespace v0 {

/// Bytes of the character whose first byte is `lead`.
inline std::size_t utf8_length(char lead) noexcept {
  const auto byte = static_cast<unsigned char>(lead);
  return byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
}

inline bool is_utf8_start(char byte) noexcept { return (static_cast<unsigned char>(byte) & 0xC0) != 0x80; }

/// The character that starts at p.
inline char32_t decode_utf8(const char* p) noexcept {
  const auto* u = reinterpret_cast<const unsigned char*>(p);
  if (u[0] < 0x80) return u[0];
  if (u[0] < 0xE0) return static_cast<char32_t>((u[0] & 0x1F) << 6 | (u[1] & 0x3F));
  if (u[0] < 0xF0) return static_cast<char32_t>((u[0] & 0x0F) << 12 | (u[1] & 0x3F) << 6 | (u[2] & 0x3F));
  return static_cast<char32_t>((u[0] & 0x07) << 18 | (u[1] & 0x3F) << 12 | (u[2] & 0x3F) << 6 | (u[3] & 0x3F));
}

/// Writes the character c (no surrogate, at most U+10FFFF) to out[0..4) and returns its number of bytes.
inline std::size_t encode_utf8(char32_t c, char* out) noexcept {
  if (c < 0x80) {
    out[0] = static_cast<char>(c);
    return 1;
  }
  if (c < 0x800) {
    out[0] = static_cast<char>(0xC0 | c >> 6);
    out[1] = static_cast<char>(0x80 | (c & 0x3F));
    return 2;
  }
  if (c < 0x10000) {
    out[0] = static_cast<char>(0xE0 | c >> 12);
    out[1] = static_cast<char>(0x80 | (c >> 6 & 0x3F));
    out[2] = static_cast<char>(0x80 | (c & 0x3F));
    return 3;
  }
  out[0] = static_cast<char>(0xF0 | c >> 18);
  out[1] = static_cast<char>(0x80 | (c >> 12 & 0x3F));
  out[2] = static_cast<char>(0x80 | (c >> 6 & 0x3F));
  out[3] = static_cast<char>(0x80 | (c & 0x3F));
  return 4;
}

inline void append_utf8(std::string& text, char32_t c) {
  char bytes[4];
  text.append(bytes, encode_utf8(c, bytes));
}

/// The first byte of the character that ends before `end` (end > 0).
inline std::size_t previous_utf8(std::string_view text, std::size_t end) noexcept {
  do --end;
  while (!is_utf8_start(text[end]));
  return end;
}

/// Number of characters.
inline std::size_t count_utf8(std::string_view text) noexcept {
  std::size_t count = 0;
  for (const char byte : text) count += is_utf8_start(byte);
  return count;
}

}  // namespace v0
}  // namespace seqguard
