// A made-up shop whose users behave normally, and some of them not: data with known truth for trying things out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "seqguard/events/row_source.hpp"

namespace seqguard {
inline namespace v0 {

/// What is wrong with an event.
enum class ShopAnomaly : std::uint8_t {
  none,
  bot,         ///< a scripted loop over list, items and cart at a fixed pace, in place of a stretch of the sequence
  takeover,    ///< from half-way on somebody else acts: other interests, other habits, other device
  burst,       ///< a click farm: many fast views of one or two items are inserted
  replaced,    ///< single events are replaced by others of any type
  duplicated,  ///< single events are repeated at once
  missing,     ///< events are lost; the label stands at the event after each hole
  clock,       ///< the times of a stretch are shifted back or shuffled; the events themselves are right
};
inline constexpr std::size_t k_shop_anomalies = 7;  ///< kinds beside none

/// "none", "bot", ..: the names in labels.csv.
std::string_view to_string(ShopAnomaly anomaly) noexcept;

inline constexpr std::uint16_t k_no_item = 0xFFFF;

/// One row of the shop's log.
struct ShopEvent {
  std::int64_t time_ms = 0;
  std::uint16_t event = 0;         ///< below shop_event_types()
  std::uint16_t item = k_no_item;  ///< only events that concern one item
  std::int32_t cents = -1;         ///< price of the item, or of the whole order for `pay`; -1: none
  std::uint8_t device = 0;
  bool operator==(const ShopEvent&) const = default;
};

/// Number of event types: seven actions in each of twelve categories ("view:shoes") and twelve of the whole shop
/// ("pay").
std::size_t shop_event_types() noexcept;
std::string shop_event_name(std::uint16_t event);

/// One user: the events as recorded, what is wrong with each, and the events before damage.
struct ShopUser {
  std::string key;
  ShopAnomaly anomaly = ShopAnomaly::none;
  bool monotonous = false;  ///< a clean user who repeats one or two events
  std::vector<ShopEvent> events;
  std::vector<ShopAnomaly> labels;  ///< one per event
  std::vector<ShopEvent> clean;     ///< equal to events where anomaly is none
};

/// Simulates the users of a shop over some months: sessions of browsing, searching, comparing, carts, checkouts and
/// return visits; interests that drift; heavy-tailed activity (median about 30 events). One user in ten carries one
/// kind of anomaly, the seven kinds equally often (of users with at least 12 events); one in fifty is monotonous and
/// clean. A user's normal behaviour depends on the seed and the user's number alone. Deterministic for a seed.
/// @throws Error invalid_argument if users is 0 or above 10,000,000.
std::vector<ShopUser> simulate_shop(std::size_t users, std::uint64_t seed);

/// The same users one by one, for shops that do not fit into memory: what is kept of a user is one byte.
class ShopSimulation {
 public:
  /// @throws Error as simulate_shop().
  ShopSimulation(std::size_t users, std::uint64_t seed);
  std::size_t users() const noexcept { return anomalies_.size(); }
  ShopAnomaly anomaly(std::size_t number) const { return anomalies_[number]; }
  /// User `number` as simulate_shop() has it, simulated anew in each call.
  ShopUser user(std::size_t number) const;

 private:
  std::uint64_t seed_;
  std::vector<ShopAnomaly> anomalies_;
};

/// What is known of a simulated shop, as tables with rows by user and position.
enum class ShopTable {
  events,  ///< as recorded: user, position, time (ms), event, item, price, device
  clean,   ///< the same before damage
  labels,  ///< the anomalous events: user, position, kind
};
/// The rows of a table, for read_events() and table_text(). `users` are borrowed.
std::unique_ptr<RowSource> shop_rows(const std::vector<ShopUser>& users, ShopTable table);
std::unique_ptr<RowSource> shop_rows(const ShopSimulation& shop, ShopTable table);

/// The tables as CSV: the three files of `seqguard simulate`.
std::string shop_events_csv(const std::vector<ShopUser>& users);
std::string shop_clean_csv(const std::vector<ShopUser>& users);
std::string shop_labels_csv(const std::vector<ShopUser>& users);

}  // namespace v0
}  // namespace seqguard
