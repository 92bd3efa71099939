#include "events/shop_catalogue.hpp"

#include <cmath>

namespace seqguard {
inline namespace v0 {

std::uint16_t draw_shop_item(std::size_t category, Random& random) {
  // rank + 1 = (items + 1)^u with u uniform has density proportional to 1 / (rank + 1)
  const double rank = std::pow(static_cast<double>(k_items_per_category + 1), random.uniform()) - 1.0;
  return static_cast<std::uint16_t>(category * k_items_per_category +
                                    static_cast<std::size_t>(rank) % k_items_per_category);
}

std::int32_t shop_price(std::uint16_t item) {
  constexpr double levels[] = {400, 900, 120, 500, 70, 110, 60, 15, 25, 45, 40, 55};
  Random random(0x5409, item);
  const double price = levels[item / k_items_per_category] * std::exp(0.5 * random.normal());
  return static_cast<std::int32_t>(std::floor(price)) * 100 + 99;
}

}  // namespace v0
}  // namespace seqguard
