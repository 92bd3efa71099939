// t-SNE: points of a plane whose neighbours are those of the rows they stand for.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "seqguard/core/executor.hpp"
#include "seqguard/evaluation/sequence_map.hpp"

namespace seqguard {
inline namespace v0 {

/// `rows` [points, width]; `start`: the principal components of the same points, from which the search begins, so that
/// the map is a function of the data alone and keeps their large order (Kobak and Linderman 2021). Nothing for fewer
/// than 10 points. The same bits at any concurrency.
std::vector<MapPoint> neighbour_map(std::span<const double> rows, std::size_t width, std::span<const MapPoint> start,
                                    Executor& executor);

}  // namespace v0
}  // namespace seqguard
