#include "seqguard/events/simulator.hpp"

#include "events/shop_anomalies.hpp"
#include "seqguard/core/error.hpp"

namespace seqguard {
namespace {

constexpr std::size_t k_least_events = 12;  // shorter sequences are left clean: there is hardly room for damage
constexpr std::int64_t k_opening_ms = 1709251200000;  // 2024-03-01
constexpr std::uint64_t k_stream_choice = ~std::uint64_t{0};

std::string user_key(std::size_t number) {
  std::string digits = std::to_string(number);
  std::string key(digits.size() < 5 ? 6 - digits.size() : 1, '0');
  key[0] = 'u';
  return key + digits;
}

/// Users that get an anomaly, in random order: a tenth of all, if so many are long enough.
std::vector<std::size_t> choose_damaged(const std::vector<ShopUser>& users, std::uint64_t seed) {
  std::vector<std::size_t> candidates;
  for (std::size_t u = 0; u < users.size(); ++u)
    if (!users[u].monotonous && users[u].clean.size() >= k_least_events) candidates.push_back(u);
  Random(seed, k_stream_choice).shuffle(candidates);
  candidates.resize(std::min(candidates.size(), users.size() / 10));
  return candidates;
}

void append_price(std::string& out, std::int32_t cents) {
  if (cents < 0) return;
  out.append(std::to_string(cents / 100)).append(cents % 100 < 10 ? ".0" : ".").append(std::to_string(cents % 100));
}

void append_row(std::string& out, const std::string& key, std::size_t position, const ShopEvent& event) {
  out.append(key).append(",").append(std::to_string(position)).append(",").append(std::to_string(event.time_ms));
  out.append(",").append(shop_event_name(event.event)).append(",");
  if (event.item != k_no_item) out.append("i").append(std::to_string(event.item));
  out += ',';
  append_price(out, event.cents);
  out.append(",").append(k_shop_device_names[event.device]).append("\n");
}

std::string rows_csv(const std::vector<ShopUser>& users, std::vector<ShopEvent> ShopUser::*events) {
  std::string out = "user,position,time,event,item,price,device\n";
  for (const ShopUser& user : users)
    for (std::size_t i = 0; i < (user.*events).size(); ++i) append_row(out, user.key, i, (user.*events)[i]);
  return out;
}

}  // namespace

std::string_view to_string(ShopAnomaly anomaly) noexcept {
  constexpr std::string_view names[] = {"none",     "bot",        "takeover", "burst",
                                        "replaced", "duplicated", "missing",  "clock"};
  return names[static_cast<std::size_t>(anomaly)];
}

std::size_t shop_event_types() noexcept { return k_shop_types; }

std::string shop_event_name(std::uint16_t event) {
  if (is_shop_page(event)) return std::string(k_shop_page_names[event - k_shop_categories * k_shop_actions]);
  return std::string(k_shop_action_names[static_cast<std::size_t>(shop_action(event))]) + ":" +
         std::string(k_shop_category_names[shop_category(event)]);
}

std::vector<ShopUser> simulate_shop(std::size_t users, std::uint64_t seed) {
  if (users == 0 || users > 10'000'000)
    fail(ErrorCode::invalid_argument, "users", "out of range", "1 .. 10000000", std::to_string(users));
  std::vector<ShopUser> result(users);
  std::vector<ShopHabits> habits(users);
  for (std::size_t u = 0; u < users; ++u) {
    Random random(seed, u);
    ShopUser& user = result[u];
    user.key = user_key(u);
    user.monotonous = u % 50 == 17;
    habits[u] = draw_shop_habits(random);
    const std::int64_t start = k_opening_ms + static_cast<std::int64_t>(random.uniform() * 60 * 86400) * 1000;
    user.clean =
        user.monotonous ? simulate_monotonous_user(start, random) : simulate_shop_user(habits[u], start, 0, random);
    user.events = user.clean;
    user.labels.assign(user.events.size(), ShopAnomaly::none);
  }
  const std::vector<std::size_t> damaged = choose_damaged(result, seed);
  for (std::size_t i = 0; i < damaged.size(); ++i) {
    ShopUser& user = result[damaged[i]];
    Random random(mix64(seed), damaged[i]);
    user.anomaly = static_cast<ShopAnomaly>(1 + i % k_shop_anomalies);
    DamagedSequence sequence = inject_shop_anomaly(user.anomaly, user.clean, habits[damaged[i]], random);
    user.events = std::move(sequence.events);
    user.labels = std::move(sequence.labels);
  }
  return result;
}

std::string shop_events_csv(const std::vector<ShopUser>& users) { return rows_csv(users, &ShopUser::events); }
std::string shop_clean_csv(const std::vector<ShopUser>& users) { return rows_csv(users, &ShopUser::clean); }

std::string shop_labels_csv(const std::vector<ShopUser>& users) {
  std::string out = "user,position,kind\n";
  for (const ShopUser& user : users)
    for (std::size_t i = 0; i < user.labels.size(); ++i)
      if (user.labels[i] != ShopAnomaly::none)
        out += user.key + ',' + std::to_string(i) + ',' + std::string(to_string(user.labels[i])) + '\n';
  return out;
}

}  // namespace seqguard
