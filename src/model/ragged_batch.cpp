#include "seqguard/model/ragged_batch.hpp"

namespace seqguard {
inline namespace v0 {

std::vector<Chunk> cut_into_chunks(std::span<const std::size_t> lengths, ChunkLimit limit, std::size_t tokens) {
  std::vector<Chunk> chunks;
  std::size_t taken = 0, token = 0;  // of the last chunk, and of all
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    const bool is_full = limit == ChunkLimit::at_most ? taken + lengths[i] > tokens : taken >= tokens;
    if (chunks.empty() || is_full) {
      chunks.push_back({i, i, token});
      taken = 0;
    }
    chunks.back().last = i + 1;
    taken += lengths[i];
    token += lengths[i];
  }
  return chunks;
}

}  // namespace v0
}  // namespace seqguard
