// Third stage: a model turns each word into tokens.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "text/byte_trie.hpp"
#include "text/token.hpp"
#include "text/vocabulary_map.hpp"

namespace seqguard {
inline namespace v0 {

/// Buffers that the models share.
struct ModelScratch {
  struct Symbol {
    std::int32_t id;
    std::uint32_t size;           // bytes; 0: merged into its left neighbour
    std::int32_t previous, next;  // -1: none
  };
  struct Merge {
    std::uint32_t rank;
    std::int32_t position, id;
  };
  struct PathNode {
    double score;
    std::int32_t id;
    std::uint32_t begin;  // of the piece that ends here
  };
  TrieSteps steps;  ///< of the present text
  std::vector<Symbol> symbols;
  std::vector<Merge> queue;
  std::vector<PathNode> path;
  std::vector<Token> pieces;
  std::string text;
};

/// Which ids must not come out of a model: the special tokens, where they are text (see SpecialTokensInText).
class SpecialIds {
 public:
  void add(std::int32_t id) {
    if (static_cast<std::size_t>(id) >= bits_.size()) bits_.resize(static_cast<std::size_t>(id) + 1);
    bits_[static_cast<std::size_t>(id)] = 1;
  }
  bool contains(std::int32_t id) const noexcept {
    return static_cast<std::size_t>(id) < bits_.size() && bits_[static_cast<std::size_t>(id)] != 0;
  }

 private:
  std::vector<std::uint8_t> bits_;
};

/// Thread-safe: everything that changes is in the arguments.
class TokenModel {
 public:
  explicit TokenModel(VocabularyMap vocabulary) : vocabulary_(std::move(vocabulary)) {}
  virtual ~TokenModel() = default;

  /// Appends the tokens of a word (not empty, well-formed UTF-8). Ids of `forbidden` (null: none) are not matched; the
  /// id for unknown text may be among them and still comes out.
  /// @throws Error bad_format: unknown text, and the model has no id for it; out_of_range: scratch.steps are spent.
  virtual void tokenize(std::string_view word, const SpecialIds* forbidden, ModelScratch& scratch,
                        std::vector<Token>& tokens) const = 0;

  const VocabularyMap& vocabulary() const noexcept { return vocabulary_; }
  VocabularyMap& vocabulary() noexcept { return vocabulary_; }

 protected:
  static bool is_allowed(std::int32_t id, const SpecialIds* forbidden) noexcept {
    return forbidden == nullptr || !forbidden->contains(id);
  }

 private:
  VocabularyMap vocabulary_;
};

struct WordPieceSettings {
  std::string unk_token = "[UNK]", continuing_subword_prefix = "##";
  std::size_t max_input_chars_per_word = 100;
};
/// @throws Error bad_format: unk_token is not in the vocabulary.
std::unique_ptr<TokenModel> make_word_piece(VocabularyMap vocabulary, const WordPieceSettings& settings);

/// @throws Error bad_format: unk_token is not in the vocabulary.
std::unique_ptr<TokenModel> make_word_level(VocabularyMap vocabulary, const std::string& unk_token);

struct BpeSettings {
  std::optional<std::string> unk_token;
  std::string continuing_subword_prefix, end_of_word_suffix;
  bool fuse_unk = false, byte_fallback = false, ignore_merges = false;
};
using BpeMerge = std::pair<std::string_view, std::string_view>;
/// Merges in order of rank. @throws Error bad_format: a merge of pieces, or into one, that the vocabulary does not
/// have.
std::unique_ptr<TokenModel> make_bpe(VocabularyMap vocabulary, const std::vector<BpeMerge>& merges,
                                     const BpeSettings& settings);

struct UnigramSettings {
  std::optional<std::size_t> unk_id;
  bool byte_fallback = false;
};
/// `scores` by id (the order of the file). @throws Error bad_format: unk_id beyond the vocabulary; a score that is not
/// finite.
std::unique_ptr<TokenModel> make_unigram(VocabularyMap vocabulary, std::vector<double> scores,
                                         const UnigramSettings& settings);

}  // namespace v0
}  // namespace seqguard
