// What a repair has seen, in the words of a reason: duplicates, foreign events, something missing.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "seqguard/events/events_view.hpp"
#include "seqguard/sequence_scorer/sequence_scorer.hpp"

namespace seqguard {
inline namespace v0 {

/// Counts over the edits of a sequence, those that are only reported too.
struct DamageSigns {
  std::size_t repeated = 0;  ///< events that are too many, and equal one of the three before them
  std::size_t foreign = 0;   ///< other events that are too many
  std::size_t wrong = 0;     ///< events in the place of others
  std::size_t missing = 0;   ///< events that are not there
  std::size_t times = 0;     ///< events with a wrong time

  /// "3 repeated events", "12 foreign events", "a wrong event", "2 events are missing", "5 times out of order"; those
  /// that there are, in this order.
  std::vector<std::string> in_words() const;
};

/// Of a repair of `events`; `primary`: EventSchema::primary.
DamageSigns damage_signs(const Repair& repair, const EventsView& events, std::size_t primary);

}  // namespace v0
}  // namespace seqguard
