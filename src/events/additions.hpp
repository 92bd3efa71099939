// Events put into a draft, and the times that they get.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "events/draft.hpp"
#include "seqguard/core/random.hpp"

namespace seqguard {
inline namespace v0 {

/// How events come in; drawn once for a sequence.
struct DamageManner {
  bool has_pace;           ///< else: uniform times up to the next event, where there is room
  bool moves_rest;         ///< what follows is later by the time put in; else no event is later than the next one
  bool random_persistent;  ///< persistent columns as in the wrong event; else as in the event before
  double pace_ms;          ///< median of the log-normal gaps

  explicit DamageManner(Random& random);
};

/// An event to be put in before event `before` of a draft, or at its end.
struct Addition {
  std::size_t before;
  DraftEvent event;
};

/// Merges the additions, in their order, into the draft. Where the times of both neighbours are unknown, so are theirs.
void put_in(std::vector<Addition>& added, const DamageManner& manner, Random& random, Draft& draft);

}  // namespace v0
}  // namespace seqguard
