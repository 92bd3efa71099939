// sentencepiece's compiled rules, applied as the tokenizers crate does: to a grapheme cluster of fewer than 6 bytes as
// a whole, otherwise to each of its characters; of the prefixes that have a rule the shortest one counts.
#include <cstring>
#include <optional>

#include "core/utf8.hpp"
#include "seqguard/core/error.hpp"
#include "text/grapheme.hpp"
#include "text/normalizer.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

/// A double-array trie over bytes (Darts-clone) and the replacements that its leaves point to.
class Charsmap {
 public:
  Charsmap(std::string_view bytes, const std::string& where) {
    std::uint32_t trie_bytes = 0;
    if (bytes.size() >= sizeof trie_bytes) std::memcpy(&trie_bytes, bytes.data(), sizeof trie_bytes);
    const std::size_t rest = bytes.size() < sizeof trie_bytes ? 0 : bytes.size() - sizeof trie_bytes;
    if (trie_bytes < 4 || trie_bytes % 4 != 0 || trie_bytes > rest)
      fail(ErrorCode::bad_format, where, "size of the trie", "a multiple of 4 in 4 .. " + std::to_string(rest),
           std::to_string(trie_bytes));
    units_.resize(trie_bytes / 4);
    std::memcpy(units_.data(), bytes.data() + sizeof trie_bytes, trie_bytes);
    texts_ = bytes.substr(sizeof trie_bytes + trie_bytes);
    if (!is_valid_utf8(texts_)) fail(ErrorCode::bad_format, where, "replacements", "UTF-8", "other bytes");
  }

  /// The replacement of the shortest prefix of `text` that has one. A link that leaves the trie or the texts ends the
  /// search.
  std::optional<std::string_view> find(std::string_view text) const noexcept {
    std::size_t node = offset(units_[0]);
    for (const char c : text) {
      const auto byte = static_cast<unsigned char>(c);
      if (byte == 0) return std::nullopt;
      node ^= byte;
      if (node >= units_.size() || label(units_[node]) != byte) return std::nullopt;
      const std::uint32_t unit = units_[node];
      node ^= offset(unit);
      if ((unit >> 8 & 1) == 0) continue;
      if (node >= units_.size()) return std::nullopt;
      const std::size_t begin = units_[node] & 0x7FFFFFFF;
      if (begin > texts_.size() || (begin < texts_.size() && !is_utf8_start(texts_[begin]))) return std::nullopt;
      const std::size_t end = texts_.find('\0', begin);
      return std::string_view(texts_).substr(begin, end == std::string::npos ? end : end - begin);
    }
    return std::nullopt;
  }

 private:
  static std::uint32_t label(std::uint32_t unit) noexcept { return unit & 0x800000FF; }
  static std::size_t offset(std::uint32_t unit) noexcept {
    return static_cast<std::size_t>(unit >> 10) << ((unit & 1U << 9) >> 6);
  }

  std::vector<std::uint32_t> units_;
  std::string texts_;
};

class PrecompiledNormalizer final : public NormalizerStep {
 public:
  PrecompiledNormalizer(std::string_view charsmap, const std::string& where) : charsmap_(charsmap, where) {}

  void apply(NormalizedText& text, NormalizerScratch& scratch) const override {
    auto& changes = scratch.changes;
    changes.clear();
    bool modified = false;
    const std::string_view all = text.text;
    for (std::size_t begin = 0, end = 0; begin < all.size(); begin = end) {
      end = grapheme_end(all, begin);
      constexpr std::size_t k_bytes_of_a_whole = 6;
      if (end - begin < k_bytes_of_a_whole)
        if (const auto replacement = charsmap_.find(all.substr(begin, end - begin))) {
          replace(scratch, all.substr(begin, end - begin), *replacement);
          modified = true;
          continue;
        }
      for (std::size_t i = begin, next = 0; i < end; i = next) {
        next = i + utf8_length(all[i]);
        if (const auto replacement = charsmap_.find(all.substr(i, next - i))) {
          replace(scratch, all.substr(i, next - i), *replacement);
          modified = true;
        } else {
          changes.emplace_back(decode_utf8(all.data() + i), 0);
        }
      }
    }
    if (!modified) return;
    Rewriter rewriter(text, scratch.spare);
    for (const auto& [c, change] : changes) rewriter.emit(c, change);
    text.swap(scratch.spare);
  }

 private:
  /// As the crate counts: what is more is inserted, what is less is charged to the character before, if there is one.
  static void replace(NormalizerScratch& scratch, std::string_view from, std::string_view to) {
    auto& changes = scratch.changes;
    check_growth(changes.size() + to.size(), scratch);
    const auto old_count = static_cast<std::ptrdiff_t>(count_utf8(from));
    const auto new_count = static_cast<std::ptrdiff_t>(count_utf8(to));
    for (std::size_t i = 0; i < to.size(); i += utf8_length(to[i])) changes.emplace_back(decode_utf8(to.data() + i), 0);
    for (std::ptrdiff_t i = 0; i < new_count - old_count; ++i)
      changes[changes.size() - 1 - static_cast<std::size_t>(i)].second = 1;
    if (new_count < old_count && !changes.empty()) changes.back().second += static_cast<int>(new_count - old_count);
  }

  Charsmap charsmap_;
};

}  // namespace

std::unique_ptr<const NormalizerStep> make_precompiled_normalizer(std::string_view charsmap, const std::string& where) {
  return std::make_unique<PrecompiledNormalizer>(charsmap, where);
}

}  // namespace v0
}  // namespace seqguard
