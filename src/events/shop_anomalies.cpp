#include "events/shop_anomalies.hpp"

#include <algorithm>
#include <cmath>

namespace seqguard {
inline namespace v0 {
namespace {

DamagedSequence untouched(const std::vector<ShopEvent>& clean) {
  return {clean, std::vector<ShopAnomaly>(clean.size(), ShopAnomaly::none)};
}

void append(DamagedSequence& out, const ShopEvent& event, ShopAnomaly label) {
  out.events.push_back(event);
  out.labels.push_back(label);
}

/// A share of the events, uniform in [low, high], at least two.
std::size_t some_of(std::size_t n, double low, double high, Random& random) {
  const double share = low + (high - low) * random.uniform();
  return std::max<std::size_t>(2, static_cast<std::size_t>(std::lround(share * static_cast<double>(n))));
}

/// `count` different positions below n.
std::vector<bool> choose_positions(std::size_t n, std::size_t count, Random& random) {
  std::vector<bool> chosen(n, false);
  for (std::size_t left = std::min(count, n); left > 0;) {
    const std::size_t i = random.below(n);
    if (chosen[i]) continue;
    chosen[i] = true;
    --left;
  }
  return chosen;
}

/// A category that the user visits, so that the event types alone do not give the anomaly away.
std::size_t visited_category(const std::vector<ShopEvent>& clean, const ShopHabits& habits, Random& random) {
  const std::uint16_t type = clean[random.below(clean.size())].event;
  return is_shop_page(type) ? habits.interests[0] : shop_category(type);
}

void set_type(ShopEvent& event, std::uint16_t type, Random& random) {
  event.event = type;
  event.item = concerns_item(type) ? draw_shop_item(shop_category(type), random) : k_no_item;
  event.cents = event.item != k_no_item ? shop_price(event.item) : -1;
}

/// list, view, view, .. cart: the same loop over items in the order of their numbers, at a fixed pace.
DamagedSequence bot(const std::vector<ShopEvent>& clean, const ShopHabits& habits, Random& random) {
  DamagedSequence out = untouched(clean);
  const std::size_t n = clean.size();
  const std::size_t length = std::max<std::size_t>(8, some_of(n, 0.3, 0.9, random));
  const std::size_t first = random.below(n - std::min(n, length) + 1), last = std::min(n, first + length);
  const std::size_t category = visited_category(clean, habits, random), period = 3 + random.below(4);
  const bool fills_cart = random.uniform() < 0.5;
  const double pace = 1200 + 2500 * random.uniform();
  std::size_t rank = random.below(k_items_per_category);
  for (std::size_t i = first; i < last; ++i) {
    ShopEvent& event = out.events[i];
    const std::size_t step = (i - first) % period;
    const bool cart = fills_cart && step + 1 == period;
    event.event = shop_type(category, step == 0 ? ShopAction::list : cart ? ShopAction::cart : ShopAction::view);
    if (step > 0 && !cart) rank = (rank + 1) % k_items_per_category;
    event.item = step == 0 ? k_no_item : static_cast<std::uint16_t>(category * k_items_per_category + rank);
    event.cents = step == 0 ? -1 : shop_price(event.item);
    event.device = out.events[first].device;
    if (i > first) event.time_ms = out.events[i - 1].time_ms + std::llround(pace + 60 * random.uniform());
    out.labels[i] = ShopAnomaly::bot;
  }
  return out;
}

DamagedSequence takeover(const std::vector<ShopEvent>& clean, const ShopHabits& habits, Random& random) {
  DamagedSequence out = untouched(clean);
  const std::size_t half = clean.size() / 2;
  ShopHabits stranger = draw_shop_habits(random, &habits);
  stranger.device = static_cast<std::uint8_t>((habits.device + 1 + random.below(k_shop_devices - 1)) % k_shop_devices);
  const std::vector<ShopEvent> theirs = simulate_shop_user(stranger, clean[half].time_ms, clean.size() - half, random);
  for (std::size_t i = half; i < clean.size(); ++i) {
    out.events[i] = theirs[i - half];
    out.labels[i] = ShopAnomaly::takeover;
  }
  return out;
}

DamagedSequence burst(const std::vector<ShopEvent>& clean, const ShopHabits& habits, Random& random) {
  DamagedSequence out;
  const std::size_t at = 1 + random.below(clean.size() - 1), count = 8 + random.below(17);
  const std::size_t category = visited_category(clean, habits, random);
  const std::uint16_t items[] = {draw_shop_item(category, random), draw_shop_item(category, random)};
  for (std::size_t i = 0; i < at; ++i) append(out, clean[i], ShopAnomaly::none);
  ShopEvent event = clean[at - 1];
  for (std::size_t i = 0; i < count; ++i) {
    const double u = random.uniform();
    event.event = shop_type(category, u < 0.8 ? ShopAction::view : u < 0.9 ? ShopAction::wish : ShopAction::cart);
    event.item = items[random.below(2)];
    event.cents = shop_price(event.item);
    event.time_ms += 200 + static_cast<std::int64_t>(random.below(1200));
    append(out, event, ShopAnomaly::burst);
  }
  const std::int64_t delay = event.time_ms - clean[at - 1].time_ms;
  for (std::size_t i = at; i < clean.size(); ++i) {
    append(out, clean[i], ShopAnomaly::none);
    out.events.back().time_ms += delay;
  }
  return out;
}

DamagedSequence replaced(const std::vector<ShopEvent>& clean, Random& random) {
  DamagedSequence out = untouched(clean);
  const std::vector<bool> chosen = choose_positions(clean.size(), some_of(clean.size(), 0.05, 0.15, random), random);
  for (std::size_t i = 0; i < clean.size(); ++i) {
    if (!chosen[i]) continue;
    const std::size_t shift = 1 + random.below(k_shop_types - 1);
    set_type(out.events[i], static_cast<std::uint16_t>((clean[i].event + shift) % k_shop_types), random);
    out.labels[i] = ShopAnomaly::replaced;
  }
  return out;
}

DamagedSequence duplicated(const std::vector<ShopEvent>& clean, Random& random) {
  DamagedSequence out;
  const std::vector<bool> chosen = choose_positions(clean.size(), some_of(clean.size(), 0.05, 0.15, random), random);
  for (std::size_t i = 0; i < clean.size(); ++i) {
    append(out, clean[i], ShopAnomaly::none);
    for (std::size_t copies = chosen[i] ? 1 + random.below(3) : 0; copies > 0; --copies) {
      ShopEvent copy = out.events.back();
      copy.time_ms += static_cast<std::int64_t>(random.below(800));
      append(out, copy, ShopAnomaly::duplicated);
    }
    // The copies may not overtake the event that follows.
    if (i + 1 < clean.size())
      for (std::size_t j = out.events.size(); j-- > 0 && out.events[j].time_ms > clean[i + 1].time_ms;)
        out.events[j].time_ms = clean[i + 1].time_ms;
  }
  return out;
}

/// Steps that others depend on: without them the order of the rest is odd.
bool is_stepping_stone(std::uint16_t type) {
  if (!is_shop_page(type)) return shop_action(type) <= ShopAction::view;
  return type == shop_type(ShopPage::basket) || type == shop_type(ShopPage::checkout) ||
         type == shop_type(ShopPage::login) || type == shop_type(ShopPage::pay);
}

DamagedSequence missing(const std::vector<ShopEvent>& clean, Random& random) {
  std::vector<bool> lost(clean.size(), false);
  std::size_t left = some_of(clean.size(), 0.1, 0.25, random);
  // Neither end is lost, so that every hole has an event behind it.
  for (std::size_t tries = 0; left > 0 && tries < 50 * clean.size(); ++tries) {
    const std::size_t i = 1 + random.below(clean.size() - 2);
    if (lost[i] || (!is_stepping_stone(clean[i].event) && random.uniform() < 0.7)) continue;
    lost[i] = true;
    --left;
  }
  DamagedSequence out;
  for (std::size_t i = 0; i < clean.size(); ++i)
    if (!lost[i]) append(out, clean[i], i > 0 && lost[i - 1] ? ShopAnomaly::missing : ShopAnomaly::none);
  return out;
}

DamagedSequence clock(const std::vector<ShopEvent>& clean, Random& random) {
  DamagedSequence out = untouched(clean);
  const std::size_t length = std::max<std::size_t>(4, some_of(clean.size(), 0.2, 0.5, random));
  const std::size_t first = 1 + random.below(clean.size() - length);
  const bool shuffles = random.uniform() < 0.5;
  // Ten minutes to a day before the event in front of the stretch.
  const std::int64_t back = clean[first].time_ms - clean[first - 1].time_ms +
                            static_cast<std::int64_t>(std::exp(std::log(6e5) + 5 * random.uniform()));
  std::vector<std::int64_t> times;
  for (std::size_t i = first; i < first + length; ++i) times.push_back(clean[i].time_ms);
  if (shuffles) random.shuffle(times);
  if (shuffles && std::is_sorted(times.begin(), times.end())) std::reverse(times.begin(), times.end());
  for (std::size_t i = first; i < first + length; ++i) {
    out.events[i].time_ms = shuffles ? times[i - first] : clean[i].time_ms - back;
    if (out.events[i].time_ms != clean[i].time_ms) out.labels[i] = ShopAnomaly::clock;
  }
  return out;
}

}  // namespace

DamagedSequence inject_shop_anomaly(ShopAnomaly kind, const std::vector<ShopEvent>& clean, const ShopHabits& habits,
                                    Random& random) {
  switch (kind) {
    case ShopAnomaly::none:
      break;
    case ShopAnomaly::bot:
      return bot(clean, habits, random);
    case ShopAnomaly::takeover:
      return takeover(clean, habits, random);
    case ShopAnomaly::burst:
      return burst(clean, habits, random);
    case ShopAnomaly::replaced:
      return replaced(clean, random);
    case ShopAnomaly::duplicated:
      return duplicated(clean, random);
    case ShopAnomaly::missing:
      return missing(clean, random);
    case ShopAnomaly::clock:
      return clock(clean, random);
  }
  return untouched(clean);
}

}  // namespace v0
}  // namespace seqguard
