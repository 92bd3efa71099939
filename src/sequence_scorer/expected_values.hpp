// What the encoder of the buffers' model would put in the place of an event; private to the library.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "seqguard/sequence_scorer/behaviour_model.hpp"
#include "sequence_scorer/scratch.hpp"

namespace seqguard {
inline namespace v0 {

/// An encoder id of the primary column.
struct ExpectedValue {
  std::int32_t id = 0;
  double probability = 0;
};

/// For each of `positions` (events, from 0), that event hidden: the `count` most probable ids with their probabilities,
/// most probable first. Reserved ids are left out, and where repeats are rare, so are values that the sequence holds
/// already.
std::vector<std::vector<ExpectedValue>> expected_values(const EncodedEvents& events,
                                                        std::span<const std::size_t> positions, std::size_t count,
                                                        SequenceScorer::Scratch::Buffers& buffers);

}  // namespace v0
}  // namespace seqguard
