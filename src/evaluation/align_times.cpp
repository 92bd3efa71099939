#include "evaluation/align_times.hpp"

#include <algorithm>
#include <limits>

namespace seqguard {
inline namespace v0 {
namespace {

enum Step : std::uint8_t { k_pair, k_only_a, k_only_b };

/// Edits first, then pairs whose times differ.
using Cost = std::uint64_t;
constexpr Cost k_edit = Cost{1} << 32, k_far = std::numeric_limits<Cost>::max() / 2;

}  // namespace

std::vector<std::size_t> aligned(const TimedValues& a, const TimedValues& b, std::size_t distance) {
  const std::size_t n = a.values.size(), m = b.values.size(), width = 2 * distance + 1;
  // Row i holds the columns j of i - distance .. i + distance: no shortest way leaves them.
  const auto column = [&](std::size_t i, std::size_t k) {
    return static_cast<std::ptrdiff_t>(i + k) - static_cast<std::ptrdiff_t>(distance);
  };
  std::vector<std::uint8_t> steps((n + 1) * width);
  std::vector<Cost> row(width), above(width);
  for (std::size_t i = 0; i <= n; ++i) {
    for (std::size_t k = 0; k < width; ++k) {
      const std::ptrdiff_t at = column(i, k);
      row[k] = k_far;
      if (at < 0 || at > static_cast<std::ptrdiff_t>(m)) continue;
      const auto j = static_cast<std::size_t>(at);
      if (i == 0 && j == 0) row[k] = 0;
      std::uint8_t& step = steps[i * width + k];
      const auto offer = [&](Cost cost, Step way) {
        if (cost >= row[k]) return;
        row[k] = cost;
        step = way;
      };
      if (i > 0 && j > 0)
        offer(above[k] + (a.values[i - 1] != b.values[j - 1] ? k_edit
                          : a.times[i - 1] != b.times[j - 1] ? 1
                                                             : 0),
              k_pair);
      if (i > 0 && k + 1 < width) offer(above[k + 1] + k_edit, k_only_a);
      if (j > 0 && k > 0) offer(row[k - 1] + k_edit, k_only_b);
    }
    row.swap(above);
  }
  std::vector<std::size_t> partner(n, k_unmatched);
  for (std::size_t i = n, j = m; i > 0 || j > 0;) {
    const Step step = static_cast<Step>(steps[i * width + (j + distance - i)]);
    if (step == k_pair && a.values[i - 1] == b.values[j - 1]) partner[i - 1] = j - 1;
    if (step != k_only_b) --i;
    if (step != k_only_a) --j;
  }
  return partner;
}

}  // namespace v0
}  // namespace seqguard
