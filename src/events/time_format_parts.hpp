// What the formats of times are made of.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace seqguard {
inline namespace v0 {

inline constexpr std::array<std::string_view, 12> k_months = {"January",   "February", "March",    "April",
                                                              "May",       "June",     "July",     "August",
                                                              "September", "October",  "November", "December"};
inline constexpr std::array<std::string_view, 7> k_days = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                           "Thursday", "Friday", "Saturday"};
inline constexpr std::size_t k_short_name = 3;

/// What a letter is short for; empty: nothing.
constexpr std::string_view expanded(char letter) {
  switch (letter) {
    case 'T':
      return "%H:%M:%S";
    case 'R':
      return "%H:%M";
    case 'D':
      return "%m/%d/%y";
    case 'F':
      return "%Y-%m-%d";
    case 'n':
    case 't':
      return " ";
    default:
      return {};
  }
}

/// Calls part(letter) and literal(character) for what stands in a format one after another, until one returns false.
/// Letters that are short for several are taken apart.
template <class Part, class Literal>
bool for_each_part(std::string_view format, const Part& part, const Literal& literal) {
  for (std::size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%') {
      if (!literal(format[i])) return false;
      continue;
    }
    const char letter = ++i < format.size() ? format[i] : '\0';
    if (letter == '%') {
      if (!literal('%')) return false;
    } else if (const std::string_view several = expanded(letter); !several.empty()) {
      if (!for_each_part(several, part, literal)) return false;
    } else if (!part(letter)) {
      return false;
    }
  }
  return true;
}

}  // namespace v0
}  // namespace seqguard
