#include "events/shop_behaviour.hpp"

#include <algorithm>
#include <cmath>

namespace seqguard {
inline namespace v0 {
namespace {

constexpr std::int64_t k_second = 1000, k_hour = 3600 * k_second, k_day = 24 * k_hour;

std::int64_t log_normal_ms(double median_ms, double spread, Random& random) {
  return static_cast<std::int64_t>(median_ms * std::exp(spread * random.normal())) + 1;
}

/// Walks through the shop and writes down what happens.
class Visitor {
 public:
  Visitor(const ShopHabits& habits, std::int64_t start_ms, Random& random)
      : habits_(habits), random_(random), device_(habits.device), time_(start_ms) {}

  void session() {
    device_ = random_.uniform() < 0.85 ? habits_.device : static_cast<std::uint8_t>(random_.below(k_shop_devices));
    bool logged_in = false;
    enter(logged_in);
    std::size_t category = pick_category();
    do {
      explore(category);
      if (!cart_.empty() && random_.uniform() < 0.55) check_out(logged_in);
      category = random_.uniform() < 0.6 ? category : pick_category();
    } while (random_.uniform() < 0.45);
    if (random_.uniform() < 0.03) add(shop_type(ShopPage::help), 20);
    if (logged_in && random_.uniform() < 0.3) add(shop_type(ShopPage::logout), 8);
  }

  void wait_for_next_session() {
    const std::int64_t gap = log_normal_ms(habits_.days_apart * static_cast<double>(k_day), 0.9, random_);
    const double hour = habits_.hour + 2.5 * random_.normal();
    const std::int64_t day = (time_ + gap) / k_day * k_day;
    const std::int64_t start = day + static_cast<std::int64_t>(hour * static_cast<double>(k_hour));
    time_ = std::max(start, time_ + k_hour + gap / 10);
    const std::size_t place = random_.below(habits_.interests.size());
    if (random_.uniform() < 0.12)
      habits_.interests[place] = neighbour_category(habits_.interests[place], 1 + random_.below(2));
  }

  std::vector<ShopEvent>& events() { return events_; }

 private:
  void add(std::uint16_t type, double seconds, std::uint16_t item = k_no_item, std::int32_t cents = -1) {
    if (!events_.empty()) time_ += log_normal_ms(seconds * 1000 * habits_.pace, 0.8, random_);
    events_.push_back({time_, type, item, item != k_no_item ? shop_price(item) : cents, device_});
  }

  std::size_t pick_category() {
    const double u = random_.uniform();
    if (u < 0.05) return random_.below(k_shop_categories);
    return habits_.interests[u < 0.6 ? 0 : u < 0.85 ? 1 : 2];
  }

  void enter(bool& logged_in) {
    const double u = random_.uniform();
    if (u < 0.5) add(shop_type(ShopPage::home), 10);
    if (u < 0.35) {
      add(shop_type(ShopPage::login), 12);
      logged_in = true;
      if (bought_ && random_.uniform() < 0.4) add(shop_type(ShopPage::orders), 10);
      if (random_.uniform() < 0.06) add(shop_type(ShopPage::account), 15);
    }
    if (!cart_.empty() && random_.uniform() < 0.4) add(shop_type(ShopPage::basket), 10);
    // A return visit: straight back to the item seen last.
    if (last_item_ != k_no_item && random_.uniform() < 0.3) look_at(last_item_);
  }

  void look_at(std::uint16_t item) {
    const std::size_t category = item / k_items_per_category;
    last_item_ = item;
    add(shop_type(category, ShopAction::view), 25, item);
    if (random_.uniform() < habits_.review_share) add(shop_type(category, ShopAction::review), 40, item);
    if (random_.uniform() < 0.06) add(shop_type(category, ShopAction::wish), 6, item);
    if (random_.uniform() < habits_.cart_share) {
      add(shop_type(category, ShopAction::cart), 10, item);
      cart_.push_back(item);
    }
  }

  void explore(std::size_t category) {
    add(shop_type(category, random_.uniform() < habits_.search_share ? ShopAction::search : ShopAction::list), 12);
    do {
      look_at(draw_shop_item(category, random_));
      if (random_.uniform() < 0.2) add(shop_type(category, ShopAction::list), 9);
    } while (random_.uniform() < 0.58);
  }

  void check_out(bool& logged_in) {
    add(shop_type(ShopPage::basket), 10);
    if (cart_.size() > 1 && random_.uniform() < 0.25) {
      const std::uint16_t item = cart_.back();
      add(shop_type(item / k_items_per_category, ShopAction::uncart), 8, item);
      cart_.pop_back();
    }
    if (random_.uniform() < 0.15) add(shop_type(ShopPage::coupon), 20);
    add(shop_type(ShopPage::checkout), 8);
    if (!logged_in) add(shop_type(ShopPage::login), 15);
    logged_in = true;
    if (!bought_ || random_.uniform() < 0.1) add(shop_type(ShopPage::address), 45);
    std::int32_t sum = 0;
    for (const std::uint16_t item : cart_) sum += shop_price(item);
    add(shop_type(ShopPage::pay), 30, k_no_item, sum);
    add(shop_type(ShopPage::confirm), 5);
    cart_.clear();
    bought_ = true;
  }

  ShopHabits habits_;
  Random& random_;
  std::uint8_t device_;
  std::int64_t time_;
  std::vector<ShopEvent> events_;
  std::vector<std::uint16_t> cart_;
  std::uint16_t last_item_ = k_no_item;
  bool bought_ = false;
};

}  // namespace

ShopHabits draw_shop_habits(Random& random, const ShopHabits* other) {
  ShopHabits habits;
  const auto avoided = [&](std::size_t category) {
    return other != nullptr &&
           std::find(other->interests.begin(), other->interests.end(), category) != other->interests.end();
  };
  for (std::size_t& interest : habits.interests) {
    // Squaring makes the first categories more popular than the last.
    do interest = static_cast<std::size_t>(std::pow(random.uniform(), 1.4) * static_cast<double>(k_shop_categories));
    while (avoided(interest));
  }
  habits.search_share = 0.15 + 0.7 * random.uniform();
  habits.review_share = 0.05 + 0.4 * random.uniform();
  habits.cart_share = 0.05 + 0.3 * random.uniform();
  habits.pace = std::exp(0.4 * random.normal());
  habits.days_apart = std::exp(1.0 + 0.8 * random.normal());
  habits.hour = random.uniform() < 0.3 ? 9 + 3 * random.uniform() : 16 + 6 * random.uniform();
  const double device = random.uniform();
  habits.device = device < 0.55 ? 0 : device < 0.9 ? 1 : 2;
  // A log-normal number of sessions: heavy-tailed activity.
  habits.sessions = 1 + static_cast<std::size_t>(std::min(60.0, 1.9 * std::exp(0.9 * random.normal())));
  return habits;
}

std::vector<ShopEvent> simulate_shop_user(ShopHabits habits, std::int64_t start_ms, std::size_t min_events,
                                          Random& random) {
  Visitor visitor(habits, start_ms, random);
  for (std::size_t s = 0; s < habits.sessions || visitor.events().size() < min_events; ++s) {
    if (s > 0) visitor.wait_for_next_session();
    visitor.session();
  }
  return std::move(visitor.events());
}

std::vector<ShopEvent> simulate_monotonous_user(std::int64_t start_ms, Random& random) {
  const std::size_t category = random.below(k_shop_categories);
  const std::uint16_t item = draw_shop_item(category, random);
  const bool reloads_list = random.uniform() < 0.4, alternates = random.uniform() < 0.5;
  const auto device = static_cast<std::uint8_t>(random.below(k_shop_devices));
  const std::size_t n = 12 + static_cast<std::size_t>(25 * std::exp(0.6 * random.normal()));
  std::vector<ShopEvent> events;
  std::int64_t time = start_ms;
  for (std::size_t i = 0; i < n; ++i) {
    const bool list = alternates ? i % 2 == 0 : reloads_list;
    if (list)
      events.push_back({time, shop_type(category, ShopAction::list), k_no_item, -1, device});
    else
      events.push_back({time, shop_type(category, ShopAction::view), item, shop_price(item), device});
    time += log_normal_ms(static_cast<double>(alternates && list ? 15 * k_second : 8 * k_hour), 1.0, random);
  }
  return events;
}

}  // namespace v0
}  // namespace seqguard
