// Which events of two sequences are the same.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace seqguard {
inline namespace v0 {

/// A sequence of values with their times.
struct TimedValues {
  std::span<const std::string_view> values;
  std::span<const std::int64_t> times;  ///< as many
};

inline constexpr std::size_t k_unmatched = static_cast<std::size_t>(-1);

/// For each event of `a` the event of `b` that it is, or k_unmatched: an alignment with the fewest replacements,
/// deletions and insertions, `distance`, and among those one with the fewest pairs whose times differ.
/// Time and memory (in bytes) |a| (2 distance + 1).
std::vector<std::size_t> aligned(const TimedValues& a, const TimedValues& b, std::size_t distance);

}  // namespace v0
}  // namespace seqguard
