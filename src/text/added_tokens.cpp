#include "text/added_tokens.hpp"

#include <algorithm>

#include "seqguard/core/error.hpp"
#include "text/unicode.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

bool has_flag(std::string_view text, std::size_t i, CharacterFlag flag) {
  return CharacterTable::instance().is(decode_utf8(text.data() + i), flag);
}

bool is_single_word(std::string_view text, std::size_t begin, std::size_t end) {
  const bool before = begin != 0 && has_flag(text, previous_utf8(text, begin), k_word);
  const bool after = end != text.size() && has_flag(text, end, k_word);
  return !before && !after;
}

}  // namespace

void AddedTokenMatcher::add(std::string_view pattern, const AddedToken& token) {
  if (pattern.empty()) return;
  trie_.insert(pattern, static_cast<std::int32_t>(tokens_.size()));
  tokens_.push_back(&token);
}

AddedTokenMatcher::Found AddedTokenMatcher::find(std::string_view text, std::size_t from, TrieSteps& steps) const {
  for (std::size_t begin = from; begin < text.size(); ++begin) {
    Found found{begin, begin, nullptr};
    std::uint32_t node = 0;
    std::size_t i = begin;
    while (i < text.size()) {
      if ((node = trie_.child(node, text[i++])) == ByteTrie::k_no_node) break;
      if (trie_.value(node) >= 0) found = {begin, i, tokens_[static_cast<std::size_t>(trie_.value(node))]};
    }
    steps.spend(i - begin);
    if (found.token != nullptr) return found;
  }
  return {text.size(), text.size(), nullptr};
}

void AddedTokenMatcher::split(std::string_view text, bool specials_are_text, std::vector<Segment>& segments,
                              TrieSteps& steps) const {
  std::size_t done = 0;
  // Where a token strips white space and another one is white space, segments overlap; each of them is counted and
  // looked through by itself.
  std::size_t left = 4 * text.size() + (std::size_t{64} << 10);
  if (!tokens_.empty()) {
    for (Found found = find(text, 0, steps); found.token != nullptr; found = find(text, found.end, steps)) {
      const AddedToken& token = *found.token;
      if (specials_are_text && token.special) continue;
      if (token.single_word && !is_single_word(text, found.begin, found.end)) continue;
      std::size_t begin = found.begin, end = found.end;
      if (token.lstrip) {
        while (begin > done && has_flag(text, previous_utf8(text, begin), k_space)) begin = previous_utf8(text, begin);
        begin = std::max(begin, done);
      }
      if (token.rstrip) {
        end = std::max(end, done);  // what the token before has stripped is white space
        while (end < text.size() && has_flag(text, end, k_space)) end += utf8_length(text[end]);
      }
      const std::size_t covered = end - std::min(begin, end);
      if (covered > left)
        fail(ErrorCode::out_of_range, "text", "added tokens that strip white space overlap too often");
      left -= covered;
      if (done < begin) segments.push_back({done, begin, nullptr});
      segments.push_back({begin, end, &token});
      done = end;
    }
  }
  if (done < text.size()) segments.push_back({done, text.size(), nullptr});
}

}  // namespace v0
}  // namespace seqguard
