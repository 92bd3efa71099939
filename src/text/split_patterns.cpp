// Hand-written scanners for the regular expressions by which byte-level tokenizers cut text. They need a look-ahead,
// which linear-time engines do not have; and there are only a few of them.
#include "text/split.hpp"
#include "text/unicode.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

/// A text with the properties of its characters.
class Scanner {
 public:
  Scanner(std::string_view text, std::size_t from) : text_(text), from_(from) {}

  std::uint16_t flags(std::size_t i) const { return table_.flags(decode_utf8(text_.data() + i)); }
  bool ends_at(std::size_t i) const { return i >= text_.size(); }
  char byte(std::size_t i) const { return ends_at(i) ? '\0' : text_[i]; }
  std::size_t next(std::size_t i) const { return i + utf8_length(text_[i]); }
  bool is_newline(std::size_t i) const { return byte(i) == '\r' || byte(i) == '\n'; }
  bool is(std::size_t i, unsigned any_of) const { return !ends_at(i) && (flags(i) & any_of) != 0; }
  /// None of \s, \p{L}, \p{N}.
  bool is_symbol(std::size_t i) const { return !ends_at(i) && (flags(i) & (k_regex_space | k_letter | k_number)) == 0; }

  template <class Wanted>
  std::size_t run(std::size_t i, const Wanted& wanted, std::size_t most = static_cast<std::size_t>(-1)) const {
    for (; most > 0 && !ends_at(i) && wanted(i); --most) i = next(i);
    return i;
  }
  std::size_t letters(std::size_t i) const {
    return run(i, [&](std::size_t j) { return is(j, k_letter); });
  }
  std::size_t symbols(std::size_t i) const {
    return run(i, [&](std::size_t j) { return is_symbol(j); });
  }

  /// 's, 't, 're, 've, 'm, 'll, 'd: bytes of the match, or 0.
  std::size_t contraction(bool any_case) const {
    if (byte(from_) != '\'') return 0;
    const auto letter = [&](std::size_t i) {
      const char c = byte(from_ + i);
      return any_case && c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    };
    const char first = letter(1), second = letter(2);
    if ((first == 'r' && second == 'e') || (first == 'v' && second == 'e') || (first == 'l' && second == 'l')) return 3;
    if (first == 's' || first == 't' || first == 'm' || first == 'd') return 2;
    // U+017F, the long s, is an s to those who ignore case.
    return any_case && text_.substr(from_).starts_with("'\xC5\xBF") ? 3 : 0;
  }

  /// \s+(?!\S)|\s+: a run of spaces, without its last one if a word follows.
  std::size_t spaces() const {
    std::size_t last = from_;
    std::size_t end = from_;
    while (is(end, k_regex_space)) {
      last = end;
      end = next(end);
    }
    return (ends_at(end) || last == from_ ? end : last) - from_;
  }

 private:
  const CharacterTable& table_ = CharacterTable::instance();
  std::string_view text_;
  std::size_t from_;
};

/// Llama 3's and Qwen 2's, which differ in how many digits stay together.
template <std::size_t MostDigits>
std::size_t scan_cl100k(std::string_view text, std::size_t from) {
  const Scanner s(text, from);
  if (const std::size_t n = s.contraction(true)) return n;
  // [^\r\n\p{L}\p{N}]?\p{L}+
  const std::size_t word = s.is(from, k_letter | k_number) || s.is_newline(from) ? from : s.next(from);
  if (s.is(word, k_letter)) return s.letters(word) - from;
  if (s.is(from, k_number))
    return s.run(
               from, [&](std::size_t i) { return s.is(i, k_number); }, MostDigits) -
           from;
  const std::size_t symbol = text[from] == ' ' ? from + 1 : from;  // ` ?[^\s\p{L}\p{N}]+[\r\n]*`
  if (s.is_symbol(symbol)) return s.run(s.symbols(symbol), [&](std::size_t i) { return s.is_newline(i); }) - from;
  // \s*[\r\n]+: through the last line end of the run
  std::size_t line_end = from;
  for (std::size_t i = from; s.is(i, k_regex_space); i = s.next(i))
    if (s.is_newline(i)) line_end = i + 1;
  if (line_end != from) return line_end - from;
  return s.spaces();
}

struct KnownPattern {
  std::string_view expression;
  ScanPattern scan;
};
constexpr KnownPattern k_known[] = {
    {R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)", scan_gpt2},
    {R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
     scan_cl100k<3>},
    {R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
     scan_cl100k<1>},
};

}  // namespace

std::size_t scan_gpt2(std::string_view text, std::size_t from) {
  const Scanner s(text, from);
  if (const std::size_t n = s.contraction(false)) return n;
  const std::size_t word = text[from] == ' ' ? from + 1 : from;
  if (s.is(word, k_letter)) return s.letters(word) - from;
  if (s.is(word, k_number)) return s.run(word, [&](std::size_t i) { return s.is(i, k_number); }) - from;
  if (s.is_symbol(word)) return s.symbols(word) - from;
  return s.spaces();
}

ScanPattern find_scanner(std::string_view expression) noexcept {
  for (const KnownPattern& known : k_known)
    if (known.expression == expression) return known.scan;
  return nullptr;
}

std::string known_expressions() {
  std::string names;
  for (const KnownPattern& known : k_known) names += (names.empty() ? "" : "  or  ") + std::string(known.expression);
  return names;
}

}  // namespace v0
}  // namespace seqguard
