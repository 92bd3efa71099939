// How often each event follows each other one, and the likelihood of order 2 that follows from it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "seqguard/core/function_ref.hpp"
#include "seqguard/detection/features.hpp"

namespace seqguard {
inline namespace v0 {

/// The bigrams of a set of sequences, beginnings and ends included (SequenceFeatures::bigrams), ascending.
///
/// With c(h,x) how often x stands behind h, c(h) = sum_x c(h,x), T(h) = distinct successors of h, and c(x), c, T the
/// same whatever stands before (interpolated Witten-Bell, as in NgramModel):
///
///     p_1(x) = (c(x) + T p_0(x)) / (c + T)      p_2(x|h) = (c(h,x) + T(h) p_1(x)) / (c(h) + T(h))
///
/// and p_k = p_{k-1} where nothing was counted. Const calls are thread-safe and allocate nothing.
class BigramCounts {
 public:
  using Entry = std::pair<std::uint64_t, std::uint32_t>;  ///< a bigram_key() and how often it occurs

  BigramCounts() = default;
  /// Sums up `entries`, in any order; counts of 0 are left out, and sums stop at 2^32 - 1.
  explicit BigramCounts(std::vector<Entry> entries);
  /// The same in place: `fill` gets the entries to replace. Allocates nothing once it has held as many.
  void read(FunctionRef<void(std::vector<Entry>& entries)> fill);

  /// p_2 of a bigram, `base`: p_0 of its second event.
  double probability(std::uint64_t bigram, double base) const noexcept;

  std::span<const Entry> entries() const noexcept { return entries_; }
  std::uint64_t total() const noexcept { return total_; }           ///< c
  std::size_t alphabet() const noexcept { return events_.size(); }  ///< T: different events, the end among them
  std::size_t bytes() const noexcept;

  /// The same with, or without, the bigrams of one sequence that is among them.
  BigramCounts plus(const Counted<std::uint64_t>& bigrams) const;
  BigramCounts minus(const Counted<std::uint64_t>& bigrams) const;

 private:
  void count();

  struct Context {
    TypeId before;
    std::uint32_t first, last;  ///< its entries
    std::uint64_t total;        ///< c(h)
  };
  struct Event {
    TypeId type;
    std::uint64_t count;  ///< c(x)
  };

  std::vector<Entry> entries_;     ///< ascending
  std::vector<Context> contexts_;  ///< ascending
  std::vector<Event> events_;      ///< ascending
  std::uint64_t total_ = 0;
};

}  // namespace v0
}  // namespace seqguard
