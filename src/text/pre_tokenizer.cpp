#include "text/pre_tokenizer.hpp"

#include "text/split.hpp"
#include "text/unicode.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

class BertPreTokenizer final : public PreTokenizerStep {
 public:
  void apply(WordList& list) const override {
    const CharacterTable& table = CharacterTable::instance();
    list.next.clear();
    for (const Word word : list.words) {
      const char* text = list.text.text.data();
      std::size_t begin = word.begin;
      for (std::size_t i = word.begin, next = 0; i < word.end; i = next) {
        next = i + utf8_length(text[i]);
        const std::uint16_t flags = table.flags(decode_utf8(text + i));
        if ((flags & (k_space | k_punctuation)) == 0) continue;
        list.push(begin, i);
        if ((flags & k_space) == 0) list.push(i, next);
        begin = next;
      }
      list.push(begin, word.end);
    }
    list.words.swap(list.next);
  }
};

/// Splits at the characters that have a flag.
class FlagSplit final : public PreTokenizerStep {
 public:
  FlagSplit(CharacterFlag flag, SplitBehavior behavior) : flag_(flag), behavior_(behavior) {}
  void apply(WordList& list) const override {
    const CharacterTable& table = CharacterTable::instance();
    split_at_characters(list, behavior_, [&](char32_t c) { return table.is(c, flag_); });
  }

 private:
  CharacterFlag flag_;
  SplitBehavior behavior_;
};

class WhitespacePreTokenizer final : public PreTokenizerStep {
 public:
  void apply(WordList& list) const override {
    const CharacterTable& table = CharacterTable::instance();
    enum class Kind { space, word, symbol };
    list.next.clear();
    for (const Word word : list.words) {
      const char* text = list.text.text.data();
      std::size_t begin = word.begin;
      Kind kind = Kind::space;
      for (std::size_t i = word.begin; i < word.end; i += utf8_length(text[i])) {
        const std::uint16_t flags = table.flags(decode_utf8(text + i));
        const Kind here = (flags & k_word) != 0 ? Kind::word : (flags & k_space) != 0 ? Kind::space : Kind::symbol;
        if (here == kind) continue;
        if (kind != Kind::space) list.push(begin, i);
        begin = i;
        kind = here;
      }
      if (kind != Kind::space) list.push(begin, word.end);
    }
    list.words.swap(list.next);
  }
};

class MetaspacePreTokenizer final : public PreTokenizerStep {
 public:
  MetaspacePreTokenizer(char32_t replacement, PrependScheme prepend, bool split) : prepend_(prepend), split_(split) {
    append_utf8(mark_, replacement);
  }

  void apply(WordList& list) const override {
    NormalizedText& out = list.spare;
    out.clear();
    list.next.clear();
    for (const Word word : list.words) {
      const std::size_t begin = out.text.size();
      const std::string_view text = list.view(word);
      const bool wanted =
          prepend_ == PrependScheme::always || (prepend_ == PrependScheme::first && list.text.origin[word.begin] == 0);
      if (wanted && text[0] != ' ' && !text.starts_with(mark_)) out.append(mark_, list.text.origin[word.begin]);
      for (std::size_t i = 0; i < text.size(); ++i) {
        const std::uint32_t from = list.text.origin[word.begin + i];
        if (text[i] == ' ') {
          out.append(mark_, from);
        } else {
          out.text += text[i];
          out.origin.push_back(from);
        }
      }
      list.push(begin, out.text.size());
    }
    list.words.swap(list.next);
    list.text.swap(list.spare);
    if (!split_) return;
    split_words(list, SplitBehavior::merged_with_next, false,
                [&](std::string_view text, std::size_t from) -> std::optional<PatternMatch> {
                  const std::size_t found = text.find(mark_, from);
                  if (found == std::string_view::npos) return std::nullopt;
                  return PatternMatch{found, found + mark_.size()};
                });
  }

 private:
  std::string mark_;
  PrependScheme prepend_;
  bool split_;
};

}  // namespace

std::unique_ptr<const PreTokenizerStep> make_bert_pre_tokenizer() { return std::make_unique<BertPreTokenizer>(); }

std::unique_ptr<const PreTokenizerStep> make_whitespace_pre_tokenizer() {
  return std::make_unique<WhitespacePreTokenizer>();
}

std::unique_ptr<const PreTokenizerStep> make_whitespace_split_pre_tokenizer() {
  return std::make_unique<FlagSplit>(k_space, SplitBehavior::removed);
}

std::unique_ptr<const PreTokenizerStep> make_punctuation_pre_tokenizer(SplitBehavior behavior) {
  return std::make_unique<FlagSplit>(k_punctuation, behavior);
}

std::unique_ptr<const PreTokenizerStep> make_digits_pre_tokenizer(bool individual) {
  return std::make_unique<FlagSplit>(k_numeric, individual ? SplitBehavior::isolated : SplitBehavior::contiguous);
}

std::unique_ptr<const PreTokenizerStep> make_metaspace_pre_tokenizer(char32_t replacement, PrependScheme prepend,
                                                                     bool split) {
  return std::make_unique<MetaspacePreTokenizer>(replacement, prepend, split);
}

}  // namespace v0
}  // namespace seqguard
