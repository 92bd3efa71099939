// What is done to a sequence, in the positions of the original: an ordered list of edits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "seqguard/events/edit_operation.hpp"
#include "seqguard/events/encode.hpp"
#include "seqguard/events/events_view.hpp"
#include "seqguard/events/schema.hpp"

namespace seqguard {
inline namespace v0 {

/// An edit of a sequence of encoder input.
struct EventEdit {
  EditOperation operation = EditOperation::replace;
  std::size_t position = 0;  ///< in the original sequence: the event itself; of insert, the event before which the new
                             ///< one comes (as many as there are events: at the end)
  std::size_t rank = 0;      ///< order of the insertions at one position; 0 for the others
  TypeId type = 0;           ///< the new value of the primary column; meaningless for remove and set_time
  std::size_t count = 1;     ///< of remove and set_time: the events [position, position + count); 1 for the others
  std::int64_t time_ms = k_no_time;  ///< of insert: its time; k_no_time: not known
  std::int64_t shift_ms = 0;         ///< of set_time: added to the time of each of the events that has one
};

/// The event from which one that is inserted before `position` of n events takes its persistent columns
/// (EventColumn::persistent), n > 0: the nearest before it that the script does not remove, else the nearest behind it,
/// else that at its place.
std::size_t event_beside(std::span<const EventEdit> script, std::size_t position, std::size_t n);

/// Applies `script`, in any order, to `original`: times first, then the other edits; gaps are measured anew. `out`
/// becomes the edited sequence, where new events have the persistent columns of event_beside(); origins [out.n] the
/// positions that its events had, k_inserted for new ones. What is inserted within a stretch that is removed stays, in
/// its place.
/// @throws Error out_of_range for a position beyond the sequence or a time beyond 64 bits; invalid_argument: a count of
/// 0 or of another operation than remove and set_time, two edits of one event (a set_time and one other are allowed),
/// two insertions of one rank at one position, a set_time where the times are not known.
void apply_script(std::span<const EventEdit> script, const EncodedEvents& original, const EventSchema& schema,
                  EncodedEvents& out, std::vector<std::size_t>& origins);
inline constexpr std::size_t k_inserted = static_cast<std::size_t>(-1);

}  // namespace v0
}  // namespace seqguard
