#include "seqguard/core/detail/key_index.hpp"

#include <bit>
#include <utility>

namespace seqguard {
inline namespace v0 {

KeyIndex::KeyIndex(std::vector<std::uint64_t> keys) : keys_(std::move(keys)) {
  // 1/2 to 1 buckets per key, at least two (a shift by 64 bits is not defined).
  const int bits = std::max(1, static_cast<int>(std::bit_width(keys_.size())) - 1);
  shift_ = 64 - bits;
  directory_.assign((std::size_t{1} << bits) + 1, 0);
  for (const std::uint64_t key : keys_) ++directory_[static_cast<std::size_t>(key >> shift_) + 1];
  for (std::size_t b = 1; b < directory_.size(); ++b) directory_[b] += directory_[b - 1];
}

}  // namespace v0
}  // namespace seqguard
