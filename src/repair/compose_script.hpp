// Scripts of two passes over a sequence as one of the original.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "seqguard/events/edit_script.hpp"
#include "seqguard/events/encode.hpp"
#include "seqguard/repair/decode_edits.hpp"
#include "seqguard/repair/gap_model.hpp"

namespace seqguard {
inline namespace v0 {

/// `first` was applied to a sequence of n events, without insertions; its result had events from `origins`, and
/// `second` is a script of that. `out` becomes both, in positions of the original and the order of edit_precedes(),
/// removed neighbours as one edit.
void compose_scripts(std::span<const EventEdit> first, std::size_t n, std::span<const std::size_t> origins,
                     std::span<const ProposedEdit> second, std::vector<ProposedEdit>& out);

/// Gives the insertions of a script of `events` times: evenly between those of their neighbours; at an end, and where
/// the times fall, the median gap of the pair from the one neighbour that there is. Where no time is known: none.
void set_inserted_times(const EncodedEvents& events, const GapModel& gaps, std::vector<ProposedEdit>& script);

}  // namespace v0
}  // namespace seqguard
