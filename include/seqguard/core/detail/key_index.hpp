// A set of 64-bit keys with fast look-up: a sorted array (memory = disk) and a directory over the leading bits.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace seqguard {
inline namespace v0 {

/// Keys must be well mixed (random.hpp: mix64), so that a bucket of the directory holds about one of them; with other
/// keys a look-up costs a binary search.
class KeyIndex {
 public:
  static constexpr std::size_t k_absent = static_cast<std::size_t>(-1);

  KeyIndex() = default;
  /// `keys` strictly ascending, fewer than 2^32.
  explicit KeyIndex(std::vector<std::uint64_t> keys);

  /// Position of `key` among the sorted keys, or k_absent.
  std::size_t find(std::uint64_t key) const noexcept {
    if (keys_.empty()) return k_absent;
    const std::size_t bucket = static_cast<std::size_t>(key >> shift_);
    const auto first = keys_.begin() + directory_[bucket], last = keys_.begin() + directory_[bucket + 1];
    const auto found = std::lower_bound(first, last, key);
    return found != last && *found == key ? static_cast<std::size_t>(found - keys_.begin()) : k_absent;
  }

  std::span<const std::uint64_t> keys() const noexcept { return keys_; }
  std::size_t size() const noexcept { return keys_.size(); }
  std::size_t bytes() const noexcept {
    return keys_.size() * sizeof(keys_[0]) + directory_.size() * sizeof(directory_[0]);
  }

 private:
  std::vector<std::uint64_t> keys_;
  std::vector<std::uint32_t> directory_;  ///< bucket b holds the keys [directory_[b], directory_[b + 1])
  int shift_ = 63;
};

}  // namespace v0
}  // namespace seqguard
