// Cutting words at the matches of a pattern, as NormalizedString::split of the tokenizers crate does; private to the
// pre-tokenizers.
#pragma once

#include "text/pre_tokenizer.hpp"
#include "text/utf8_text.hpp"

namespace seqguard {
inline namespace v0 {

/// Turns the stretches of a word, which cover it, into words of list.next.
void push_stretches(WordList& list, SplitBehavior behavior, bool invert);

/// Cuts every word with `next_match(text, from)`, the first match at or after `from` as optional<PatternMatch>.
template <class NextMatch>
void split_words(WordList& list, SplitBehavior behavior, bool invert, const NextMatch& next_match) {
  list.next.clear();
  for (const Word word : list.words) {
    const std::string_view text = list.view(word);
    list.stretches.clear();
    std::size_t done = 0;
    for (auto match = next_match(text, 0); match; match = next_match(text, done)) {
      if (done != match->begin) list.stretches.push_back({word.begin + done, word.begin + match->begin, false});
      list.stretches.push_back({word.begin + match->begin, word.begin + match->end, true});
      done = match->end;
    }
    if (done != text.size()) list.stretches.push_back({word.begin + done, word.end, false});
    push_stretches(list, behavior, invert);
  }
  list.words.swap(list.next);
}

/// Cuts every word at the characters for which `is_match(c)`; each of them is a match of its own.
template <class IsMatch>
void split_at_characters(WordList& list, SplitBehavior behavior, const IsMatch& is_match) {
  split_words(list, behavior, false, [&](std::string_view text, std::size_t from) -> std::optional<PatternMatch> {
    for (std::size_t i = from; i < text.size();) {
      const std::size_t end = i + utf8_length(text[i]);
      if (is_match(decode_utf8(text.data() + i))) return PatternMatch{i, end};
      i = end;
    }
    return std::nullopt;
  });
}

/// Number of bytes of `text` that GPT-2's pattern, or one of its successors, matches at `from`; 0: none.
using ScanPattern = std::size_t (*)(std::string_view text, std::size_t from);
std::size_t scan_gpt2(std::string_view text, std::size_t from);
/// The scanner for a regular expression, or null.
ScanPattern find_scanner(std::string_view expression) noexcept;
/// The expressions that find_scanner knows, for messages.
std::string known_expressions();

}  // namespace v0
}  // namespace seqguard
