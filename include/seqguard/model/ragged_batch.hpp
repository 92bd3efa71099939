// A ragged batch over an executor: whole sequences in chunks of about k_chunk_tokens tokens, a chunk a task.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "seqguard/core/executor.hpp"
#include "seqguard/model/workspace.hpp"

namespace seqguard {
inline namespace v0 {

/// The sequences [first, last) of a batch, which go through the network together.
struct Chunk {
  std::size_t first = 0, last = 0;
  std::size_t first_token = 0;  ///< tokens of the batch before them
};

/// When a chunk ends.
enum class ChunkLimit {
  at_most,   ///< before the sequence that would not fit; a longer one is a chunk of its own
  at_least,  ///< behind the sequence that fills it: fewer, fuller chunks, for sequences of bounded length
};

/// Cuts sequences of these lengths; a function of the lengths alone, so that nothing depends on the executor.
std::vector<Chunk> cut_into_chunks(std::span<const std::size_t> lengths, ChunkLimit limit,
                                   std::size_t tokens = k_chunk_tokens);

/// Calls run(chunk, scratch) for every chunk of the batch; scratches as from make_per_worker(). Exceptions as
/// Executor::run().
template <class Scratch, class Run>
void run_ragged_batch(std::span<const std::size_t> lengths, Executor& executor, std::vector<Scratch>& scratches,
                      const Run& run) {
  const std::vector<Chunk> chunks = cut_into_chunks(lengths, ChunkLimit::at_most);
  executor.run(chunks.size(), [&](std::size_t c, std::size_t worker) { run(chunks[c], scratches[worker]); });
}

}  // namespace v0
}  // namespace seqguard
