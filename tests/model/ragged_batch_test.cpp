// Chunks are cut by lengths alone.
#include "seqguard/model/ragged_batch.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace seqguard;

namespace {

std::vector<std::vector<std::size_t>> cut(const std::vector<std::size_t>& lengths, ChunkLimit limit) {
  std::vector<std::vector<std::size_t>> result;
  for (const Chunk& chunk : cut_into_chunks(lengths, limit, 10))
    result.push_back({chunk.first, chunk.last, chunk.first_token});
  return result;
}

using Chunks = std::vector<std::vector<std::size_t>>;

}  // namespace

TEST_CASE("a batch is cut into chunks of whole sequences") {
  CHECK(cut({}, ChunkLimit::at_most).empty());
  CHECK(cut({4, 6, 1, 12, 3, 3}, ChunkLimit::at_most) == Chunks{{0, 2, 0}, {2, 3, 10}, {3, 4, 11}, {4, 6, 23}});
  CHECK(cut({4, 5, 4, 12, 3, 3}, ChunkLimit::at_least) == Chunks{{0, 3, 0}, {3, 4, 13}, {4, 6, 25}});
}
