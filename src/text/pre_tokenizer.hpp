// Second stage: pre-tokenizers cut the normalized text into words, which the model then takes one by one. One step is
// one component of tokenizer.json; a Sequence is several steps.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "text/normalized_text.hpp"
#include "text/run_pattern.hpp"

namespace seqguard {
inline namespace v0 {

/// A word: bytes [begin, end) of the text, not empty.
struct Word {
  std::size_t begin = 0, end = 0;
};

/// A stretch of a word that a pattern matched, or that lies between matches.
struct Stretch {
  std::size_t begin = 0, end = 0;
  bool match = false;
};

/// A text and its words, in order. A step that rewrites text replaces both.
struct WordList {
  NormalizedText text, spare;
  std::vector<Word> words, next;
  std::vector<Stretch> stretches;

  std::string_view view(Word word) const {
    return std::string_view(text.text).substr(word.begin, word.end - word.begin);
  }
  void push(std::size_t begin, std::size_t end) {
    if (begin != end) next.push_back({begin, end});
  }
};

class PreTokenizerStep {
 public:
  virtual ~PreTokenizerStep() = default;
  /// Cuts every word further. Thread-safe: everything that changes is in the argument.
  virtual void apply(WordList& list) const = 0;
};
using PreTokenizerSteps = std::vector<std::unique_ptr<const PreTokenizerStep>>;

/// What becomes of the matches of a split.
enum class SplitBehavior { removed, isolated, merged_with_previous, merged_with_next, contiguous };

/// White space removed, punctuation isolated.
std::unique_ptr<const PreTokenizerStep> make_bert_pre_tokenizer();
/// \w+|[^\w\s]+ kept, white space removed.
std::unique_ptr<const PreTokenizerStep> make_whitespace_pre_tokenizer();
std::unique_ptr<const PreTokenizerStep> make_whitespace_split_pre_tokenizer();
std::unique_ptr<const PreTokenizerStep> make_punctuation_pre_tokenizer(SplitBehavior behavior);
std::unique_ptr<const PreTokenizerStep> make_digits_pre_tokenizer(bool individual);

enum class PrependScheme { first, never, always };
/// ' ' becomes `replacement`, which is put before the word (always, or before the first word of the input); with
/// `split` a new word begins at each of them.
std::unique_ptr<const PreTokenizerStep> make_metaspace_pre_tokenizer(char32_t replacement, PrependScheme prepend,
                                                                     bool split);
/// GPT-2's: a space before the word, GPT-2's pattern, each byte as one printable character.
std::unique_ptr<const PreTokenizerStep> make_byte_level_pre_tokenizer(bool add_prefix_space, bool use_regex);

std::unique_ptr<const PreTokenizerStep> make_split_pre_tokenizer(TextPattern pattern, SplitBehavior behavior,
                                                                 bool invert);
/// A pattern that a hand-written scanner knows (split_patterns.hpp); null: unknown.
std::unique_ptr<const PreTokenizerStep> make_known_split_pre_tokenizer(std::string_view expression,
                                                                       SplitBehavior behavior, bool invert);

}  // namespace v0
}  // namespace seqguard
