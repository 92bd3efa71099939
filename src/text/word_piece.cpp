// WordPiece: the longest piece from the left, again and again; a word with a rest that no piece begins is unknown as a
// whole. WordLevel: the word is a piece or unknown.
#include "seqguard/core/error.hpp"
#include "text/byte_trie.hpp"
#include "text/token_model.hpp"
#include "text/utf8_text.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

std::int32_t find_unknown(const VocabularyMap& vocabulary, const std::string& unk_token) {
  const auto id = vocabulary.find(unk_token);
  if (!id)
    fail(ErrorCode::bad_format, vocabulary.where(), "unk_token", "a piece of the vocabulary",
         "\"" + unk_token.substr(0, 100) + "\"");
  return *id;
}

class WordPiece final : public TokenModel {
 public:
  WordPiece(VocabularyMap vocabulary, const WordPieceSettings& settings)
      : TokenModel(std::move(vocabulary)),
        unknown_(find_unknown(this->vocabulary(), settings.unk_token)),
        max_characters_(settings.max_input_chars_per_word) {
    const std::string& prefix = settings.continuing_subword_prefix;
    this->vocabulary().for_each([&](std::string_view piece, std::int32_t id) {
      first_.insert(piece, id);
      if (piece.size() > prefix.size() && piece.starts_with(prefix)) further_.insert(piece.substr(prefix.size()), id);
    });
  }

  void tokenize(std::string_view word, const SpecialIds* forbidden, ModelScratch& scratch,
                std::vector<Token>& tokens) const override {
    const std::size_t before = tokens.size();
    bool known = word.size() <= max_characters_ || count_utf8(word) <= max_characters_;
    for (std::size_t begin = 0; known && begin < word.size();) {
      const ByteTrie& trie = begin == 0 ? first_ : further_;
      std::int32_t id = ByteTrie::k_no_value;
      std::size_t end = begin;
      std::uint32_t node = 0;
      std::size_t i = begin;
      while (i < word.size()) {
        if ((node = trie.child(node, word[i++])) == ByteTrie::k_no_node) break;
        if (const std::int32_t value = trie.value(node); value >= 0 && is_allowed(value, forbidden)) {
          id = value;
          end = i;
        }
      }
      scratch.steps.spend(i - begin);
      known = id >= 0;
      if (known) tokens.push_back({id, static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end)});
      begin = end;
    }
    if (known) return;
    tokens.resize(before);
    tokens.push_back({unknown_, 0, static_cast<std::uint32_t>(word.size())});
  }

 private:
  std::int32_t unknown_;
  std::size_t max_characters_;
  ByteTrie first_, further_;  // pieces at the beginning of a word, pieces behind others (without their prefix)
};

class WordLevel final : public TokenModel {
 public:
  WordLevel(VocabularyMap vocabulary, const std::string& unk_token)
      : TokenModel(std::move(vocabulary)), unknown_(find_unknown(this->vocabulary(), unk_token)) {}

  void tokenize(std::string_view word, const SpecialIds* forbidden, ModelScratch&,
                std::vector<Token>& tokens) const override {
    const auto found = vocabulary().find(word);
    const std::int32_t id = found && is_allowed(*found, forbidden) ? *found : unknown_;
    tokens.push_back({id, 0, static_cast<std::uint32_t>(word.size())});
  }

 private:
  std::int32_t unknown_;
};

}  // namespace

std::unique_ptr<TokenModel> make_word_piece(VocabularyMap vocabulary, const WordPieceSettings& settings) {
  return std::make_unique<WordPiece>(std::move(vocabulary), settings);
}

std::unique_ptr<TokenModel> make_word_level(VocabularyMap vocabulary, const std::string& unk_token) {
  return std::make_unique<WordLevel>(std::move(vocabulary), unk_token);
}

}  // namespace v0
}  // namespace seqguard
