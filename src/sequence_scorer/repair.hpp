// The search for the smallest edits that bring a sequence back to normal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "seqguard/sequence_scorer/behaviour_model.hpp"
#include "sequence_scorer/scratch.hpp"

namespace seqguard {

/// The `count` most probable encoder ids of the primary column at an event (hidden), reserved ids left out, with their
/// probabilities, most probable first.
std::vector<std::pair<std::int32_t, double>> probable_values(const BehaviourModel& model, const EncodedEvents& events,
                                                             std::size_t position, std::size_t count,
                                                             SequenceScorer::Scratch::Buffers& buffers);

/// SequenceScorer::repair. Greedy: at the events that are most surprising from both sides, each probable value and the
/// deletion are tried; the edit after which the sequence scores lowest is kept if it scores lower than before. In the
/// end each edit is tried without. All of it on ids: text is made of the edits that are left.
Repair repair_sequence(const BehaviourModel& model, const EventsView& events, SequenceScorer::Scratch::Buffers& buffers,
                       const RepairOptions& options);

}  // namespace seqguard
