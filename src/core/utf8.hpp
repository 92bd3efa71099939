// The check that text is well-formed UTF-8.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace seqguard {
inline namespace v0 {

/// Whether `text` is well-formed UTF-8 (Unicode 15, table 3-7): no overlong form, no surrogate, nothing above U+10FFFF.
inline bool is_valid_utf8(std::string_view text) noexcept {
  const auto* p = reinterpret_cast<const unsigned char*>(text.data());
  const auto* end = p + text.size();
  while (p != end) {
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

}  // namespace v0
}  // namespace seqguard
