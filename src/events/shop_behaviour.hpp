// How a normal user of the simulated shop behaves.
#pragma once

#include <array>
#include <vector>

#include "events/shop_catalogue.hpp"

namespace seqguard {
inline namespace v0 {

/// ShopHabits of one user; drawn once, the interests drift.
struct ShopHabits {
  std::array<std::size_t, 3> interests{};  // categories, the first one the strongest
  double search_share = 0.5;               // searches rather than browses
  double review_share = 0.25;
  double cart_share = 0.2;
  double pace = 1;        // factor on the gaps within a session
  double days_apart = 3;  // typical gap between sessions
  double hour = 18;       // favourite time of day
  std::uint8_t device = 0;
  std::size_t sessions = 3;
};

/// Draws habits; interests avoid those of `other` if there is one.
ShopHabits draw_shop_habits(Random& random, const ShopHabits* other = nullptr);

/// The sessions of a user from `start_ms` on, and further ones until there are `min_events`.
std::vector<ShopEvent> simulate_shop_user(ShopHabits habits, std::int64_t start_ms, std::size_t min_events,
                                          Random& random);

/// A monotonous user: looks at one item or at one list again and again.
std::vector<ShopEvent> simulate_monotonous_user(std::int64_t start_ms, Random& random);

}  // namespace v0
}  // namespace seqguard
