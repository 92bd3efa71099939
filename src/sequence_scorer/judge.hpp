// Judging a sequence that is numbers already, by the model of the buffers: what score() and repair() share.
#pragma once

#include <vector>

#include "seqguard/sequence_scorer/behaviour_model.hpp"
#include "sequence_scorer/scratch.hpp"

namespace seqguard {
inline namespace v0 {

/// The sequence as a whole. `causal` becomes the surprise of its events and columns; it lasts until the next call.
/// @throws Error bad_event: no events.
Judgement judge_sequence(const EncodedEvents& events, SequenceScorer::Scratch::Buffers& buffers, Surprise& causal);

/// Its events by what stands before them: `causal` of judge_sequence().
void judge_events_by_past(const Surprise& causal, const SequenceScorer::Scratch::Buffers& buffers,
                          std::vector<EventScore>& out);

/// Its events by what stands on both sides, and by the rules for what normals hardly ever do.
void judge_events_by_both_sides(const EncodedEvents& events, SequenceScorer::Scratch::Buffers& buffers,
                                std::vector<EventScore>& out);

}  // namespace v0
}  // namespace seqguard
