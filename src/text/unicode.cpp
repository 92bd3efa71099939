#include "text/unicode.hpp"

#include <utf8proc.h>

#include <algorithm>
#include <unordered_map>

namespace seqguard {
inline namespace v0 {
namespace {

constexpr char32_t k_end = 0x110000;

bool is_surrogate(char32_t c) { return c >= 0xD800 && c <= 0xDFFF; }

struct Range {
  char32_t first, last;
};

template <std::size_t N>
bool contains(const Range (&ranges)[N], char32_t c) {
  return std::any_of(std::begin(ranges), std::end(ranges), [&](Range r) { return c >= r.first && c <= r.last; });
}

constexpr Range k_ascii_punctuation[] = {{33, 47}, {58, 64}, {91, 96}, {123, 126}};
/// Symbols that are Alphabetic (Other_Alphabetic of category So).
constexpr Range k_circled_letters[] = {{0x24B6, 0x24E9}, {0x1F130, 0x1F149}, {0x1F150, 0x1F169}, {0x1F170, 0x1F189}};
/// is_chinese_char of tokenizers/src/normalizers/bert.rs, with its 2B920 (where the block starts at 2B820).
constexpr Range k_ideographs[] = {{0x3400, 0x4DBF},   {0x4E00, 0x9FFF},   {0xF900, 0xFAFF},   {0x20000, 0x2A6DF},
                                  {0x2A700, 0x2B73F}, {0x2B740, 0x2B81F}, {0x2B920, 0x2CEAF}, {0x2F800, 0x2FA1F}};

/// Flags that follow from utf8proc's category.
std::uint16_t category_flags(int category) {
  switch (category) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
      return k_letter | k_word;
    case UTF8PROC_CATEGORY_MN:
      return k_nonspacing | k_mark | k_word;
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
      return k_mark | k_word;
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
      return k_number | k_numeric | k_word;
    case UTF8PROC_CATEGORY_NO:
      return k_number | k_numeric;
    case UTF8PROC_CATEGORY_PC:
      return k_punctuation | k_word;
    case UTF8PROC_CATEGORY_PD:
    case UTF8PROC_CATEGORY_PS:
    case UTF8PROC_CATEGORY_PE:
    case UTF8PROC_CATEGORY_PI:
    case UTF8PROC_CATEGORY_PF:
    case UTF8PROC_CATEGORY_PO:
      return k_punctuation;
    case UTF8PROC_CATEGORY_ZS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
      return k_space | k_regex_space;
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CO:
      return k_other;
    default:
      return 0;
  }
}

std::uint16_t utf8proc_flags(char32_t c) {
  std::uint16_t flags = category_flags(utf8proc_category(static_cast<utf8proc_int32_t>(c)));
  if ((c >= 9 && c <= 13) || c == 0x85) flags |= k_space | k_regex_space;
  if (c == 0 || c == 9 || c == 10 || c == 13) flags &= static_cast<std::uint16_t>(~k_other);
  if (contains(k_ascii_punctuation, c)) flags |= k_punctuation;
  if (contains(k_circled_letters, c) || c == 0x200C || c == 0x200D) flags |= k_word;  // Join_Control
  if (contains(k_ideographs, c)) flags |= k_ideograph;
  return flags;
}

/// The entry of a sorted table for c, or null.
template <class Entry>
const Entry* find(std::span<const Entry> table, char32_t c) {
  const auto found = std::lower_bound(table.begin(), table.end(), c,
                                      [](const Entry& entry, char32_t value) { return entry.character < value; });
  return found != table.end() && found->character == c ? &*found : nullptr;
}

template <class Entry>
const Entry* find_range(std::span<const Entry> table, char32_t c) {
  const auto found = std::lower_bound(table.begin(), table.end(), c,
                                      [](const Entry& entry, char32_t value) { return entry.last < value; });
  return found != table.end() && found->first <= c ? &*found : nullptr;
}

constexpr char32_t k_hangul_base = 0xAC00, k_l_base = 0x1100, k_v_base = 0x1161, k_t_base = 0x11A7;
constexpr char32_t k_l_count = 19, k_v_count = 21, k_t_count = 28;

using PairMap = std::unordered_map<std::uint64_t, char32_t>;

std::uint64_t pair_key(char32_t first, char32_t second) { return std::uint64_t{first} << 32 | second; }

/// utf8proc composes whole texts only: every pair is found by composing the decompositions of all characters.
PairMap make_pairs() {
  PairMap pairs;
  const auto composed = [](std::u32string text) {
    const auto n = utf8proc_normalize_utf32(reinterpret_cast<utf8proc_int32_t*>(text.data()),
                                            static_cast<utf8proc_ssize_t>(text.size()),
                                            static_cast<utf8proc_option_t>(UTF8PROC_COMPOSE | UTF8PROC_STABLE));
    text.resize(n < 0 ? 0 : static_cast<std::size_t>(n));
    return text;
  };
  std::u32string parts;
  for (char32_t c = 0xC0; c < k_end; ++c) {
    if (is_surrogate(c) || (c >= k_hangul_base && c < k_hangul_base + k_l_count * k_v_count * k_t_count)) continue;
    if (utf8proc_get_property(static_cast<utf8proc_int32_t>(c))->decomp_seqindex == UINT16_MAX) continue;
    parts.clear();
    append_decomposition(c, false, parts);
    if (parts.size() < 2) continue;
    if (composed(parts + U'\0').compare(0, 2, std::u32string{c, U'\0'}) != 0) continue;
    const std::u32string first = composed(parts.substr(0, parts.size() - 1) + U'\0');
    if (first.size() == 2) pairs.emplace(pair_key(first[0], parts.back()), c);
  }
  return pairs;
}

}  // namespace

CharacterTable::CharacterTable() : blocks_(k_end >> 8) {
  std::vector<std::uint16_t> all(k_end);
  std::u32string parts;
  for (char32_t c = 0; c < k_end; ++c) {
    if (is_surrogate(c)) continue;
    all[c] = utf8proc_flags(c);
    const auto* property = utf8proc_get_property(static_cast<utf8proc_int32_t>(c));
    const bool hangul = c >= k_hangul_base && c < k_hangul_base + k_l_count * k_v_count * k_t_count;
    if (property->combining_class == 0 && property->decomp_seqindex == UINT16_MAX && !hangul) all[c] |= k_normal;
  }
  for (const FlagOverride& entry : flag_overrides())
    for (char32_t c = entry.first; c <= entry.last; ++c) all[c] ^= entry.toggled;
  for (const auto& entry : combining_class_overrides()) all[entry.character] &= static_cast<std::uint16_t>(~k_normal);
  for (const auto& entry : decomposition_overrides()) all[entry.character] &= static_cast<std::uint16_t>(~k_normal);
  for (std::size_t block = 0; block < blocks_.size(); ++block) {
    const auto* from = all.data() + block * 256;
    std::size_t same = 0;
    while (same < flags_.size() && !std::equal(from, from + 256, flags_.begin() + static_cast<std::ptrdiff_t>(same)))
      same += 256;
    if (same == flags_.size()) flags_.insert(flags_.end(), from, from + 256);
    blocks_[block] = static_cast<std::uint16_t>(same / 256);
  }
}

const CharacterTable& CharacterTable::instance() {
  static const CharacterTable table;
  return table;
}

char32_t lower_case(char32_t c) noexcept {
  if (const auto* entry = find(lower_case_overrides(), c)) return entry->value;
  return static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c)));
}

std::uint8_t combining_class(char32_t c) noexcept {
  if (const auto* entry = find(combining_class_overrides(), c)) return static_cast<std::uint8_t>(entry->value);
  return static_cast<std::uint8_t>(utf8proc_get_property(static_cast<utf8proc_int32_t>(c))->combining_class);
}

void append_decomposition(char32_t c, bool compatible, std::u32string& out) {
  const auto table = decomposition_overrides();
  for (auto found = std::lower_bound(table.begin(), table.end(), c,
                                     [](const auto&entry, char32_t value) { return entry.character < value; });
       found != table.end() && found->character == c; ++found)
    if (found->compatible == compatible) {
      out += found->parts;
      return;
    }
  constexpr std::size_t k_longest = 32;  // U+FDFA has 18
  utf8proc_int32_t parts[k_longest];
  int last = 0;
  const auto options = static_cast<utf8proc_option_t>(UTF8PROC_DECOMPOSE | (compatible ? UTF8PROC_COMPAT : 0));
  const auto n = utf8proc_decompose_char(static_cast<utf8proc_int32_t>(c), parts, k_longest, options, &last);
  for (utf8proc_ssize_t i = 0; i < n && i < static_cast<utf8proc_ssize_t>(k_longest); ++i)
    out += static_cast<char32_t>(parts[i]);
}

char32_t compose_pair(char32_t first, char32_t second) noexcept {
  if (first - k_l_base < k_l_count && second - k_v_base < k_v_count)
    return k_hangul_base + ((first - k_l_base) * k_v_count + (second - k_v_base)) * k_t_count;
  if (first - k_hangul_base < k_l_count * k_v_count * k_t_count && (first - k_hangul_base) % k_t_count == 0 &&
      second - k_t_base - 1 < k_t_count - 1)
    return first + (second - k_t_base);
  static const PairMap pairs = make_pairs();
  const auto found = pairs.find(pair_key(first, second));
  return found == pairs.end() ? 0 : found->second;
}

GraphemeClass grapheme_class(char32_t c) noexcept {
  if (const auto* entry = find_range(grapheme_overrides(), c)) return entry->value;
  const unsigned bound = utf8proc_get_property(static_cast<utf8proc_int32_t>(c))->boundclass;
  if (bound == UTF8PROC_BOUNDCLASS_EXTENDED_PICTOGRAPHIC) return GraphemeClass::pictographic;
  // From OTHER (1) to ZWJ (14) both enumerations have the same order.
  return bound >= 1 && bound <= 14 ? static_cast<GraphemeClass>(bound - 1) : GraphemeClass::other;
}

IndicClass indic_class(char32_t c) noexcept {
  const auto* entry = find_range(indic_ranges(), c);
  return entry == nullptr ? IndicClass::none : entry->value;
}

}  // namespace v0
}  // namespace seqguard
