// The longest stretch of a sequence in which the same few events come in turn; private to the library.
#pragma once

#include <cstddef>
#include <span>

#include "seqguard/detection/normals.hpp"

namespace seqguard {
inline namespace v0 {

struct RepeatedStretch {
  std::size_t first = 0, period = 0;
  std::size_t count = 0;  ///< events; 0: nothing comes in turn

  std::size_t rounds() const noexcept { return period == 0 ? 0 : count / period; }
};

/// Of all stretches in which each event equals the one `period` before it, at least twice in turn: the longest, of
/// equals that of the shortest period, then the first. Periods of up to 32 events.
RepeatedStretch longest_repeated_stretch(TypeSequence events);

}  // namespace v0
}  // namespace seqguard
