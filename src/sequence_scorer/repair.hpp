// The search for the smallest edits that bring a sequence back to normal.
#pragma once

#include "seqguard/sequence_scorer/behaviour_model.hpp"
#include "sequence_scorer/scratch.hpp"

namespace seqguard {
inline namespace v0 {

/// SequenceScorer::repair by the model of the buffers. Greedy: at the events that are most surprising from both sides,
/// each probable value and the deletion are tried; the edit after which the sequence scores lowest is kept if it scores
/// lower than before. In the end each edit is tried without. All of it on ids: text is made of the edits that are left.
Repair repair_sequence(const EventsView& events, SequenceScorer::Scratch::Buffers& buffers,
                       const RepairOptions& options);

}  // namespace v0
}  // namespace seqguard
