// Edits of a sequence of numbers in place: what encode() would give for the edited events, without going back to text.
#pragma once

#include <cstddef>
#include <cstdint>

#include "seqguard/events/encode.hpp"
#include "seqguard/events/events_view.hpp"
#include "seqguard/events/schema.hpp"

namespace seqguard {
inline namespace v0 {

/// Another value of the primary column for event i. The columns that follow from it (EventColumn::dependent_values)
/// change with it; the others and the time stay. Requires i < events.n.
void replace_event(EncodedEvents& events, const EventSchema& schema, std::size_t i, TypeId type);

/// Takes the events [first, first + count) out; the gap of the event behind them is measured anew.
/// Requires first + count <= events.n.
void remove_events(EncodedEvents& events, const EventSchema& schema, std::size_t first, std::size_t count = 1);

/// Puts the events of another sequence of the schema before event `at` (events.n: at the end), with their times; the
/// gaps of the first of them and of the event behind them are measured anew. Requires at <= events.n.
void insert_events(EncodedEvents& events, const EventSchema& schema, std::size_t at, const EncodedEvents& inserted);

/// insert_events() in the place of [first, first + count), which are taken out.
void replace_events(EncodedEvents& events, const EventSchema& schema, std::size_t first, std::size_t count,
                    const EncodedEvents& with);

/// A sequence of one event of which only the value of the primary column and the time are known (k_no_time: not that
/// either): columns that follow from the value hold what they always hold beside it, persistent ones what event `at` of
/// `beside` has, if that is given; others are missing: text is the empty value, UNK where the data have none.
void make_event(EncodedEvents& out, const EventSchema& schema, TypeId type, std::int64_t time_ms = k_no_time,
                const EncodedEvents* beside = nullptr, std::size_t at = 0);

}  // namespace v0
}  // namespace seqguard
