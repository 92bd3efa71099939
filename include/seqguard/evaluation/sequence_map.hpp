// All sequences as points of a plane: near each other where the same events are equally frequent in them.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "seqguard/core/executor.hpp"
#include "seqguard/events/dataset.hpp"

namespace seqguard {
inline namespace v0 {

struct MapPoint {
  std::size_t sequence = 0;
  double x = 0, y = 0;
};

struct MapAxis {
  double explained = 0;            ///< share of the variance of all sequences, 0 .. 1
  std::vector<std::string> more;   ///< values that are more frequent to the right or above, the strongest first
  std::vector<std::string> fewer;  ///< likewise to the left or below
};

struct SequenceMap {
  std::vector<MapPoint> points;  ///< at most so many as were asked for, evenly spread over the data
  std::array<MapAxis, 2> axes;
  /// The same sequences by t-SNE: who is near whom is kept, distances between groups mean nothing. Empty for fewer than
  /// 10 points, or where it was not asked for.
  std::vector<MapPoint> neighbours;
};

struct MapOptions {
  std::size_t most_points = 2000;
  bool neighbours = true;  ///< t-SNE too: points^2, a few seconds for 2,000
};

/// The first two principal components of the square roots of the shares that the 60 most frequent values of the primary
/// column have in each sequence (so that Euclidean distance is Hellinger's); signs are chosen so that the strongest
/// value of an axis grows along it. A pure function of the data at any concurrency. nullopt: fewer than 3 sequences or
/// 2 values, or a build without Eigen.
std::optional<SequenceMap> map_sequences(const Dataset& data, const MapOptions& options = {},
                                         Executor& executor = inline_executor());

}  // namespace v0
}  // namespace seqguard
