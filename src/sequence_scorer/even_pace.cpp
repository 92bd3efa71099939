#include "sequence_scorer/even_pace.hpp"

#include <algorithm>
#include <cmath>

#include "seqguard/events/events_view.hpp"

namespace seqguard {
inline namespace v0 {

namespace {

/// Of what all times are multiples, apart from the first: whole minutes, seconds, .. or milliseconds. Not their
/// greatest common divisor, which of gaps that are all equal is the gap.
std::int64_t resolution_of(std::span<const std::int64_t> time_ms) {
  for (const std::int64_t unit : {86'400'000, 3'600'000, 60'000, 1'000, 100, 10}) {
    const auto is_multiple = [&](std::int64_t time) { return (time - time_ms[0]) % unit == 0; };
    if (std::all_of(time_ms.begin(), time_ms.end(), is_multiple)) return unit;
  }
  return 1;
}

}  // namespace

EvenPace find_even_pace(std::span<const std::int64_t> time_ms, const EventSchema& schema) {
  EvenPace result;
  const std::size_t n = time_ms.size();
  if (n < 3 || !schema.time || !schema.time->seen) return result;
  const auto& quartiles = schema.time->seen->quartiles;
  if (!(quartiles[0] > 0)) return result;
  const double width = 2 * std::log(quartiles[2] / quartiles[0]);
  if (std::find(time_ms.begin(), time_ms.end(), k_no_time) != time_ms.end()) return result;
  const std::int64_t resolution = resolution_of(time_ms);
  result.surprise.assign(n, 0.0);
  double best = 0;
  std::vector<double> nats;  // of the stretches that begin with gap i, by their last gap
  for (std::size_t i = 1; i < n; ++i) {
    std::int64_t shortest = time_ms[i] - time_ms[i - 1], longest = shortest;
    nats.assign(1, 0.0);
    for (std::size_t j = i + 1; j < n; ++j) {
      shortest = std::min(shortest, time_ms[j] - time_ms[j - 1]);
      longest = std::max(longest, time_ms[j] - time_ms[j - 1]);
      if (shortest <= 0 || 4 * longest > 5 * shortest) break;
      const double spread = std::log(static_cast<double>(longest + resolution) / static_cast<double>(shortest));
      nats.push_back(static_cast<double>(j - i) * std::log(width / spread));
      if (nats.back() <= best) continue;
      best = nats.back();
      result.first = i - 1;
      result.count = j - i + 2;
      result.shortest_ms = shortest;
      result.longest_ms = longest;
    }
    double highest = 0;  // of the stretches from gap i that reach event k
    for (std::size_t k = i + nats.size(); k-- > i - 1;) {
      if (k >= i) highest = std::max(highest, nats[k - i]);
      result.surprise[k] = std::max(result.surprise[k], highest);
    }
  }
  return result;
}

}  // namespace v0
}  // namespace seqguard
