#include "seqguard/events/simulator.hpp"

#include <functional>
#include <utility>

#include "events/shop_anomalies.hpp"
#include "seqguard/core/error.hpp"
#include "seqguard/events/rewrite.hpp"

namespace seqguard {
inline namespace v0 {
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

/// A user before damage.
struct CleanUser {
  ShopHabits habits;
  bool monotonous = false;
  std::vector<ShopEvent> events;
};

CleanUser clean_user(std::size_t number, std::uint64_t seed) {
  Random random(seed, number);
  CleanUser user;
  user.monotonous = number % 50 == 17;
  user.habits = draw_shop_habits(random);
  const std::int64_t start = k_opening_ms + static_cast<std::int64_t>(random.uniform() * 60 * 86400) * 1000;
  user.events =
      user.monotonous ? simulate_monotonous_user(start, random) : simulate_shop_user(user.habits, start, 0, random);
  return user;
}

std::string price_text(std::int32_t cents) {
  if (cents < 0) return {};
  return std::to_string(cents / 100) + (cents % 100 < 10 ? ".0" : ".") + std::to_string(cents % 100);
}

class ShopRows final : public RowSource {
 public:
  /// `user`: the user of a number below `users`; what it gives must last until the next call.
  ShopRows(std::size_t users, std::function<const ShopUser&(std::size_t)> user, ShopTable table)
      : users_(users), user_of_(std::move(user)), table_(table) {
    if (table == ShopTable::labels)
      info_.columns = {{"user"}, {"position"}, {"kind"}};
    else
      info_.columns = {{"user"}, {"position"}, {"time"}, {"event"}, {"item"}, {"price"}, {"device"}};
    info_.name = table == ShopTable::labels ? "labels" : table == ShopTable::clean ? "clean" : "events";
    texts_.resize(info_.columns.size());
  }

  const SourceInfo& info() const noexcept override { return info_; }

  bool next(SourceRow& row) override {
    if (!find_event()) return false;
    const ShopUser& user = *current_;
    texts_[0] = user.key;
    texts_[1] = std::to_string(position_);
    if (table_ == ShopTable::labels) {
      texts_[2] = to_string(user.labels[position_]);
    } else {
      const ShopEvent& event = events_of(user)[position_];
      texts_[2] = std::to_string(event.time_ms);
      texts_[3] = shop_event_name(event.event);
      texts_[4] = event.item == k_no_item ? "" : "i" + std::to_string(event.item);
      texts_[5] = price_text(event.cents);
      texts_[6] = k_shop_device_names[event.device];
    }
    row.fields.assign(texts_.begin(), texts_.end());
    row.problem.clear();
    row.raw = row.lead = {};
    row.line = ++line_;
    ++position_;
    return true;
  }

 private:
  const std::vector<ShopEvent>& events_of(const ShopUser& user) const {
    return table_ == ShopTable::clean ? user.clean : user.events;
  }
  /// Goes on to the next event of the table, from `position_` on.
  bool find_event() {
    for (; user_ < users_; ++user_, position_ = 0, current_ = nullptr) {
      if (current_ == nullptr) current_ = &user_of_(user_);
      for (; position_ < events_of(*current_).size(); ++position_)
        if (table_ != ShopTable::labels || current_->labels[position_] != ShopAnomaly::none) return true;
    }
    return false;
  }

  std::size_t users_;
  std::function<const ShopUser&(std::size_t)> user_of_;
  const ShopUser* current_ = nullptr;
  ShopTable table_;
  SourceInfo info_;
  std::vector<std::string> texts_;  // of the current row
  std::size_t user_ = 0, position_ = 0;
  std::uint64_t line_ = 1;  // of the current row, the header being the first
};

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

ShopSimulation::ShopSimulation(std::size_t users, std::uint64_t seed) : seed_(seed) {
  if (users == 0 || users > 10'000'000)
    fail(ErrorCode::invalid_argument, "users", "out of range", "1 .. 10000000", std::to_string(users));
  anomalies_.resize(users);
  // A tenth of all get an anomaly, if so many are long enough, in random order.
  std::vector<std::size_t> candidates;
  for (std::size_t u = 0; u < users; ++u) {
    const CleanUser user = clean_user(u, seed);
    if (!user.monotonous && user.events.size() >= k_least_events) candidates.push_back(u);
  }
  Random(seed, k_stream_choice).shuffle(candidates);
  candidates.resize(std::min(candidates.size(), users / 10));
  for (std::size_t i = 0; i < candidates.size(); ++i)
    anomalies_[candidates[i]] = static_cast<ShopAnomaly>(1 + i % k_shop_anomalies);
}

ShopUser ShopSimulation::user(std::size_t number) const {
  CleanUser clean = clean_user(number, seed_);
  ShopUser user;
  user.key = user_key(number);
  user.monotonous = clean.monotonous;
  user.anomaly = anomalies_[number];
  if (user.anomaly == ShopAnomaly::none) {
    user.events = clean.events;
    user.labels.assign(user.events.size(), ShopAnomaly::none);
  } else {
    Random random(mix64(seed_), number);
    DamagedSequence sequence = inject_shop_anomaly(user.anomaly, clean.events, clean.habits, random);
    user.events = std::move(sequence.events);
    user.labels = std::move(sequence.labels);
  }
  user.clean = std::move(clean.events);
  return user;
}

std::vector<ShopUser> simulate_shop(std::size_t users, std::uint64_t seed) {
  const ShopSimulation shop(users, seed);
  std::vector<ShopUser> result;
  result.reserve(users);
  for (std::size_t u = 0; u < users; ++u) result.push_back(shop.user(u));
  return result;
}

std::unique_ptr<RowSource> shop_rows(const std::vector<ShopUser>& users, ShopTable table) {
  return std::make_unique<ShopRows>(
      users.size(), [&users](std::size_t number) -> const ShopUser& { return users[number]; }, table);
}

std::unique_ptr<RowSource> shop_rows(const ShopSimulation& shop, ShopTable table) {
  return std::make_unique<ShopRows>(
      shop.users(),
      [&shop, user = ShopUser()](std::size_t number) mutable -> const ShopUser& { return user = shop.user(number); },
      table);
}

std::string shop_events_csv(const std::vector<ShopUser>& users) {
  return table_text(*shop_rows(users, ShopTable::events), DataFormat::csv);
}
std::string shop_clean_csv(const std::vector<ShopUser>& users) {
  return table_text(*shop_rows(users, ShopTable::clean), DataFormat::csv);
}
std::string shop_labels_csv(const std::vector<ShopUser>& users) {
  return table_text(*shop_rows(users, ShopTable::labels), DataFormat::csv);
}

}  // namespace v0
}  // namespace seqguard
