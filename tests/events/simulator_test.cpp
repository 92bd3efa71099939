// The simulated shop: deterministic, labelled truthfully, with clean twins, and not trivial.
#include "seqguard/events/simulator.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "seqguard/core/error.hpp"
#include "seqguard/events/fit_schema.hpp"
#include "seqguard/events/reader.hpp"
#include "seqguard/events/rewrite.hpp"

using namespace seqguard;

namespace {

/// The size of the quickstart; made once.
const std::vector<ShopUser>& shop() {
  static const std::vector<ShopUser> users = simulate_shop(2000, 7);
  return users;
}

/// Probability that an abnormal score is above a normal one, ties counted half.
double auroc(const std::vector<double>& normal, const std::vector<double>& abnormal) {
  std::vector<double> sorted = normal;
  std::sort(sorted.begin(), sorted.end());
  double sum = 0;
  for (const double score : abnormal) {
    const auto [low, high] = std::equal_range(sorted.begin(), sorted.end(), score);
    sum += 0.5 * static_cast<double>((low - sorted.begin()) + (high - sorted.begin()));
  }
  return sum / static_cast<double>(normal.size()) / static_cast<double>(abnormal.size());
}

/// AUROC of a score over all kinds, as it is and two-sided (distance of the rank among the normals from the middle).
template <class Score>
std::pair<double, double> separation(const Score& score) {
  std::vector<double> normal, abnormal;
  for (const ShopUser& user : shop()) (user.anomaly == ShopAnomaly::none ? normal : abnormal).push_back(score(user));
  std::vector<double> sorted = normal;
  std::sort(sorted.begin(), sorted.end());
  const auto oddness = [&](double x) {
    const auto below = std::lower_bound(sorted.begin(), sorted.end(), x) - sorted.begin();
    return std::abs(static_cast<double>(below) / static_cast<double>(sorted.size()) - 0.5);
  };
  std::vector<double> odd_normal, odd_abnormal;
  for (const double x : normal) odd_normal.push_back(oddness(x));
  for (const double x : abnormal) odd_abnormal.push_back(oddness(x));
  return {auroc(normal, abnormal), auroc(odd_normal, odd_abnormal)};
}

/// The events without those that carry a label.
std::vector<ShopEvent> unlabelled(const ShopUser& user) {
  std::vector<ShopEvent> result;
  for (std::size_t i = 0; i < user.events.size(); ++i)
    if (user.labels[i] == ShopAnomaly::none) result.push_back(user.events[i]);
  return result;
}

/// Event types and items, without the times.
std::vector<std::pair<int, int>> contents(const std::vector<ShopEvent>& events) {
  std::vector<std::pair<int, int>> result;
  for (const ShopEvent& event : events) result.emplace_back(event.event, event.item);
  return result;
}

bool is_subsequence(const std::vector<std::pair<int, int>>& part, const std::vector<std::pair<int, int>>& whole) {
  std::size_t at = 0;
  for (const auto& value : whole) at += at < part.size() && part[at] == value;
  return at == part.size();
}

}  // namespace

TEST_CASE("simulator: a seed gives the same data, another one different data") {
  const std::vector<ShopUser> again = simulate_shop(300, 7), other = simulate_shop(300, 8);
  CHECK(shop_events_csv(simulate_shop(300, 7)) == shop_events_csv(again));
  CHECK(shop_events_csv(other) != shop_events_csv(again));
  // A user's normal behaviour does not depend on how many others there are.
  bool same = true;
  for (std::size_t u = 0; u < again.size(); ++u) same = same && again[u].clean == shop()[u].clean;
  CHECK(same);
  CHECK_THROWS_AS(simulate_shop(0, 1), Error);
  CHECK_THROWS_AS(simulate_shop(10'000'001, 1), Error);
  CHECK(simulate_shop(1, 1).size() == 1);
  const ShopSimulation shop(300, 7);
  CHECK(table_text(*shop_rows(shop, ShopTable::events), DataFormat::csv) == shop_events_csv(again));
  CHECK(table_text(*shop_rows(shop, ShopTable::labels), DataFormat::csv) == shop_labels_csv(again));
}

TEST_CASE("simulator: shares, lengths, kinds") {
  std::map<ShopAnomaly, std::size_t> kinds;
  std::vector<std::size_t> lengths;
  std::size_t monotonous = 0;
  for (const ShopUser& user : shop()) {
    ++kinds[user.anomaly];
    lengths.push_back(user.clean.size());
    std::set<int> types;
    for (const ShopEvent& event : user.clean) types.insert(event.event);
    if (user.monotonous) {
      ++monotonous;
      CHECK(types.size() <= 2);
      CHECK(user.anomaly == ShopAnomaly::none);
    }
  }
  CHECK(shop().size() - kinds[ShopAnomaly::none] == 200);
  CHECK(kinds.size() == 1 + k_shop_anomalies);
  for (const auto& [kind, count] : kinds) CHECK(count >= 28);  // 200 over seven kinds
  CHECK(monotonous == 40);                                     // one in fifty
  std::sort(lengths.begin(), lengths.end());
  CHECK(lengths[1000] >= 25);
  CHECK(lengths[1000] <= 40);
  CHECK(lengths[1900] > 2 * lengths[1000]);  // heavy tail
  CHECK(shop_event_types() == 96);
}

TEST_CASE("simulator: normal time runs forward, events are consistent") {
  bool forward = true, consistent = true;
  for (const ShopUser& user : shop()) {
    for (std::size_t i = 1; i < user.clean.size(); ++i)
      forward = forward && user.clean[i].time_ms >= user.clean[i - 1].time_ms;
    for (const std::vector<ShopEvent>* events : {&user.clean, &user.events})
      for (const ShopEvent& event : *events) {
        const std::string name = shop_event_name(event.event);
        const bool needs_item =
            name.find(':') != std::string::npos && !name.starts_with("list") && !name.starts_with("search");
        consistent =
            consistent && (event.item != k_no_item) == needs_item && (event.item == k_no_item || event.cents > 0);
      }
  }
  CHECK(forward);
  CHECK(consistent);
}

TEST_CASE("simulator: labels tell the truth about each kind") {
  for (const ShopUser& user : shop()) {
    REQUIRE(user.labels.size() == user.events.size());
    CAPTURE(user.key);
    const auto of_kind = static_cast<std::size_t>(std::count(user.labels.begin(), user.labels.end(), user.anomaly));
    const std::size_t labelled = user.events.size() - unlabelled(user).size();
    if (user.anomaly == ShopAnomaly::none) {
      CHECK(user.events == user.clean);
      CHECK(labelled == 0);
      continue;
    }
    CHECK(labelled == of_kind);
    CHECK(labelled >= 1);
    const auto events = contents(user.events), clean = contents(user.clean), rest = contents(unlabelled(user));
    switch (user.anomaly) {
      case ShopAnomaly::burst:
      case ShopAnomaly::duplicated:
        CHECK(rest == clean);
        break;
      case ShopAnomaly::missing:
        CHECK(events.size() < clean.size());
        CHECK(is_subsequence(events, clean));
        break;
      case ShopAnomaly::clock:
        CHECK(events == clean);
        for (std::size_t i = 0; i < events.size(); ++i)
          CHECK((user.events[i].time_ms != user.clean[i].time_ms) == (user.labels[i] != ShopAnomaly::none));
        break;
      case ShopAnomaly::replaced:
        REQUIRE(events.size() == clean.size());
        for (std::size_t i = 0; i < events.size(); ++i)
          CHECK((user.events[i].event != user.clean[i].event) == (user.labels[i] != ShopAnomaly::none));
        break;
      default:  // bot and takeover: what is not labelled is untouched and in its place
        REQUIRE(events.size() == clean.size());
        for (std::size_t i = 0; i < events.size(); ++i)
          if (user.labels[i] == ShopAnomaly::none) CHECK(user.events[i] == user.clean[i]);
        CHECK(events != clean);
    }
  }
}

TEST_CASE("simulator: neither rare events nor the length give the anomalies away") {
  std::vector<double> counts(shop_event_types(), 1.0);
  double total = static_cast<double>(counts.size());
  for (const ShopUser& user : shop())
    for (const ShopEvent& event : user.clean) ++counts[event.event], ++total;
  const auto surprise = separation([&](const ShopUser& user) {
    double sum = 0;
    for (const ShopEvent& event : user.events) sum -= std::log(counts[event.event] / total);
    return sum / static_cast<double>(user.events.size());
  });
  const auto length = separation([](const ShopUser& user) { return static_cast<double>(user.events.size()); });
  // The bound of the issue; a score below .15 would give the anomalies away just as well from its other side.
  for (const double value : {surprise.first, surprise.second, length.first, length.second}) {
    CHECK(value <= 0.85);
    CHECK(value >= 0.15);
  }
}

TEST_CASE("simulator: the files read back as they were written") {
  const std::vector<ShopUser> users(shop().begin(), shop().begin() + 400);
  const Dataset data = read_events_from_text(shop_events_csv(users), "events.csv");
  CHECK(data.rejected().count == 0);
  CHECK(data.key_column() == "user");
  CHECK(data.order_column() == "position");
  CHECK(data.time_column() == "time");
  CHECK(data.time_unit() == "ms");
  REQUIRE(data.columns().size() == 4);
  CHECK(data.columns()[data.primary()].name == "event");
  CHECK(data.columns()[1].kind == ColumnKind::categorical);  // item
  CHECK(data.columns()[2].kind == ColumnKind::numeric);      // price
  REQUIRE(data.sequences().size() == users.size());
  for (std::size_t u = 0; u < users.size(); ++u) {
    const EventsView view = data.view(u);
    REQUIRE(data.sequences()[u].key == users[u].key);
    REQUIRE(view.n == users[u].events.size());
    for (std::size_t i = 0; i < view.n; ++i) {
      const ShopEvent& event = users[u].events[i];
      REQUIRE(view.columns[0].text(i) == shop_event_name(event.event));
      REQUIRE(view.time_ms[i] == event.time_ms);
      REQUIRE(std::isnan(view.columns[2].floats()[i]) == (event.cents < 0));
      if (event.cents >= 0) REQUIRE(view.columns[2].floats()[i] == static_cast<float>(event.cents / 100.0));
    }
  }
  const Dataset clean = read_events_from_text(shop_clean_csv(users), "clean.csv");
  CHECK(clean.sequences().size() == users.size());
  const Dataset labels = read_events_from_text(shop_labels_csv(users), "labels.csv");
  CHECK(labels.columns()[labels.primary()].name == "kind");
  CHECK(labels.order_column() == "position");
  const EventSchema schema = fit_schema(data);
  CHECK(schema.columns[0].vocabulary.kept() == schema.columns[0].vocabulary.types());
}
