// A number of a tokenizer file as the tokenizers package reads it.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>
#include <system_error>

namespace seqguard {
inline namespace v0 {

/// 10^exponent, to the nearest double; exponent 0 .. 308.
inline double power_of_ten(int exponent) {
  char text[8] = "1e";
  const char* const end = std::to_chars(text + 2, text + sizeof text, exponent).ptr;
  double power = 0;
  std::from_chars(text, end, power);
  return power;
}

/// Rust's serde_json (without its feature float_roundtrip) rounds twice: the digits, as far as 64 bits hold them,
/// become a double, which is multiplied or divided by a power of ten. Of scores with 17 digits every seventh differs by
/// one unit in the last place from the nearest double, which decides between ways through a word that have the same
/// pieces in another order. `text` is a JSON number; whatever stands for its decimal point (the JSON library's buffer
/// has that of the locale).
inline double crate_number(std::string_view text) {
  constexpr int k_largest_exponent = 308;
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  const std::size_t mark = std::min(text.find_first_of("eE"), text.size());
  std::uint64_t digits = 0;
  int exponent = 0;
  bool in_fraction = false, is_full = false;
  for (const char c : text.substr(0, mark)) {
    if (!is_digit(c)) {
      in_fraction = true;
      is_full = false;  // the fraction tries again, even behind an integer that was cut
      continue;
    }
    const auto digit = static_cast<std::uint64_t>(c - '0');
    constexpr std::uint64_t k_most = std::numeric_limits<std::uint64_t>::max();
    is_full = is_full || digits > (k_most - digit) / 10;
    if (!is_full) digits = digits * 10 + digit;
    exponent += in_fraction ? (is_full ? 0 : -1) : (is_full ? 1 : 0);
  }
  if (mark < text.size()) {
    std::string_view power = text.substr(mark + 1);
    if (power.starts_with('+')) power.remove_prefix(1);
    int written = 0;
    if (std::from_chars(power.data(), power.data() + power.size(), written).ec != std::errc())
      written = power.starts_with('-') ? -1'000'000 : 1'000'000;
    exponent += std::clamp(written, -1'000'000, 1'000'000);
  }
  auto value = static_cast<double>(digits);
  for (; exponent < -k_largest_exponent && value != 0; exponent += k_largest_exponent) value /= 1e308;
  exponent = std::max(exponent, -k_largest_exponent);
  if (value != 0 && exponent > k_largest_exponent)
    value = std::numeric_limits<double>::infinity();
  else if (value != 0)
    value = exponent < 0 ? value / power_of_ten(-exponent) : value * power_of_ten(exponent);
  return negative ? -value : value;
}

}  // namespace v0
}  // namespace seqguard
