// What the simulated shop sells and what can be done in it.
#pragma once

#include <cstdint>
#include <string_view>

#include "seqguard/core/random.hpp"
#include "seqguard/events/simulator.hpp"

namespace seqguard {
inline namespace v0 {

inline constexpr std::string_view k_shop_category_names[] = {"phones", "laptops", "audio",  "cameras",
                                                             "shoes",  "jackets", "bags",   "books",
                                                             "toys",   "kitchen", "garden", "sports"};
inline constexpr std::size_t k_shop_categories = std::size(k_shop_category_names);

/// Actions within a category; their event types come first, category by category.
enum class ShopAction : std::uint8_t { search, list, view, review, wish, cart, uncart };
inline constexpr std::string_view k_shop_action_names[] = {"search", "list", "view",  "review",
                                                           "wish",   "cart", "uncart"};
inline constexpr std::size_t k_shop_actions = std::size(k_shop_action_names);

/// Events of the whole shop.
enum class ShopPage : std::uint8_t {
  home,
  login,
  logout,
  account,
  basket,
  coupon,
  checkout,
  address,
  pay,
  confirm,
  orders,
  help
};
inline constexpr std::string_view k_shop_page_names[] = {"home",     "login",   "logout", "account", "basket", "coupon",
                                                         "checkout", "address", "pay",    "confirm", "orders", "help"};

inline constexpr std::size_t k_shop_types = k_shop_categories * k_shop_actions + std::size(k_shop_page_names);
inline constexpr std::string_view k_shop_device_names[] = {"mobile", "desktop", "tablet"};
inline constexpr std::size_t k_shop_devices = std::size(k_shop_device_names);
inline constexpr std::size_t k_items_per_category = 60;

constexpr std::uint16_t shop_type(std::size_t category, ShopAction action) {
  return static_cast<std::uint16_t>(category * k_shop_actions + static_cast<std::size_t>(action));
}
constexpr std::uint16_t shop_type(ShopPage page) {
  return static_cast<std::uint16_t>(k_shop_categories * k_shop_actions + static_cast<std::size_t>(page));
}
constexpr bool is_shop_page(std::uint16_t type) { return type >= k_shop_categories * k_shop_actions; }
constexpr std::size_t shop_category(std::uint16_t type) { return type / k_shop_actions; }
constexpr ShopAction shop_action(std::uint16_t type) { return static_cast<ShopAction>(type % k_shop_actions); }
/// Whether an event of this type concerns one item.
constexpr bool concerns_item(std::uint16_t type) {
  return !is_shop_page(type) && shop_action(type) >= ShopAction::view;
}

/// An item of a category; popularity falls with its rank roughly as 1 / rank.
std::uint16_t draw_shop_item(std::size_t category, Random& random);
/// The price of an item in cents: a level of the category, spread by the item.
std::int32_t shop_price(std::uint16_t item);

/// The next category on the shelf: where interests drift to.
constexpr std::size_t neighbour_category(std::size_t category, std::size_t step) {
  return (category + step) % k_shop_categories;
}

}  // namespace v0
}  // namespace seqguard
