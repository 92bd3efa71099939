// What may be searched for in a text: a literal, or a run of characters of one class.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace seqguard {
inline namespace v0 {

/// Bytes of a pattern from a file, which is compared with the text at every place.
constexpr std::size_t k_max_pattern_bytes = 1'024;

/// A class of characters: literals, and those with one of the flags of unicode.hpp.
struct CharacterSet {
  std::u32string literals;  ///< ascending
  unsigned flags = 0;       ///< any of them
  bool negated = false;     ///< [^..]
  bool contains(char32_t c) const noexcept;
};

/// Where a pattern was found: bytes [begin, end), begin < end.
struct PatternMatch {
  std::size_t begin = 0, end = 0;
};

/// A literal text, or `min` to `max` characters of a set, as many as there are.
struct TextPattern {
  std::string literal;  ///< empty: a run
  CharacterSet set;
  std::size_t min = 1, max = 1;

  /// The first match that starts at or after `from`.
  std::optional<PatternMatch> find(std::string_view text, std::size_t from) const;
};

/// Reads a regular expression that is one class with an optional repetition, e.g. " {2,}", "\s+", "[\r\n]", "\d{1,3}".
/// Null for every other expression.
std::optional<TextPattern> parse_run_pattern(std::string_view expression);

}  // namespace v0
}  // namespace seqguard
