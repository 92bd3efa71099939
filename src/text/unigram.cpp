// Unigram: the way through a word whose pieces have the greatest sum of scores (Viterbi, in double; of equal sums the
// first one found, which has the longer last piece). A character without a piece is unknown; neighbours fuse.
#include <algorithm>
#include <cmath>
#include <limits>

#include "seqguard/core/error.hpp"
#include "text/byte_trie.hpp"
#include "text/token_model.hpp"
#include "text/utf8_text.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

constexpr double k_unknown_penalty = 10;
constexpr std::uint32_t k_unreached = 0xFFFFFFFF;
constexpr std::int32_t k_no_id = -1;

class Unigram final : public TokenModel {
 public:
  Unigram(VocabularyMap map, std::vector<double> scores, const UnigramSettings& settings)
      : TokenModel(std::move(map)), scores_(std::move(scores)) {
    const std::string& where = vocabulary().where();
    double lowest = std::numeric_limits<double>::infinity();
    for (std::size_t id = 0; id < scores_.size(); ++id) {
      if (!std::isfinite(scores_[id]))
        fail(ErrorCode::bad_format, where, "score " + std::to_string(id), "a finite number",
             std::to_string(scores_[id]));
      lowest = std::min(lowest, scores_[id]);
    }
    if (scores_.empty()) fail(ErrorCode::bad_format, where, "pieces", "at least one", "none");
    unknown_score_ = lowest - k_unknown_penalty;
    if (settings.unk_id) {
      if (*settings.unk_id >= scores_.size())
        fail(ErrorCode::bad_format, where, "unk_id", "below " + std::to_string(scores_.size()),
             std::to_string(*settings.unk_id));
      unknown_ = static_cast<std::int32_t>(*settings.unk_id);
    }
    vocabulary().for_each([&](std::string_view piece, std::int32_t id) { trie_.insert(piece, id); });
    has_bytes_ = settings.byte_fallback;
    for (unsigned byte = 0; has_bytes_ && byte < 256; ++byte) {
      constexpr std::string_view k_digits = "0123456789ABCDEF";
      const char name[] = {'<', '0', 'x', k_digits[byte >> 4], k_digits[byte & 15], '>'};
      bytes_[byte] = vocabulary().find({name, sizeof name}).value_or(k_no_id);
    }
  }

  void tokenize(std::string_view word, const SpecialIds* forbidden, ModelScratch& scratch,
                std::vector<Token>& tokens) const override {
    auto& path = scratch.path;
    find_path(word, forbidden, path, scratch.steps);
    auto& pieces = scratch.pieces;  // from the last to the first
    pieces.clear();
    for (auto end = static_cast<std::uint32_t>(word.size()); end > 0;) {
      const std::int32_t id = path[end].id;
      std::uint32_t begin = path[end].begin;
      if (id == unknown_)
        while (begin > 0 && path[begin].id == unknown_) begin = path[begin].begin;
      pieces.push_back({id, begin, end});
      end = begin;
    }
    for (auto piece = pieces.rbegin(); piece != pieces.rend(); ++piece) {
      if (piece->id == unknown_)
        push_unknown(word, *piece, forbidden, tokens);
      else
        tokens.push_back(*piece);
    }
  }

 private:
  /// path[end]: the best way to cover [0, end).
  void find_path(std::string_view word, const SpecialIds* forbidden, std::vector<ModelScratch::PathNode>& path,
                 TrieSteps& steps) const {
    path.assign(word.size() + 1, {0.0, 0, k_unreached});
    for (std::size_t begin = 0; begin < word.size();) {
      const double score_here = path[begin].score;
      const std::size_t character_end = begin + utf8_length(word[begin]);
      bool has_single = false;
      const auto offer = [&](std::size_t end, double score, std::int32_t id) {
        auto& node = path[end];
        if (node.begin != k_unreached && !(score_here + score > node.score)) return;
        node = {score + score_here, id, static_cast<std::uint32_t>(begin)};
      };
      std::uint32_t node = 0;
      std::size_t i = begin;
      while (i < word.size()) {
        if ((node = trie_.child(node, word[i++])) == ByteTrie::k_no_node) break;
        const std::int32_t id = trie_.value(node);
        if (id < 0 || !is_allowed(id, forbidden)) continue;
        offer(i, scores_[static_cast<std::size_t>(id)], id);
        has_single = has_single || i == character_end;
      }
      steps.spend(i - begin);
      if (!has_single) {
        if (unknown_ == k_no_id)
          fail(ErrorCode::bad_format, vocabulary().where(), "unk_id", "an id, for text that the vocabulary lacks",
               "none");
        offer(character_end, unknown_score_, unknown_);
      }
      begin = character_end;
    }
  }

  /// A fused unknown stretch may itself be a piece; else it is spelt in bytes where the vocabulary has them.
  void push_unknown(std::string_view word, Token token, const SpecialIds* forbidden, std::vector<Token>& tokens) const {
    const std::string_view text = word.substr(token.begin, token.end - token.begin);
    if (const auto id = vocabulary().find(text); id && is_allowed(*id, forbidden)) token.id = *id;
    const bool spelt = token.id == unknown_ && has_bytes_ && std::all_of(text.begin(), text.end(), [&](char byte) {
                         return bytes_[static_cast<unsigned char>(byte)] != k_no_id;
                       });
    if (!spelt) {
      tokens.push_back(token);
      return;
    }
    for (const char byte : text)  // each byte has the span of the whole stretch
      tokens.push_back({bytes_[static_cast<unsigned char>(byte)], token.begin, token.end});
  }

  std::vector<double> scores_;
  ByteTrie trie_;
  double unknown_score_ = 0;
  std::int32_t unknown_ = k_no_id;
  bool has_bytes_ = false;
  std::int32_t bytes_[256] = {};
};

}  // namespace

std::unique_ptr<TokenModel> make_unigram(VocabularyMap vocabulary, std::vector<double> scores,
                                         const UnigramSettings& settings) {
  return std::make_unique<Unigram>(std::move(vocabulary), std::move(scores), settings);
}

}  // namespace v0
}  // namespace seqguard
