#include "events/seen_sizes.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace seqguard {
inline namespace v0 {
namespace {

/// The value at a quarter, a half and three quarters of the way through the sorted ones.
std::array<double, 3> quartiles_of(std::vector<double>& values) {
  std::array<double, 3> result = {};
  if (values.empty()) return result;
  for (std::size_t quarter = 1; quarter <= result.size(); ++quarter) {
    const auto at = values.begin() + static_cast<std::ptrdiff_t>((values.size() - 1) * quarter / 4);
    std::nth_element(values.begin(), at, values.end());
    result[quarter - 1] = *at;
  }
  return result;
}

double share(std::size_t part, std::size_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

MeasuredSizes measure_values(const Dataset& data, std::size_t column) {
  std::vector<double> sizes;
  std::size_t missing = 0, sequences = 0;
  for (std::size_t s = 0; s < data.sequences().size(); ++s) {
    const std::size_t before = sizes.size();
    for (const float value : data.view(s).columns[column].floats()) {
      if (!std::isfinite(value))
        ++missing;
      else if (value != 0)
        sizes.push_back(std::abs(static_cast<double>(value)));
    }
    sequences += sizes.size() > before ? 1 : 0;
  }
  const SeenSizes seen{quartiles_of(sizes), share(missing, data.events())};
  return {seen, std::move(sizes), sequences};
}

MeasuredSizes measure_gaps(const Dataset& data) {
  std::size_t missing = 0;
  for (std::size_t s = 0; s < data.sequences().size(); ++s) {
    const auto times = data.view(s).time_ms;
    missing += static_cast<std::size_t>(std::count(times.begin(), times.end(), k_no_time));
  }
  std::vector<double> sizes;
  std::size_t sequences = 0, end = 0;  // end: one behind the sequence that the last gap is from
  for_each_gap(data, [&](std::size_t sequence, std::size_t, double gap) {
    if (!(gap > 0)) return;
    sizes.push_back(gap);
    sequences += sequence >= end ? 1 : 0;
    end = sequence + 1;
  });
  const SeenSizes seen{quartiles_of(sizes), share(missing, data.events())};
  return {seen, std::move(sizes), sequences};
}

}  // namespace v0
}  // namespace seqguard
