// How large the numbers of a data set and the gaps between its events are: kept in a schema, compared with it later.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "seqguard/events/dataset.hpp"
#include "seqguard/events/schema.hpp"

namespace seqguard {
inline namespace v0 {

/// Calls visit(sequence, event, gap) for each event that has one before it, both with a known time; the gap is in
/// milliseconds, exact to the nanosecond, below 0 where the event is earlier.
template <class Visit>
void for_each_gap(const Dataset& data, const Visit& visit) {
  for (std::size_t s = 0; s < data.sequences().size(); ++s) {
    const std::span<const std::int64_t> times = data.view(s).time_ms;
    const std::size_t first = data.sequences()[s].first;
    for (std::size_t i = 1; i < times.size(); ++i) {
      if (times[i] == k_no_time || times[i - 1] == k_no_time) continue;
      const std::int32_t ns = data.time_ns(first + i) - data.time_ns(first + i - 1);
      visit(s, first + i, static_cast<double>(times[i] - times[i - 1]) + 1e-6 * ns);
    }
  }
}

struct MeasuredSizes {
  SeenSizes seen;
  std::vector<double> sizes;  ///< of which the quartiles are, in any order
  std::size_t sequences = 0;  ///< that these are from
};

/// Of a numeric column.
MeasuredSizes measure_values(const Dataset& data, std::size_t column);

/// Of the times of a data set that has them.
MeasuredSizes measure_gaps(const Dataset& data);

}  // namespace v0
}  // namespace seqguard
