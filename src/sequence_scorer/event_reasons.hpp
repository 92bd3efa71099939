// Which column of an event is odd, and what was expected there; private to the library.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "seqguard/sequence_scorer/explanation.hpp"
#include "sequence_scorer/scratch.hpp"

namespace seqguard {
inline namespace v0 {

/// Gaps of a bucket as people read them: "6 min to 8.1 min", "below 1 s", "not known".
std::string gap_words(std::int32_t bucket, const GapBuckets& gap);
/// The geometric middle of a bucket of ordinary gaps.
double gap_middle_ms(std::int32_t bucket, const GapBuckets& gap);

struct EventReasonInput {
  const EventsView& events;
  const EncodedEvents& encoded;
  std::span<const float> causal, masked;   ///< [C, L] surprise of each column
  std::span<const std::size_t> positions;  ///< of the events, as in the result
  std::size_t candidates = 0;
};

/// Fills `columns` and `words` of each of the events.
void add_column_reasons(const EventReasonInput& input, SequenceScorer::Scratch::Buffers& buffers,
                        std::span<SuspiciousEvent> events);

/// The edits of a repair; none where the model cannot repair.
void add_counterfactual(const SequenceScorer& scorer, const EventsView& events, SequenceScorer::Scratch& scratch,
                        Explanation& out);

}  // namespace v0
}  // namespace seqguard
