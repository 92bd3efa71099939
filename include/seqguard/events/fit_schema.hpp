// A schema from data: vocabularies, means and deviations, the unit of the time gap.
#pragma once

#include <cstddef>
#include <cstdint>

#include "seqguard/events/dataset.hpp"
#include "seqguard/events/schema.hpp"

namespace seqguard {
inline namespace v0 {

struct SchemaOptions {
  std::uint64_t min_count = 0;      ///< frequency cut of the encoder; 0: automatic_min_count() of each column
  std::size_t max_values = 50'000;  ///< most values of a column that the encoder knows
  std::size_t window = 64;
  std::size_t stride = 64;
};

/// The schema of a data set. The primary column keeps all its values as types of the statistics, other columns only
/// those above the cut. The gap unit is 1 ms if half of the positive gaps are shorter than a second, else 1 s; the
/// buckets reach ten years. Unit of times, sizes and missing shares are kept for compare_with_schema(). The dependent
/// values are those that chance explains with a probability of at most 1e-6; persistent columns agree in 80 % of the
/// neighbours, and differ at most half as often as two random events.
/// @throws Error bad_format if the data set has no events.
EventSchema fit_schema(const Dataset& data, const SchemaOptions& options = {});

}  // namespace v0
}  // namespace seqguard
