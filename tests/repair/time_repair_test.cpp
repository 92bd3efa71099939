// Times out of order: by hand, on the simulated shop, and never where the times are in order.
#include "seqguard/repair/time_repair.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "seqguard/core/random.hpp"
#include "seqguard/events/encoded_data.hpp"
#include "seqguard/events/fit_schema.hpp"
#include "seqguard/events/reader.hpp"
#include "seqguard/events/simulator.hpp"

using namespace seqguard;

namespace {

using Times = std::vector<std::int64_t>;

EncodedEvents sequence(const Times& times) {
  EncodedEvents events;
  events.n = times.size();
  events.types.assign(times.size(), 0);
  events.time_ms = times;
  return events;
}

/// Normals that do something about every ten seconds, `disordered` of 200 of them out of order.
GapModel ten_seconds(std::size_t disordered = 0) {
  std::vector<EncodedEvents> normals;
  for (std::uint64_t s = 0; s < 200; ++s) {
    Random random(s);
    Times times = {1'000'000};
    while (times.size() < 30) times.push_back(times.back() + 8'000 + static_cast<std::int64_t>(random.below(4'000)));
    if (s < disordered) std::swap(times[3], times[7]);
    normals.push_back(sequence(times));
  }
  std::vector<const EncodedEvents*> pointers;
  for (const EncodedEvents& normal : normals) pointers.push_back(&normal);
  GapModel model;
  model.fit(pointers);
  return model;
}

Times regular(std::size_t n) {
  Times times;
  for (std::size_t i = 0; i < n; ++i) times.push_back(5'000'000 + static_cast<std::int64_t>(i) * 10'000);
  return times;
}

Times repaired(const Times& times, const TimeRepair& repair) {
  Times result = times;
  for (const EventEdit& edit : repair.edits) {
    REQUIRE(edit.operation == EditOperation::set_time);
    REQUIRE(edit.position + edit.count <= times.size());
    for (std::size_t i = edit.position; i < edit.position + edit.count; ++i)
      if (result[i] != k_no_time) result[i] += edit.shift_ms;
  }
  return result;
}

std::int64_t largest_error(const Times& a, const Times& b) {
  std::int64_t largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::abs(a[i] - b[i]));
  return largest;
}

struct Shop {
  EventSchema schema;
  GapModel model;
};

Shop fitted_shop() {
  const Dataset data = read_events_from_text(shop_clean_csv(simulate_shop(1500, 21)), "shop.csv");
  Shop shop{fit_schema(data), {}};
  const EncodedData encoded(data, shop.schema);
  std::vector<const EncodedEvents*> pointers;
  for (std::size_t s = 0; s < encoded.size(); ++s) pointers.push_back(&encoded[s]);
  shop.model.fit(pointers);
  return shop;
}

}  // namespace

TEST_CASE("a stretch that was moved back or forward comes near to where it was, as one edit") {
  const GapModel model = ten_seconds();
  const Times clean = regular(30);
  TimeRepair repair;
  for (const std::int64_t by : {-3'600'000, -86'400'000, 7'200'000}) {
    for (const std::size_t first : {0, 1, 12, 24}) {
      CAPTURE(by);
      CAPTURE(first);
      Times times = clean;
      for (std::size_t i = first; i < first + 6; ++i) times[i] += by;
      const bool is_disordered = !std::is_sorted(times.begin(), times.end());
      repair_times(model, sequence(times), repair);
      CHECK(repair.edits.size() == (is_disordered ? 1 : 0));
      if (!is_disordered) continue;
      CHECK(repair.is_estimate);
      CHECK(repair.is_complete);
      CHECK(repair.gain > 20);  // at least the one gap below 0
      // The median lies within the two seconds that the gaps vary by.
      CHECK(largest_error(repaired(times, repair), clean) < 2'000);
    }
  }
}

TEST_CASE("times that were shuffled are sorted, one edit for each that changes") {
  const Times clean = regular(30);
  Times times = clean;
  Random(3).shuffle(std::span(times).subspan(8, 9));
  TimeRepair repair;
  repair_times(ten_seconds(), sequence(times), repair);
  CHECK(repaired(times, repair) == clean);
  CHECK_FALSE(repair.is_estimate);
  std::size_t changed = 0;
  for (std::size_t i = 0; i < times.size(); ++i) changed += times[i] != clean[i];
  CHECK(repair.edits.size() == changed);
  for (const EventEdit& edit : repair.edits) CHECK(edit.count == 1);
}

TEST_CASE("events without a time are passed over") {
  Times clean = regular(20), times = clean;
  for (std::size_t i = 6; i < 12; ++i) times[i] -= 3'600'000;
  for (const std::size_t i : {0, 5, 8, 12, 19}) clean[i] = times[i] = k_no_time;
  TimeRepair repair;
  repair_times(ten_seconds(), sequence(times), repair);
  REQUIRE(repair.edits.size() == 1);
  CHECK(repair.edits[0].position == 6);
  CHECK(repair.edits[0].count == 6);
  // The gap before the stretch spans an event without a time.
  CHECK(largest_error(repaired(times, repair), clean) < 12'000);
}

TEST_CASE("times in order are left alone, and so are data whose times mean no order") {
  const GapModel model = ten_seconds();
  TimeRepair repair;
  repair.edits.resize(3);
  const EncodedEvents in_order = sequence(regular(30)), timeless = sequence({}),
                      unknown = sequence(Times(5, k_no_time));
  for (const EncodedEvents* events : {&in_order, &timeless, &unknown}) {
    repair_times(model, *events, repair);
    CHECK(repair.edits.empty());
    CHECK(repair.is_complete);
  }
  Times times = regular(30);
  std::swap(times[3], times[9]);
  repair_times(model, sequence(times), repair);
  CHECK_FALSE(repair.edits.empty());
  repair_times(ten_seconds(2), sequence(times), repair);  // 1 %
  CHECK_FALSE(repair.edits.empty());
  repair_times(ten_seconds(3), sequence(times), repair);
  CHECK(repair.edits.empty());
  repair_times(ten_seconds(3), sequence(times), repair, {.most_disordered = .02});
  CHECK_FALSE(repair.edits.empty());
  repair_times(GapModel(), sequence(times), repair);
  CHECK(repair.edits.empty());
}

TEST_CASE("work on long sequences is bounded, and what is left out is said") {
  Times clean = regular(20'000), times = clean;
  Random random(1);
  for (std::size_t block = 0; block + 10 <= times.size(); block += 10)
    random.shuffle(std::span(times).subspan(block, 10));
  TimeRepair repair;
  const auto start = std::chrono::steady_clock::now();
  repair_times(ten_seconds(), sequence(times), repair);
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(20));  // measured: .4 s; under a sanitizer 5
  CHECK_FALSE(repair.is_complete);
  CHECK(repaired(times, repair) == clean);
}

TEST_CASE("times at the ends of their range are left alone, and that is said") {
  TimeRepair repair;
  for (const std::int64_t time : {k_no_time + 1, std::numeric_limits<std::int64_t>::max()}) {
    Times times = regular(10);
    times[4] = time;
    repair_times(ten_seconds(), sequence(times), repair);
    CHECK(repair.edits.empty());
    CHECK_FALSE(repair.is_complete);
  }
}

// Over the seeds 30 .. 37: 187 of 187 shuffled ones exact, 132 of 149 moved ones within a minute; 17 others are put to
// the wrong of two possible places, or have an unusual gap at the end that was measured.
TEST_CASE("damaged clocks of the simulated shop are put right, and nobody else is touched") {
  const Shop shop = fitted_shop();
  const std::vector<ShopUser> users = simulate_shop(3000, 22);
  ReadOptions options;
  options.schema = &shop.schema;
  const Dataset data = read_events_from_text(shop_events_csv(users), "shop.csv", options);
  REQUIRE(data.sequences().size() == users.size());
  std::map<std::string, const ShopUser*, std::less<>> by_key;
  for (const ShopUser& user : users) by_key[user.key] = &user;
  const EncodedData encoded(data, shop.schema);
  std::size_t shuffled = 0, exact = 0, moved = 0, near = 0, touched = 0;
  TimeRepair repair;
  for (std::size_t s = 0; s < encoded.size(); ++s) {
    const ShopUser& user = *by_key.find(data.sequences()[s].key)->second;
    repair_times(shop.model, encoded[s], repair);
    if (user.anomaly != ShopAnomaly::clock) {
      touched += repair.edits.empty() ? 0 : 1;
      continue;
    }
    Times clean;
    for (const ShopEvent& event : user.clean) clean.push_back(event.time_ms);
    Times all = encoded[s].time_ms, sorted_clean = clean;
    std::sort(all.begin(), all.end());
    const bool is_shuffled = all == sorted_clean;
    const Times result = repaired(encoded[s].time_ms, repair);
    ++(is_shuffled ? shuffled : moved);
    if (is_shuffled)
      exact += result == clean;
    else
      near += largest_error(result, clean) < 60'000;
  }
  CAPTURE(shuffled);
  CAPTURE(exact);
  CAPTURE(moved);
  CAPTURE(near);
  CHECK(touched == 0);
  CHECK(shuffled > 10);
  CHECK(moved > 10);
  CHECK(exact == shuffled);
  CHECK(static_cast<double>(near) >= .8 * static_cast<double>(moved));
}
