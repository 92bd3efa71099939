// A trie over bytes: which pieces begin at a place of a text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace seqguard {
inline namespace v0 {

/// How many bytes of pieces a text may be compared with, all its stages together. A vocabulary of long pieces that
/// almost match everywhere takes a thousand for each byte; tokens for runs of up to 128 spaces, which exist, take 128.
class TrieSteps {
 public:
  void reset(std::size_t text_bytes) noexcept { left_ = 256 * text_bytes + (std::size_t{1} << 20); }
  /// @throws Error out_of_range.
  void spend(std::size_t steps) {
    if (steps > left_) fail_spent();
    left_ -= steps;
  }

 private:
  [[noreturn]] static void fail_spent();
  std::size_t left_ = 0;
};

/// Edges lie in one hash table keyed by (node, byte), 8 bytes each; node 0 is the root. At most 2^24 nodes
/// (k_max_vocabulary_bytes is half of that).
class ByteTrie {
 public:
  static constexpr std::uint32_t k_no_node = 0;  // the root is no one's child
  static constexpr std::int32_t k_no_value = -1;

  ByteTrie();
  /// value >= 0; the last value of a piece counts. @throws Error bad_format: pieces that are made to collide.
  void insert(std::string_view piece, std::int32_t value);

  std::uint32_t child(std::uint32_t node, char byte) const noexcept {
    const std::uint32_t key = key_of(node, byte);
    for (std::size_t slot = slot_of(key);; slot = (slot + 1) & mask_) {
      const std::uint64_t edge = edges_[slot];
      if (edge == 0) return k_no_node;
      if (static_cast<std::uint32_t>(edge >> 32) == key) return static_cast<std::uint32_t>(edge);
    }
  }
  std::int32_t value(std::uint32_t node) const noexcept { return values_[node]; }

 private:
  static std::uint32_t key_of(std::uint32_t node, char byte) noexcept {
    return node << 8 | static_cast<unsigned char>(byte);
  }
  std::size_t slot_of(std::uint32_t key) const noexcept {
    return static_cast<std::size_t>(key * 0x9E3779B97F4A7C15U >> shift_);
  }
  void insert_edge(std::uint64_t edge);
  void grow();

  std::vector<std::uint64_t> edges_;  // key << 32 | child; 0: free
  std::vector<std::int32_t> values_;
  std::size_t mask_ = 0;
  unsigned shift_ = 0;
};

}  // namespace v0
}  // namespace seqguard
