// What every view reads of a sequence, computed once per sequence.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "seqguard/detection/normals.hpp"

namespace seqguard {
inline namespace v0 {

/// Beginning (as predecessor) and end (as successor) of a sequence in a bigram.
inline constexpr TypeId k_boundary_type = 0x7FFF'FFFFu;

/// Number of a bigram. Type ids are below 2^31 - 2 or have the top bit set.
constexpr std::uint64_t bigram_key(TypeId before, TypeId after) noexcept { return std::uint64_t{before} << 32 | after; }
/// Number of a type in a set that also holds bigrams.
constexpr std::uint64_t type_key(TypeId type) noexcept { return bigram_key(k_boundary_type - 1, type); }

/// Distinct items in ascending order, and how often each occurs.
template <class Item>
struct Counted {
  std::span<const Item> items;
  std::span<const std::uint32_t> counts;
  std::size_t size() const noexcept { return items.size(); }
};

/// Borrowed from the extractor and from its arguments: valid until the extractor's next call.
struct SequenceFeatures {
  TypeSequence events;             ///< L events
  Counted<TypeId> types;           ///< counts sum to L
  Counted<std::uint64_t> bigrams;  ///< beginning and end included: counts sum to L + 1
  std::size_t runs = 0;            ///< maximal stretches of equal events
  std::span<const double> given;   ///< numbers from outside, for GivenView
};

/// Computes features in buffers of its own; allocates only for a sequence longer than any before. One per thread.
class FeatureExtractor {
 public:
  explicit FeatureExtractor(std::size_t max_events = 0) { reserve(max_events); }
  void reserve(std::size_t max_events);
  const SequenceFeatures& extract(TypeSequence events, std::span<const double> given = {});

 private:
  std::vector<TypeId> types_;
  std::vector<std::uint64_t> bigrams_;
  std::vector<std::uint32_t> type_counts_, bigram_counts_;
  SequenceFeatures features_;
};

}  // namespace v0
}  // namespace seqguard
