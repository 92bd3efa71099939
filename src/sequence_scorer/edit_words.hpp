// An edit as people and files have it; private to the library.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "seqguard/events/edit_script.hpp"
#include "seqguard/events/events_view.hpp"
#include "seqguard/events/schema.hpp"
#include "seqguard/sequence_scorer/sequence_scorer.hpp"

namespace seqguard {
inline namespace v0 {

/// `edit`, one of `script`, of `events`, whose columns fit the schema: values before and after as text, and the columns
/// that follow from the new value where they differ from what stands there; of an inserted event also its persistent
/// ones. A new type is below Vocabulary::types().
Edit in_words(const EventEdit& edit, std::span<const EventEdit> script, const EventsView& events,
              const EventSchema& schema);

/// The value of event i in a column as text.
std::string value_in_words(const EventsView& events, const EventSchema& schema, std::size_t column, std::size_t i);

}  // namespace v0
}  // namespace seqguard
