#include "text/byte_trie.hpp"

#include <bit>
#include <utility>

#include "seqguard/core/error.hpp"

namespace seqguard {
inline namespace v0 {

void TrieSteps::fail_spent() {
  fail(ErrorCode::out_of_range, "text", "pieces of the vocabulary almost match it too often");
}

ByteTrie::ByteTrie() : values_{k_no_value} { grow(); }

void ByteTrie::insert_edge(std::uint64_t edge) {
  // At a load of at most one half no run of this length comes about by chance; a hostile file would make loading
  // quadratic with it.
  constexpr std::size_t k_max_probes = 1'024;
  std::size_t slot = slot_of(static_cast<std::uint32_t>(edge >> 32)), probes = 0;
  for (; edges_[slot] != 0; slot = (slot + 1) & mask_)
    if (++probes > k_max_probes)
      fail(ErrorCode::bad_format, "vocabulary", "pieces are made to collide in a hash table");
  edges_[slot] = edge;
}

void ByteTrie::grow() {
  const std::vector<std::uint64_t> old = std::move(edges_);
  const std::size_t size = old.empty() ? 64 : old.size() * 2;
  edges_.assign(size, 0);
  mask_ = size - 1;
  shift_ = 64 - static_cast<unsigned>(std::countr_zero(size));
  for (const std::uint64_t edge : old)
    if (edge != 0) insert_edge(edge);
}

void ByteTrie::insert(std::string_view piece, std::int32_t value) {
  std::uint32_t node = 0;
  for (const char byte : piece) {
    std::uint32_t next = child(node, byte);
    if (next == k_no_node) {
      if (2 * (values_.size() + 1) > edges_.size()) grow();
      next = static_cast<std::uint32_t>(values_.size());
      values_.push_back(k_no_value);
      insert_edge(std::uint64_t{key_of(node, byte)} << 32 | next);
    }
    node = next;
  }
  values_[node] = value;
}

}  // namespace v0
}  // namespace seqguard
