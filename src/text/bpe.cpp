// Byte-pair encoding: a word starts as its characters; the adjacent pair of the lowest rank is merged, the leftmost
// first, until no pair has a merge.
#include <algorithm>
#include <array>
#include <utility>

#include "seqguard/core/error.hpp"
#include "text/token_model.hpp"
#include "text/utf8_text.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

constexpr std::int32_t k_none = -1;

/// <0x0A>, the piece that stands for a byte.
std::string byte_piece(unsigned byte) {
  constexpr std::string_view k_digits = "0123456789ABCDEF";
  return {'<', '0', 'x', k_digits[byte >> 4], k_digits[byte & 15], '>'};
}

class MergeTable {
 public:
  struct Rule {
    std::uint64_t pair;
    std::uint32_t rank;
    std::int32_t id;
  };

  explicit MergeTable(std::size_t merges) {
    std::size_t size = 16;
    while (size < 2 * (merges + 1)) size *= 2;
    rules_.assign(size, {k_free, 0, 0});
  }
  /// The last rule for a pair counts.
  void add(std::int32_t left, std::int32_t right, std::uint32_t rank, std::int32_t id, const std::string& where) {
    const std::uint64_t pair = key(left, right);
    std::size_t slot = home(pair), probes = 0;
    while (rules_[slot].pair != k_free && rules_[slot].pair != pair) {
      slot = (slot + 1) & (rules_.size() - 1);
      // As in ByteTrie: no accident, and quadratic if it went on.
      if (++probes > 1'024) fail(ErrorCode::bad_format, where, "merges are made to collide in a hash table");
    }
    rules_[slot] = {pair, rank, id};
  }
  /// Null: the pair is not merged.
  const Rule* find(std::int32_t left, std::int32_t right) const noexcept {
    const std::uint64_t pair = key(left, right);
    for (std::size_t slot = home(pair);; slot = (slot + 1) & (rules_.size() - 1)) {
      if (rules_[slot].pair == pair) return &rules_[slot];
      if (rules_[slot].pair == k_free) return nullptr;
    }
  }

 private:
  static constexpr std::uint64_t k_free = ~std::uint64_t{0};
  static std::uint64_t key(std::int32_t left, std::int32_t right) noexcept {
    return static_cast<std::uint64_t>(left) << 32 | static_cast<std::uint32_t>(right);
  }
  std::size_t home(std::uint64_t pair) const noexcept {
    std::uint64_t mixed = pair * 0x9E3779B97F4A7C15U;
    mixed ^= mixed >> 32;
    return static_cast<std::size_t>(mixed * 0xD6E8FEB86659FD93U >> 20) & (rules_.size() - 1);
  }
  std::vector<Rule> rules_;
};

class Bpe final : public TokenModel {
 public:
  Bpe(VocabularyMap map, const std::vector<BpeMerge>& merges, const BpeSettings& settings)
      : TokenModel(std::move(map)), merges_(merges.size()), settings_(settings) {
    const VocabularyMap& pieces = vocabulary();
    if (settings.unk_token) unknown_ = demand(*settings.unk_token, "unk_token");
    if (settings.byte_fallback)
      for (unsigned byte = 0; byte < 256; ++byte) bytes_[byte] = pieces.find(byte_piece(byte)).value_or(k_none);
    std::string merged;
    const std::size_t prefix = settings.continuing_subword_prefix.size();
    for (std::size_t rank = 0; rank < merges.size(); ++rank) {
      const auto& [left, right] = merges[rank];
      const std::string name = "merge " + std::to_string(rank);
      if (right.size() < prefix) fail(ErrorCode::bad_format, pieces.where(), name, "pieces with the prefix", right);
      merged.assign(left).append(right.substr(prefix));
      const std::int32_t left_id = demand(left, name), right_id = demand(right, name);
      merges_.add(left_id, right_id, static_cast<std::uint32_t>(rank), demand(merged, name), pieces.where());
    }
    for (char32_t c = 0; c < first_.size(); ++c) {
      std::string text;
      append_utf8(text, c);
      first_[c] = pieces.find(text).value_or(k_none);
    }
  }

  void tokenize(std::string_view word, const SpecialIds* forbidden, ModelScratch& scratch,
                std::vector<Token>& tokens) const override {
    if (settings_.ignore_merges)
      if (const auto id = vocabulary().find(word); id && is_allowed(*id, forbidden)) {
        tokens.push_back({*id, 0, static_cast<std::uint32_t>(word.size())});
        return;
      }
    auto& symbols = scratch.symbols;
    split_into_symbols(word, forbidden, symbols, scratch.text);
    constexpr std::size_t k_short = 24;  // where looking at every pair costs less than a queue
    if (symbols.size() <= k_short)
      merge_short(symbols, forbidden);
    else
      merge_long(symbols, forbidden, scratch.queue);
    std::uint32_t begin = 0;
    for (const auto& symbol : symbols) {
      if (symbol.size == 0) continue;
      tokens.push_back({symbol.id, begin, begin + symbol.size});
      begin += symbol.size;
    }
  }

 private:
  using Symbol = ModelScratch::Symbol;

  std::int32_t demand(std::string_view piece, const std::string& what) const {
    const auto id = vocabulary().find(piece);
    if (!id)
      fail(ErrorCode::bad_format, vocabulary().where(), what, "a piece of the vocabulary",
           "\"" + std::string(piece.substr(0, 100)) + "\"");
    return *id;
  }

  std::int32_t character_id(std::string_view character, bool is_first, bool is_last, std::string& text) const {
    const bool plain =
        (is_first || settings_.continuing_subword_prefix.empty()) && (!is_last || settings_.end_of_word_suffix.empty());
    if (plain) {
      const char32_t c = decode_utf8(character.data());
      if (c < first_.size()) return first_[c];
      return vocabulary().find(character).value_or(k_none);
    }
    text.clear();
    if (!is_first) text += settings_.continuing_subword_prefix;
    text += character;
    if (is_last) text += settings_.end_of_word_suffix;
    return vocabulary().find(text).value_or(k_none);
  }

  /// One symbol for each character: a piece, bytes, or unknown. A character that is none of them is left out, as the
  /// crate does; unknown symbols that wait for their end come behind byte symbols, as there.
  void split_into_symbols(std::string_view word, const SpecialIds* forbidden, std::vector<Symbol>& symbols,
                          std::string& text) const {
    symbols.clear();
    std::uint32_t unknown_bytes = 0;  // of the unknown symbol that waits
    const auto push = [&](std::int32_t id, std::uint32_t size) { symbols.push_back({id, size, 0, 0}); };
    for (std::size_t i = 0, next = 0; i < word.size(); i = next) {
      next = i + utf8_length(word[i]);
      const std::string_view character = word.substr(i, next - i);
      const auto size = static_cast<std::uint32_t>(character.size());
      const std::int32_t id = character_id(character, i == 0, next == word.size(), text);
      if (id != k_none && is_allowed(id, forbidden)) {
        if (unknown_bytes != 0) push(unknown_, std::exchange(unknown_bytes, 0));
        push(id, size);
      } else if (settings_.byte_fallback && push_bytes(character, symbols)) {
        continue;
      } else if (unknown_ != k_none) {
        if (unknown_bytes != 0 && !settings_.fuse_unk) push(unknown_, std::exchange(unknown_bytes, 0));
        unknown_bytes += size;
      }
    }
    if (unknown_bytes != 0) push(unknown_, unknown_bytes);
    for (std::size_t i = 0; i < symbols.size(); ++i) {
      symbols[i].previous = static_cast<std::int32_t>(i) - 1;
      symbols[i].next = i + 1 < symbols.size() ? static_cast<std::int32_t>(i) + 1 : k_none;
    }
  }

  bool push_bytes(std::string_view character, std::vector<Symbol>& symbols) const {
    for (const char byte : character)
      if (bytes_[static_cast<unsigned char>(byte)] == k_none) return false;
    for (const char byte : character) symbols.push_back({bytes_[static_cast<unsigned char>(byte)], 1, 0, 0});
    return true;
  }

  const MergeTable::Rule* rule(const Symbol& left, const Symbol& right, const SpecialIds* forbidden) const noexcept {
    const auto* found = merges_.find(left.id, right.id);
    return found != nullptr && is_allowed(found->id, forbidden) ? found : nullptr;
  }

  void merge_short(std::vector<Symbol>& symbols, const SpecialIds* forbidden) const {
    for (;;) {
      const MergeTable::Rule* best = nullptr;
      std::size_t at = 0;
      for (std::size_t i = 0; i + 1 < symbols.size(); ++i) {
        const auto* found = rule(symbols[i], symbols[i + 1], forbidden);
        if (found == nullptr || (best != nullptr && found->rank >= best->rank)) continue;
        best = found;
        at = i;
      }
      if (best == nullptr) return;
      symbols[at].id = best->id;
      symbols[at].size += symbols[at + 1].size;
      symbols.erase(symbols.begin() + static_cast<std::ptrdiff_t>(at) + 1);
    }
  }

  /// With a queue of possible merges: n log n. An entry that is out of date names a merge that its pair does not have.
  void merge_long(std::vector<Symbol>& symbols, const SpecialIds* forbidden,
                  std::vector<ModelScratch::Merge>& queue) const {
    const auto later = [](const ModelScratch::Merge& a, const ModelScratch::Merge& b) {
      return a.rank != b.rank ? a.rank > b.rank : a.position > b.position;
    };
    queue.clear();
    const auto offer = [&](std::int32_t left, std::int32_t right) {
      const auto* found =
          rule(symbols[static_cast<std::size_t>(left)], symbols[static_cast<std::size_t>(right)], forbidden);
      if (found == nullptr) return false;
      queue.push_back({found->rank, left, found->id});
      return true;
    };
    for (std::size_t i = 0; i + 1 < symbols.size(); ++i)
      offer(static_cast<std::int32_t>(i), static_cast<std::int32_t>(i) + 1);
    std::make_heap(queue.begin(), queue.end(), later);
    while (!queue.empty()) {
      std::pop_heap(queue.begin(), queue.end(), later);
      const ModelScratch::Merge top = queue.back();
      queue.pop_back();
      Symbol& left = symbols[static_cast<std::size_t>(top.position)];
      if (left.size == 0 || left.next == k_none) continue;
      Symbol& right = symbols[static_cast<std::size_t>(left.next)];
      const auto* current = rule(left, right, forbidden);
      if (current == nullptr || current->id != top.id) continue;
      left.id = top.id;
      left.size += right.size;
      left.next = right.next;
      right.size = 0;
      if (right.next != k_none) symbols[static_cast<std::size_t>(right.next)].previous = top.position;
      if (left.previous != k_none && offer(left.previous, top.position))
        std::push_heap(queue.begin(), queue.end(), later);
      if (left.next != k_none && offer(top.position, left.next)) std::push_heap(queue.begin(), queue.end(), later);
    }
  }

  MergeTable merges_;
  BpeSettings settings_;
  std::int32_t unknown_ = k_none;
  std::array<std::int32_t, 256> bytes_{};
  std::array<std::int32_t, 512> first_{};  // ids of the first characters; GPT-2's alphabet is among them
};

}  // namespace

std::unique_ptr<TokenModel> make_bpe(VocabularyMap vocabulary, const std::vector<BpeMerge>& merges,
                                     const BpeSettings& settings) {
  return std::make_unique<Bpe>(std::move(vocabulary), merges, settings);
}

}  // namespace v0
}  // namespace seqguard
