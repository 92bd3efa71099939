// What a network cannot see by itself in a few minutes of training: how far an event is from the same one before it and
// behind it. Two more columns of a sequence, and finer gaps between times.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "seqguard/events/encode.hpp"
#include "seqguard/events/schema.hpp"

namespace seqguard {
inline namespace v0 {

/// The schema of sequences that add_repeats() makes of those of `schema`: its columns, then two categorical ones with
/// the distances to the same value of the primary column before and behind; gaps in buckets from a tenth of a second
/// on, an octave each, in which bursts differ from people; windows of `window` positions.
EventSchema with_repeats(const EventSchema& schema, std::size_t window);

/// Buffers of add_repeats(), reused.
struct RepeatScratch {
  std::vector<std::uint32_t> order;
};

/// `out` becomes `events` with both columns, in the encoding of `schema`, which with_repeats() made of that of
/// `events`. Distances are counted in events, over the whole sequence; buckets: none, 1, 2, 3, 4, up to 6, 9, 15, 31,
/// more (reference/repair.md, section 3). Where hidden[n] is not empty, an event with a 1 in it is MASK in all
/// categorical columns but persistent ones, has no numbers, and is nobody's repeat: a distance would betray it; its gap
/// stays. A value that the normals hold once is UNK: for all others it is one that nobody has seen, and as UNK it says
/// how often such values come and are right. Allocates nothing once the buffers have held a sequence that was as long.
void add_repeats(const EncodedEvents& events, std::span<const std::uint8_t> hidden, const EventSchema& schema,
                 RepeatScratch& scratch, EncodedEvents& out);

}  // namespace v0
}  // namespace seqguard
