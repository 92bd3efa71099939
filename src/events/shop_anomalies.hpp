// What can go wrong with a sequence of the simulated shop.
#pragma once

#include <vector>

#include "events/shop_behaviour.hpp"

namespace seqguard {
inline namespace v0 {

struct DamagedSequence {
  std::vector<ShopEvent> events;
  std::vector<ShopAnomaly> labels;  // one per event, none where it is untouched
};

/// Damages a clean sequence of at least 12 events; at least one event is labelled. `habits` are those of its user.
DamagedSequence inject_shop_anomaly(ShopAnomaly kind, const std::vector<ShopEvent>& clean, const ShopHabits& habits,
                                    Random& random);

}  // namespace v0
}  // namespace seqguard
