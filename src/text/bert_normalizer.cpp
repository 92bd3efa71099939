// BERT's normalizer: drop control characters, spaces around ideographs, strip accents, lower case. The four passes of
// the crate are one here, which gives the same text and origins as long as no character that is kept has to be
// reordered.
#include <algorithm>
#include <array>

#include "text/normalizer.hpp"
#include "text/unicode.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

constexpr char k_dropped = 0;

class BertNormalizer final : public NormalizerStep {
 public:
  explicit BertNormalizer(const BertNormalizerSettings& settings)
      : settings_(settings), decompose_(make_unicode_normalizer(NormalizationForm::nfd)) {
    const CharacterTable& table = CharacterTable::instance();
    for (char32_t c = 0; c < ascii_.size(); ++c) {
      char32_t mapped = settings.lowercase ? lower_case(c) : c;
      if (settings.clean_text && table.is(c, k_space)) mapped = U' ';
      if (settings.clean_text && is_dropped(table, c)) mapped = k_dropped;
      ascii_[c] = static_cast<char>(mapped);
    }
  }

  void apply(NormalizedText& text, NormalizerScratch& scratch) const override {
    if (!settings_.clean_text && text.text.find('\0') != std::string::npos) {  // NUL is the mark of a dropped character
      apply_in_passes(text, scratch);
      return;
    }
    const bool ascii =
        std::none_of(text.text.begin(), text.text.end(), [](char byte) { return static_cast<signed char>(byte) < 0; });
    if (ascii) {
      apply_to_ascii(text);
    } else if (apply_in_one_pass(text, scratch.spare, scratch.parts)) {
      text.swap(scratch.spare);
    } else {
      apply_in_passes(text, scratch);
    }
  }

 private:
  static bool is_dropped(const CharacterTable& table, char32_t c) {
    return c == 0 || c == 0xFFFD || table.is(c, k_other);
  }

  void apply_to_ascii(NormalizedText& text) const {
    std::size_t to = 0;
    for (std::size_t from = 0; from < text.text.size(); ++from) {
      const char mapped = ascii_[static_cast<unsigned char>(text.text[from])];
      text.text[to] = mapped;
      text.origin[to] = text.origin[from];
      to += mapped != k_dropped;
    }
    text.text.resize(to);
    text.origin.resize(to);
  }

  void append_lower(char32_t c, std::uint32_t from, NormalizedText& out) const {
    if (settings_.lowercase && c == 0x130) {
      out.append(U'i', from);
      out.append(0x307, from);
    } else {
      out.append(settings_.lowercase ? lower_case(c) : c, from);
    }
  }

  /// False: a kept character has a combining class, so that reordering may reach it; `out` is then useless.
  bool apply_in_one_pass(const NormalizedText& text, NormalizedText& out, std::u32string& parts) const {
    const CharacterTable& table = CharacterTable::instance();
    out.clear();
    for (std::size_t i = 0; i < text.text.size(); i += utf8_length(text.text[i])) {
      const std::uint32_t from = text.origin[i];
      if (static_cast<signed char>(text.text[i]) >= 0) {
        const char mapped = ascii_[static_cast<unsigned char>(text.text[i])];
        if (mapped == k_dropped) continue;
        out.text += mapped;
        out.origin.push_back(from);
        continue;
      }
      char32_t c = decode_utf8(text.text.data() + i);
      std::uint16_t flags = table.flags(c);
      if (settings_.clean_text) {
        if (is_dropped(table, c)) continue;
        if ((flags & k_space) != 0) flags = table.flags(c = U' ');
      }
      const bool spaced = settings_.handle_chinese_chars && (flags & k_ideograph) != 0;
      if (spaced) out.append(U' ', from);
      if (!settings_.strip_accents || (flags & k_normal) != 0) {
        if (!settings_.strip_accents || (flags & k_nonspacing) == 0) append_lower(c, from, out);
      } else {
        parts.clear();
        append_decomposition(c, false, parts);
        for (const char32_t part : parts) {
          if (table.is(part, k_nonspacing)) continue;
          if (combining_class(part) != 0) return false;
          append_lower(part, from, out);
        }
      }
      if (spaced) out.append(U' ', from);
    }
    return true;
  }

  void apply_in_passes(NormalizedText& text, NormalizerScratch& scratch) const {
    const CharacterTable& table = CharacterTable::instance();
    const auto pass = [&](const auto& visit) {
      scratch.spare.clear();
      for (std::size_t i = 0; i < text.text.size(); i += utf8_length(text.text[i]))
        visit(decode_utf8(text.text.data() + i), text.origin[i], scratch.spare);
      text.swap(scratch.spare);
    };
    pass([&](char32_t c, std::uint32_t from, NormalizedText& out) {
      if (settings_.clean_text && is_dropped(table, c)) return;
      if (settings_.clean_text && table.is(c, k_space)) c = U' ';
      const bool spaced = settings_.handle_chinese_chars && table.is(c, k_ideograph);
      if (spaced) out.append(U' ', from);
      out.append(c, from);
      if (spaced) out.append(U' ', from);
    });
    if (settings_.strip_accents) {
      decompose_->apply(text, scratch);
      pass([&](char32_t c, std::uint32_t from, NormalizedText& out) {
        if (!table.is(c, k_nonspacing)) out.append(c, from);
      });
    }
    pass([&](char32_t c, std::uint32_t from, NormalizedText& out) { append_lower(c, from, out); });
  }

  BertNormalizerSettings settings_;
  std::unique_ptr<const NormalizerStep> decompose_;
  std::array<char, 128> ascii_{};  // what becomes of each ASCII character
};

}  // namespace

std::unique_ptr<const NormalizerStep> make_bert_normalizer(const BertNormalizerSettings& settings) {
  return std::make_unique<BertNormalizer>(settings);
}

}  // namespace v0
}  // namespace seqguard
