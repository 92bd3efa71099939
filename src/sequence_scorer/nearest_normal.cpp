#include "sequence_scorer/nearest_normal.hpp"

#include <algorithm>
#include <limits>
#include <numeric>
#include <span>
#include <vector>

namespace seqguard {
inline namespace v0 {
namespace {

using Types = std::span<const TypeId>;

/// Never more than the distance: events of the longer one that the other has no equal for, in any order.
std::size_t least_distance(std::vector<TypeId> a, std::vector<TypeId> b) {
  std::sort(a.begin(), a.end());
  std::sort(b.begin(), b.end());
  std::size_t common = 0;
  for (std::size_t i = 0, j = 0; i < a.size() && j < b.size();) {
    if (a[i] == b[j])
      ++common, ++i, ++j;
    else if (a[i] < b[j])
      ++i;
    else
      ++j;
  }
  return std::max(a.size(), b.size()) - common;
}

/// Levenshtein's distance, or something above `most` where it exceeds that.
std::size_t distance_within(Types a, Types b, std::size_t most) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0], least = row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
      least = std::min(least, row[j]);
    }
    if (least > most) return least;
  }
  return row.back();
}

/// Pairs of events on a shortest way from a to b, from the end: a match, then a replacement, a removal, an insertion.
std::vector<AlignedEvent> align(Types a, Types b) {
  const std::size_t width = b.size() + 1;
  std::vector<std::size_t> cost((a.size() + 1) * width);
  for (std::size_t i = 0; i <= a.size(); ++i)
    for (std::size_t j = 0; j <= b.size(); ++j) {
      std::size_t& here = cost[i * width + j];
      if (i == 0 || j == 0) {
        here = i + j;
        continue;
      }
      here = std::min({cost[(i - 1) * width + j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1), cost[(i - 1) * width + j] + 1,
                       cost[i * width + j - 1] + 1});
    }
  std::vector<AlignedEvent> pairs;
  for (std::size_t i = a.size(), j = b.size(); i > 0 || j > 0;) {
    const std::size_t here = cost[i * width + j];
    AlignedEvent pair;
    if (i > 0 && j > 0 && here == cost[(i - 1) * width + j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)) {
      pair.own = --i;
      pair.normal = --j;
    } else if (i > 0 && here == cost[(i - 1) * width + j] + 1) {
      pair.own = --i;
    } else {
      pair.normal = --j;
    }
    pairs.push_back(std::move(pair));
  }
  std::reverse(pairs.begin(), pairs.end());
  return pairs;
}

}  // namespace

std::optional<NearestNormal> find_nearest_normal(const EncodedEvents& events, const EncodedData& normals) {
  if (normals.size() == 0) return std::nullopt;
  const Types own(events.types.data(), events.n);
  const std::vector<TypeId> own_types(own.begin(), own.end());
  NearestNormal nearest{0, std::numeric_limits<std::size_t>::max(), {}};
  for (std::size_t i = 0; i < normals.size(); ++i) {
    const Types other = normals.types(i);
    if (least_distance(own_types, {other.begin(), other.end()}) >= nearest.distance) continue;
    const std::size_t distance = distance_within(own, other, nearest.distance);
    if (distance < nearest.distance) nearest = {i, distance, {}};
  }
  constexpr std::size_t k_most_cells = std::size_t{16} << 20;  // 128 MB
  if ((events.n + 1) * (normals.types(nearest.index).size() + 1) <= k_most_cells)
    nearest.alignment = align(own, normals.types(nearest.index));
  return nearest;
}

}  // namespace v0
}  // namespace seqguard
