// A damaged sequence in the making: references to events, put together at the end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "events/normal_events.hpp"
#include "seqguard/core/random.hpp"
#include "seqguard/events/damage.hpp"
#include "seqguard/events/encode.hpp"
#include "seqguard/events/schema.hpp"

namespace seqguard {
inline namespace v0 {

inline constexpr std::size_t k_put_in = static_cast<std::size_t>(-1);

/// An event of a draft. Its slot says where it stands in the clean sequence, and with that what is right: slots ascend
/// along a draft, an event without one is to be removed, one whose slot holds another type is to be replaced, and slots
/// that are passed over are lost.
struct DraftEvent {
  EventPlace columns;        ///< the event that it looks like
  EventPlace persistent;     ///< where the columns come from that are constant over stretches
  TypeId type = 0;           ///< that of `columns`, or an unseen one
  std::int64_t time_ms = 0;  ///< k_no_time: not known
  std::size_t slot = k_put_in;
  bool only_type = false;  ///< nothing else of it is known
};
using Draft = std::vector<DraftEvent>;

/// The clean sequence itself.
Draft draft_of(const EncodedEvents& clean);

/// Events and labels of a draft of at least one event. Where the times are not known, slots of equal neighbours are
/// exchanged first, so that labels do not tell apart what is the same.
void write_draft(Draft& draft, const EncodedEvents& clean, const EventSchema& schema, DamagedEvents& out);

}  // namespace v0
}  // namespace seqguard
