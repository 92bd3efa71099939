#include "text/run_pattern.hpp"

#include <algorithm>
#include <charconv>
#include <limits>

#include "text/unicode.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

constexpr std::string_view k_special = "\\^$.|?*+()[]{}";

/// Reads an expression from left to right; `text` is what remains.
struct Reader {
  std::string_view text;
  bool bad = false;

  bool take(std::string_view expected) {
    if (!text.starts_with(expected)) return false;
    text.remove_prefix(expected.size());
    return true;
  }
  char32_t take_character() {
    const char32_t c = decode_utf8(text.data());
    text.remove_prefix(utf8_length(text[0]));
    return c;
  }
  std::size_t take_number() {
    std::size_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || value > 100'000) bad = true;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return value;
  }
};

/// What follows a backslash.
void read_escape(Reader& reader, CharacterSet& set) {
  if (reader.take("p{L}")) {
    set.flags |= k_letter;
  } else if (reader.take("p{N}")) {
    set.flags |= k_number;
  } else if (reader.take("s")) {
    set.flags |= k_regex_space;
  } else if (reader.take("n")) {
    set.literals += U'\n';
  } else if (reader.take("r")) {
    set.literals += U'\r';
  } else if (reader.take("t")) {
    set.literals += U'\t';
  } else if (!reader.text.empty() && (k_special.find(reader.text[0]) != std::string_view::npos ||
                                      reader.text[0] == '-' || reader.text[0] == '/')) {
    set.literals += reader.take_character();
  } else {
    reader.bad = true;
  }
}

/// What follows an opening bracket, to the closing one. Ranges only of digits and ASCII letters.
void read_brackets(Reader& reader, CharacterSet& set) {
  set.negated = reader.take("^");
  while (!reader.bad && !reader.take("]")) {
    if (reader.text.empty()) {
      reader.bad = true;
    } else if (reader.take("\\")) {
      read_escape(reader, set);
    } else if (reader.text.starts_with("[") || reader.text.starts_with("&&")) {  // Oniguruma nests and intersects
      reader.bad = true;
    } else {
      const char32_t first = reader.take_character();
      const bool range = reader.text.size() >= 2 && reader.text[0] == '-' && reader.text[1] != ']';
      if (!range) {
        set.literals += first;
        continue;
      }
      reader.text.remove_prefix(1);
      const char32_t last = reader.take_character();
      if (last < first || last > 0x7F) reader.bad = true;
      for (char32_t c = first; !reader.bad && c <= last; ++c) set.literals += c;
    }
  }
  if (set.literals.empty() && set.flags == 0) reader.bad = true;
}

}  // namespace

bool CharacterSet::contains(char32_t c) const noexcept {
  const bool inside = std::binary_search(literals.begin(), literals.end(), c) ||
                      (flags != 0 && (CharacterTable::instance().flags(c) & flags) != 0);
  return inside != negated;
}

std::optional<PatternMatch> TextPattern::find(std::string_view text, std::size_t from) const {
  if (!literal.empty()) {
    const std::size_t begin = text.find(literal, from);
    if (begin == std::string_view::npos) return std::nullopt;
    return PatternMatch{begin, begin + literal.size()};
  }
  std::size_t begin = from, count = 0, i = from;
  for (; i < text.size(); i += utf8_length(text[i])) {
    if (count < max && set.contains(decode_utf8(text.data() + i))) {
      if (count++ == 0) begin = i;
      continue;
    }
    if (count >= min) return PatternMatch{begin, i};
    // A run that is too short: what is left of it is shorter still.
    count = 0;
  }
  if (count >= min) return PatternMatch{begin, i};
  return std::nullopt;
}

std::optional<TextPattern> parse_run_pattern(std::string_view expression) {
  Reader reader{expression};
  TextPattern pattern;
  if (expression.empty() || expression.size() > k_max_pattern_bytes) return std::nullopt;
  if (reader.take("\\"))
    read_escape(reader, pattern.set);
  else if (reader.take("["))
    read_brackets(reader, pattern.set);
  else if (k_special.find(expression[0]) == std::string_view::npos)
    pattern.set.literals = reader.take_character();
  else
    return std::nullopt;
  constexpr std::size_t k_any = std::numeric_limits<std::size_t>::max();
  if (reader.take("+")) {
    pattern.max = k_any;
  } else if (reader.take("{")) {
    pattern.min = reader.take_number();
    pattern.max = !reader.take(",") ? pattern.min : reader.text.starts_with("}") ? k_any : reader.take_number();
    if (!reader.take("}") || pattern.min == 0 || pattern.max < pattern.min) return std::nullopt;
  }
  if (reader.bad || !reader.text.empty()) return std::nullopt;
  std::sort(pattern.set.literals.begin(), pattern.set.literals.end());
  return pattern;
}

}  // namespace v0
}  // namespace seqguard
