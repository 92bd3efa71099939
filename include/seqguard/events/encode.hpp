// From a sequence of events to the numbers that the embedding reads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "seqguard/events/events_view.hpp"
#include "seqguard/events/schema.hpp"

namespace seqguard {
inline namespace v0 {

/// A sequence of n events as P = n + 2 positions: 0 is the beginning (CLS), 1 .. n are the events, n + 1 the end (SEP).
/// Reused as an output it keeps its capacity.
struct EncodedEvents {
  std::size_t n = 0;
  std::uint64_t key = 0;      ///< key_number() of EventsView::key; 0: none, or the schema has no profile keys
  std::vector<TypeId> types;  ///< [n] raw values of the primary column, for the statistics
  std::vector<std::vector<std::int32_t>> ids;  ///< per column of the schema: [P] encoder ids; empty if numeric
  std::vector<std::vector<float>> values;  ///< per column: [P] transformed numbers, 0 if missing; empty if categorical
  std::vector<std::vector<std::uint8_t>> missing;  ///< per column: [P] 1 where an event has no number; 0 at both marks
  std::vector<std::int32_t> gaps;     ///< [P] gap buckets, k_gap_pad at both marks; empty without time column
  std::vector<std::int64_t> time_ms;  ///< [n] the times that the gaps lie between; empty where they are not known

  std::size_t positions() const noexcept { return n + 2; }
};

/// The number of a key: of its text nothing else is kept, in memory or on disk. Two of a million keys have the same one
/// with probability 3e-8. It is no secret: whoever has the text can compute it.
std::uint64_t key_number(std::string_view key) noexcept;

/// Encodes `events` into `out`. Allocates nothing once `out` has held a sequence of this schema that was as long.
/// Thread-safe for distinct `out`.
/// @throws Error bad_event if the number, the kinds or the lengths of the columns do not fit the schema.
void encode(const EventsView& events, const EventSchema& schema, EncodedEvents& out);

/// Computes gaps of the events [first, last) again, from time_ms. Nothing without a time column.
void encode_gaps(EncodedEvents& events, const EventSchema& schema, std::size_t first, std::size_t last);

/// Grows the buffers of `out` for sequences of up to n events, so that encode() allocates nothing from its first call
/// on.
void reserve(EncodedEvents& out, const EventSchema& schema, std::size_t n);

}  // namespace v0
}  // namespace seqguard
