#include "sequence_scorer/repeated_stretch.hpp"

#include <algorithm>

namespace seqguard {
inline namespace v0 {

RepeatedStretch longest_repeated_stretch(TypeSequence events) {
  constexpr std::size_t k_longest_period = 32;
  RepeatedStretch best;
  for (std::size_t period = 1; period <= std::min(k_longest_period, events.size() / 2); ++period) {
    std::size_t equal = 0;  // events in a row that equal the one `period` before
    for (std::size_t i = period; i < events.size(); ++i) {
      equal = events[i] == events[i - period] ? equal + 1 : 0;
      if (equal >= period && equal + period > best.count) best = {i + 1 - equal - period, period, equal + period};
    }
  }
  return best;
}

}  // namespace v0
}  // namespace seqguard
