// What the tokenizers know of characters: utf8proc's tables, corrected where the Hugging Face crate has others.
//
// The crate mixes tables of several Unicode versions (categories of Unicode 8, lower case and white space of the
// newest). unicode_overrides.cpp lists every code point where they differ from utf8proc's. This unit alone includes
// utf8proc.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "text/utf8_text.hpp"

namespace seqguard {
inline namespace v0 {

/// Properties of a character, as bits.
enum CharacterFlag : std::uint16_t {
  k_space = 1,          ///< White_Space
  k_punctuation = 2,    ///< category P*, or punctuation of ASCII ($+<=>^`|~ too)
  k_other = 4,          ///< categories Cc, Cf, Co without NUL, \t, \n and \r (unassigned ones are not meant)
  k_nonspacing = 8,     ///< category Mn
  k_mark = 16,          ///< categories Mn, Mc, Me
  k_numeric = 32,       ///< categories Nd, Nl, No, as Rust knows them
  k_word = 64,          ///< \w of Rust's regular expressions
  k_letter = 128,       ///< \p{L} of Oniguruma
  k_number = 256,       ///< \p{N} of Oniguruma
  k_regex_space = 512,  ///< \s of Oniguruma
  k_ideograph = 1024,   ///< the blocks around which BERT puts spaces
  k_normal = 2048,      ///< combining class 0 and no canonical or compatibility decomposition
};

/// Properties of every character, looked up in two steps. Built once for the process; immutable.
class CharacterTable {
 public:
  /// The table; the first call builds it (about 20 ms). Thread-safe.
  static const CharacterTable& instance();

  std::uint16_t flags(char32_t c) const noexcept { return flags_[(blocks_[c >> 8] << 8) + (c & 0xFF)]; }
  bool is(char32_t c, CharacterFlag flag) const noexcept { return (flags(c) & flag) != 0; }

 private:
  CharacterTable();
  std::vector<std::uint16_t> blocks_;  // of the 256 characters from 256 * i: their place in flags_, divided by 256
  std::vector<std::uint16_t> flags_;
};

/// Lower case of one character without context; U+0130 becomes two (i, U+0307), which the caller handles.
char32_t lower_case(char32_t c) noexcept;

/// Canonical combining class.
std::uint8_t combining_class(char32_t c) noexcept;

/// Appends the full decomposition of c (c itself where it has none) to out.
void append_decomposition(char32_t c, bool compatible, std::u32string& out);

/// The primary composite of a pair, or 0.
char32_t compose_pair(char32_t first, char32_t second) noexcept;

/// Classes of the rules for grapheme clusters (Unicode annex 29).
enum class GraphemeClass : std::uint8_t {
  other,
  cr,
  lf,
  control,
  extend,
  l,
  v,
  t,
  lv,
  lvt,
  regional_indicator,
  spacing_mark,
  prepend,
  zwj,
  pictographic,
};
GraphemeClass grapheme_class(char32_t c) noexcept;

/// Indic_Conjunct_Break.
enum class IndicClass : std::uint8_t { none, consonant, linker };
IndicClass indic_class(char32_t c) noexcept;

/// One block per change of a property between utf8proc and the crate; see unicode_overrides.cpp.
struct FlagOverride {
  char32_t first, last;
  std::uint16_t toggled;  ///< flags that are the other way round
};
struct CharacterOverride {
  char32_t character, value;
};
struct DecompositionOverride {
  char32_t character;
  bool compatible;
  std::u32string_view parts;
};
struct GraphemeOverride {
  char32_t first, last;
  GraphemeClass value;
};
struct IndicRange {
  char32_t first, last;
  IndicClass value;
};
/// Each sorted by character.
std::span<const FlagOverride> flag_overrides() noexcept;
std::span<const CharacterOverride> lower_case_overrides() noexcept;
std::span<const CharacterOverride> combining_class_overrides() noexcept;
std::span<const DecompositionOverride> decomposition_overrides() noexcept;
std::span<const GraphemeOverride> grapheme_overrides() noexcept;
std::span<const IndicRange> indic_ranges() noexcept;

}  // namespace v0
}  // namespace seqguard
