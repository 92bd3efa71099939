#include "text/byte_level.hpp"

#include "text/pre_tokenizer.hpp"
#include "text/split.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

constexpr std::array<char32_t, 256> k_alphabet = byte_level_alphabet();
static_assert(k_alphabet[' '] == k_byte_level_space);

class ByteLevelPreTokenizer final : public PreTokenizerStep {
 public:
  ByteLevelPreTokenizer(bool add_prefix_space, bool use_regex)
      : add_prefix_space_(add_prefix_space), use_regex_(use_regex) {}

  void apply(WordList& list) const override {
    if (add_prefix_space_) add_spaces(list);
    if (use_regex_)
      split_words(list, SplitBehavior::isolated, false,
                  [](std::string_view text, std::size_t from) -> std::optional<PatternMatch> {
                    if (from == text.size()) return std::nullopt;
                    return PatternMatch{from, from + scan_gpt2(text, from)};
                  });
    rewrite(list, [](NormalizedText& out, const NormalizedText& text, Word word) {
      for (std::size_t i = word.begin; i < word.end; ++i)
        out.append(k_alphabet[static_cast<unsigned char>(text.text[i])], text.origin[i]);
    });
  }

 private:
  /// Writes every word into the spare text and takes that for the text.
  template <class Write>
  static void rewrite(WordList& list, const Write& write) {
    list.spare.clear();
    for (Word& word : list.words) {
      const std::size_t begin = list.spare.text.size();
      write(list.spare, list.text, word);
      word = {begin, list.spare.text.size()};
    }
    list.text.swap(list.spare);
  }

  static void add_spaces(WordList& list) {
    rewrite(list, [](NormalizedText& out, const NormalizedText& text, Word word) {
      if (text.text[word.begin] != ' ') out.append(U' ', text.origin[word.begin]);
      out.append(text, word.begin, word.end);
    });
  }

  bool add_prefix_space_, use_regex_;
};

}  // namespace

std::unique_ptr<const PreTokenizerStep> make_byte_level_pre_tokenizer(bool add_prefix_space, bool use_regex) {
  return std::make_unique<ByteLevelPreTokenizer>(add_prefix_space, use_regex);
}

}  // namespace v0
}  // namespace seqguard
