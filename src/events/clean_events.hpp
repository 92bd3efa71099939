// Cleaning of a data set that is being built.
#pragma once

#include <cstdint>
#include <vector>

#include "events/dataset_storage.hpp"
#include "seqguard/events/cleaning.hpp"
#include "seqguard/events/schema.hpp"

namespace seqguard {
inline namespace v0 {

/// Does to the events of `data` - in the order of their sequences, without views - what its rules say, and adds a
/// finding for each that did something. `sequence_of_event` is kept in step. The usual numbers of a column are those of
/// the schema, or where there is none become those of these data (Storage::usual).
/// @throws Error invalid_argument: a rule that can have no effect.
void clean_events(Dataset::Storage& data, std::vector<std::uint32_t>& sequence_of_event, const EventSchema* schema);

}  // namespace v0
}  // namespace seqguard
