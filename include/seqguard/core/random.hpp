// Random numbers without hidden state: every number is a function of (seed, stream, index), so that results do not
// depend on threads, and a stopped computation continues with the very same numbers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <utility>

namespace seqguard {
inline namespace v0 {

/// One round of SplitMix64's finaliser (Steele, Lea, Flood 2014): a bijection with full avalanche.
constexpr std::uint64_t mix64(std::uint64_t x) noexcept {
  x += 0x9E3779B97F4A7C15u;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
  return x ^ (x >> 31);
}

/// 64 random bits for a triple of numbers.
constexpr std::uint64_t random_bits(std::uint64_t seed, std::uint64_t stream, std::uint64_t index) noexcept {
  return mix64(mix64(mix64(seed) ^ stream) ^ index);
}

/// A sequential view of one stream. Its whole state is (seed, stream, next): save `position()`, continue with `seek()`.
class Random {
 public:
  explicit Random(std::uint64_t seed, std::uint64_t stream = 0) noexcept : seed_(seed), stream_(stream) {}

  std::uint64_t bits() noexcept { return random_bits(seed_, stream_, next_++); }
  /// Uniform in [0, 1), 53 bits. Exact whatever the compiler makes of it: a power of two is all that multiplies.
  double uniform() noexcept { return static_cast<double>(bits() >> 11) * 0x1p-53; }
  /// Uniform in [0, bound), bound > 0. Multiply-shift; the bias is below 2^-32 for bounds below 2^32.
  std::size_t below(std::size_t bound) noexcept {
    __extension__ using Wide = unsigned __int128;  // 64 x 64 bits
    return static_cast<std::size_t>((static_cast<Wide>(bits()) * bound) >> 64);
  }
  /// Standard normal (Box-Muller, one of the pair).
  double normal() noexcept;
  /// Fisher-Yates over a random-access range.
  template <class Range>
  void shuffle(Range&& range) noexcept {
    for (std::size_t i = std::size(range); i > 1; --i) std::swap(range[i - 1], range[below(i)]);
  }

  std::uint64_t position() const noexcept { return next_; }
  void seek(std::uint64_t position) noexcept { next_ = position; }

 private:
  std::uint64_t seed_, stream_, next_ = 0;
};

}  // namespace v0
}  // namespace seqguard
