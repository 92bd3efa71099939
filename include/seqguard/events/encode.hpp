// From a sequence of events to the numbers that the embedding reads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "seqguard/events/events_view.hpp"
#include "seqguard/events/schema.hpp"

namespace seqguard {

/// A sequence of n events as P = n + 2 positions: 0 is the beginning (CLS), 1 .. n are the events, n + 1 the end (SEP).
/// The buffers grow to the largest sequence seen and are then reused: only the first n (or P) values are meaningful.
struct EncodedEvents {
  std::size_t n = 0;
  std::vector<TypeId> types;                   ///< [n] raw values of the primary column, for the statistics
  std::vector<std::vector<std::int32_t>> ids;  ///< per column of the schema: [P] encoder ids; empty if numeric
  std::vector<std::vector<float>> values;  ///< per column: [P] transformed numbers, 0 if missing; empty if categorical
  std::vector<std::vector<std::uint8_t>> missing;  ///< per column: [P] 1 where an event has no number; 0 at both marks
  std::vector<std::int32_t> gaps;  ///< [P] gap buckets, k_gap_pad at both marks; empty without time column

  std::size_t positions() const noexcept { return n + 2; }
};

/// Encodes `events` into `out`. Allocates nothing once `out` has held a sequence of this schema that was as long.
/// Thread-safe for distinct `out`.
/// @throws Error bad_event if the number, the kinds or the lengths of the columns do not fit the schema.
void encode(const EventsView& events, const EventSchema& schema, EncodedEvents& out);

/// Grows the buffers of `out` for sequences of up to n events, so that encode() allocates nothing from its first call
/// on.
void reserve(EncodedEvents& out, const EventSchema& schema, std::size_t n);

}  // namespace seqguard
