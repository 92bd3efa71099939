// Tokens that are cut out of the text before the model sees it: first those that match the raw text, then, in the
// normalized text, those that are normalized themselves.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "text/byte_trie.hpp"

namespace seqguard {
inline namespace v0 {

struct AddedToken {
  std::string content;
  std::int32_t id = 0;
  bool single_word = false;  ///< only where no letter, digit or mark touches it
  bool lstrip = false;       ///< takes the white space before it
  bool rstrip = false;       ///< and behind it
  bool normalized = false;
  bool special = false;
};

/// Bytes [begin, end) of a text: an added token, or text between them.
struct Segment {
  std::size_t begin = 0, end = 0;
  const AddedToken* token = nullptr;
};

/// The tokens of one of the two passes.
class AddedTokenMatcher {
 public:
  /// `token` (which must outlive this) is found where `pattern` is. An empty pattern is never found.
  void add(std::string_view pattern, const AddedToken& token);
  bool empty() const noexcept { return tokens_.empty(); }

  /// Cuts `text` into segments, which are appended. Of the tokens that begin at a place the longest is taken. With
  /// `specials_are_text` special tokens are passed over, as the crate does with encode_special_tokens.
  /// @throws Error out_of_range: white space that is a token and is stripped by others, thousands of times; `steps` are
  /// spent.
  void split(std::string_view text, bool specials_are_text, std::vector<Segment>& segments, TrieSteps& steps) const;

 private:
  struct Found {
    std::size_t begin, end;
    const AddedToken* token;  // null: no more
  };
  Found find(std::string_view text, std::size_t from, TrieSteps& steps) const;

  ByteTrie trie_;
  std::vector<const AddedToken*> tokens_;
};

}  // namespace v0
}  // namespace seqguard
