// The check that text is well-formed UTF-8, and its repair.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace seqguard {
inline namespace v0 {

/// Whether `text` is well-formed UTF-8 (Unicode 15, table 3-7): no overlong form, no surrogate, nothing above U+10FFFF.
inline bool is_valid_utf8(std::string_view text) noexcept {
  const auto* p = reinterpret_cast<const unsigned char*>(text.data());
  const auto* end = p + text.size();
  while (p != end) {
    std::uint64_t eight = 0;
    if (end - p >= 8 && (std::memcpy(&eight, p, 8), (eight & 0x8080808080808080) == 0)) {
      p += 8;  // ASCII
      continue;
    }
    const unsigned lead = *p++;
    if (lead < 0x80) continue;
    const std::ptrdiff_t trailing = lead < 0xC2 ? -1 : lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : lead < 0xF5 ? 3 : -1;
    if (trailing < 0 || end - p < trailing) return false;
    const unsigned low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    const unsigned high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    if (p[0] < low || p[0] > high) return false;
    for (std::ptrdiff_t i = 1; i < trailing; ++i)
      if ((p[i] & 0xC0) != 0x80) return false;
    p += trailing;
  }
  return true;
}

/// The character that a text (not empty) begins with.
struct Utf8Part {
  std::size_t size;  ///< in bytes; of an ill-formed one: of the longest part that begins some character, at least 1
  bool well_formed;
};
inline Utf8Part first_utf8_part(std::string_view text) noexcept {
  const unsigned lead = static_cast<unsigned char>(text[0]);
  if (lead < 0x80) return {1, true};
  const std::size_t trailing = lead < 0xC2 ? 0 : lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : lead < 0xF5 ? 3 : 0;
  unsigned low = lead == 0xE0   ? 0xA0
                 : lead == 0xF0 ? 0x90
                                : 0x80,
           high = lead == 0xED   ? 0x9F
                  : lead == 0xF4 ? 0x8F
                                 : 0xBF;
  std::size_t size = 1;
  for (; size <= trailing && size < text.size(); ++size, low = 0x80, high = 0xBF)
    if (const unsigned next = static_cast<unsigned char>(text[size]); next < low || next > high) break;
  return {size, trailing > 0 && size == trailing + 1};
}

/// The text with each maximal subpart of an ill-formed sequence replaced by U+FFFD (Unicode 15, section 3.9).
inline void repair_utf8(std::string_view text, std::string& out) {
  out.clear();
  while (!text.empty()) {
    const Utf8Part part = first_utf8_part(text);
    out += part.well_formed ? text.substr(0, part.size) : std::string_view("\xEF\xBF\xBD");
    text.remove_prefix(part.size);
  }
}

}  // namespace v0
}  // namespace seqguard
