// What a data set contains, from a file small enough to be counted by hand.
#include "seqguard/evaluation/exploration.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "seqguard/evaluation/sequence_map.hpp"
#include "seqguard/events/reader.hpp"

using namespace seqguard;

namespace {

// 2024 began on a Monday. b's second row is earlier than its first; the third row of a repeats the second.
constexpr const char* k_log =
    "user,time,event,price\n"
    "a,2024-01-01T00:00:00Z,view,1\n"
    "a,2024-01-01T00:00:10Z,view,2\n"
    "a,2024-01-01T00:00:10Z,view,2\n"
    "b,2024-01-02T05:00:00Z,buy,\n"
    "b,2024-01-02T04:59:50Z,view,400\n"
    "c,2024-01-03T23:00:00Z,view,1\n"
    "c,2024-01-03T23:00:01Z,view,1\n"
    "c,2024-01-03T23:01:41Z,view,1\n"
    "c,2024-01-03T23:01:41Z,view,x\n";

Exploration explore_log() {
  return explore(read_events_from_text(
      k_log, "log.csv",
      {.time = "time", .columns = {{"event", ColumnKind::categorical}, {"price", ColumnKind::numeric}}}));
}

}  // namespace

TEST_CASE("exploration: counts, lengths, repetitions, rejected rows") {
  const Exploration e = explore_log();
  CHECK(e.file == "log.csv");
  CHECK(e.key_column == "user");
  CHECK(e.sequences == 3);
  CHECK(e.events == 8);
  CHECK(e.rejected.count == 1);
  CHECK(e.rejected.rows.at(0).line == 10);
  CHECK(e.lengths.min == 2);
  CHECK(e.lengths.median == 3);
  CHECK(e.lengths.mean == doctest::Approx(8.0 / 3));
  REQUIRE(e.lengths.bins.size() == 2);
  CHECK(e.lengths.bins[0].low == 2);
  CHECK(e.lengths.bins[0].count == 1);
  CHECK(e.lengths.bins[1].count == 2);
  CHECK(e.repeated_sequences == 1);
  CHECK(e.repeated_events == 1);
}

TEST_CASE("exploration: values of each column") {
  const Exploration e = explore_log();
  REQUIRE(e.columns.size() == 2);
  const ColumnFacts &event = e.columns[0], &price = e.columns[1];
  CHECK(event.is_primary);
  CHECK(event.distinct == 2);
  CHECK(event.once == 1);
  CHECK(event.missing == 0);
  REQUIRE(event.top.size() == 2);
  CHECK(event.top[0].value == "view");
  CHECK(event.top[0].count == 7);
  CHECK(event.top[1].count == 1);
  CHECK(price.missing == 1);
  REQUIRE(price.numbers.has_value());
  CHECK(price.numbers->count == 7);
  CHECK(price.numbers->median == 1);
  CHECK(price.numbers->max == 400);
  CHECK(price.numbers->is_log);  // 400 is more than 50 times the median
}

TEST_CASE("exploration: gaps, rhythm") {
  const Exploration e = explore_log();
  REQUIRE(e.time.has_value());
  const TimeFacts& time = *e.time;
  CHECK(time.backwards == 1);
  CHECK(time.unknown == 0);
  CHECK(time.gaps.count == 4);  // 10, 0, 1, 100 s
  CHECK(time.gaps.zeros == 1);
  CHECK(time.gaps.median == 1);
  CHECK(time.gaps.max == 100);
  REQUIRE(time.gaps.bins.size() == 9);  // four for each of two decades, and the one that begins at 100
  CHECK(time.gaps.bins[0].count == 1);
  CHECK(time.gaps.bins[4].count == 1);
  CHECK(time.gaps.bins[8].count == 1);
  CHECK(time.is_calendar);
  REQUIRE(time.activity.size() == 40);
  CHECK(time.activity.front().low == doctest::Approx(1704067200000.0));
  CHECK(time.rhythm[0][0] == 3);
  CHECK(time.rhythm[1][4] == 1);
  CHECK(time.rhythm[1][5] == 1);
  CHECK(time.rhythm[2][23] == 3);
  CHECK(time.last_ms - time.first_ms == 1000 * (2 * 86400 + 23 * 3600 + 101));
}

TEST_CASE("exploration: transitions, novelty, halves") {
  const Exploration e = explore_log();
  CHECK(e.transitions.values == std::vector<std::string>{"view", "buy"});
  CHECK(e.transitions.pairs == 5);
  CHECK(e.transitions.leaving == std::vector<std::size_t>{4, 1});
  CHECK(e.transitions.counts == std::vector<std::size_t>{4, 0, 1, 0});
  CHECK(e.by_time);
  REQUIRE(e.novelty.size() == 8);
  for (std::size_t k = 0; k < 8; ++k) CHECK(e.novelty[k].new_values == (k == 0 || k == 4 ? 1 : 0));  // view; buy
  // First half: a, all views. Last: b and c, 4 views of 5. Every other: a and c against b, half of which buys.
  CHECK(e.halves.first_sequences == 1);
  CHECK(e.halves.last_sequences == 2);
  CHECK(e.halves.distance == doctest::Approx(0.2));
  CHECK(e.halves.chance == doctest::Approx(0.5));
  REQUIRE(e.halves.changes.size() == 2);
  CHECK(e.halves.changes[0].last == doctest::Approx(0.2));
}

TEST_CASE("exploration: numbers that count from a start have no weekday, lines no time") {
  const Exploration counted =
      explore(read_events_from_text("user,time,event\na,1,x\na,2,y\nb,3,x\n", "log.csv", {.time = "time"}));
  REQUIRE(counted.time.has_value());
  CHECK(!counted.time->is_calendar);
  const Exploration lines = explore(read_events_from_text("x y\nx\n", "log.txt"));
  CHECK(!lines.time.has_value());
  CHECK(!lines.by_time);
  CHECK(lines.novelty.size() == 3);
  CHECK(lines.transitions.pairs == 1);
}

TEST_CASE("distribution: nothing, one number, the largest one in the last bin") {
  CHECK(describe({}, Scale::automatic, false).bins.empty());
  const Distribution zeros = describe({0, 0}, Scale::log, false);
  CHECK(zeros.zeros == 2);
  CHECK(zeros.bins.empty());
  const Distribution one = describe({7}, Scale::automatic, true);
  REQUIRE(one.bins.size() == 1);
  CHECK(one.bins[0].count == 1);
  std::vector<double> numbers;
  for (int i = -50; i <= 50; ++i) numbers.push_back(i);
  for (const bool whole : {false, true}) {
    const Distribution d = describe(numbers, Scale::linear, whole);
    std::size_t sum = 0;
    for (const Bin& bin : d.bins) sum += bin.count;
    CHECK(sum == 101);
    CHECK(d.bins.size() <= 42);
    CHECK(d.bins.front().low <= -50);
    CHECK(d.bins.back().high > 50);
  }
}

TEST_CASE("distribution: far tails lie outside the bins, and are counted") {
  std::vector<double> numbers(1000);
  for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<double>(i % 10);
  numbers[0] = -1000;
  numbers[1] = 5000;
  const Distribution d = describe(numbers, Scale::linear, true);
  CHECK(d.outside == 2);
  CHECK(d.min == -1000);
  CHECK(d.max == 5000);
  REQUIRE(d.bins.size() == 10);
  CHECK(d.bins[0].count == 99);  // without the one at -1000
  CHECK(d.bins[9].count == 100);
  const Distribution log = describe({1, 10, 100, 0}, Scale::log, false);
  CHECK(log.outside == 0);
}

TEST_CASE("map: the first axis separates the two habits, the same every time") {
  std::string lines;
  for (int i = 0; i < 30; ++i) lines += i % 2 == 0 ? "a a a b\n" : "c c a c\n";
  const Dataset data = read_events_from_text(lines, "log.txt");
  const auto map = map_sequences(data, {.most_points = 10});
#ifdef SEQGUARD_HAS_EIGEN
  REQUIRE(map.has_value());
#endif
  if (!map) return;
  REQUIRE(map->points.size() == 10);
  CHECK(map->points[1].sequence == 3);
  CHECK(map->axes[0].explained == doctest::Approx(1));
  CHECK(map->axes[0].more.at(0) == "c");
  // sqrt(3/4) of c against sqrt(3/4) of a, sqrt(1/4) of the others: |c - a| = sqrt(2 (.866 - .5)^2 ..) by Pythagoras.
  const double a = std::sqrt(0.75), b = 0.5;
  const double distance = std::sqrt((a - b) * (a - b) + b * b + a * a);
  CHECK(std::abs(map->points[0].x - map->points[1].x) == doctest::Approx(distance));
  CHECK(!map_sequences(read_events_from_text("a\n", "log.txt")).has_value());
}

TEST_CASE("map: neighbours stay together, whatever the number of threads") {
  // Three habits, of 40 sequences each, with a little noise.
  std::string lines;
  for (int i = 0; i < 120; ++i) {
    const char* habits[] = {"a b a b", "c d c d", "e f e f"};
    lines += std::string(habits[i % 3]) + (i % 7 == 0 ? " x" : "") + (i % 5 == 0 ? " y y" : "") + "\n";
  }
  const Dataset data = read_events_from_text(lines, "log.txt");
  const auto map = map_sequences(data);
  if (!map) return;  // a build without Eigen
  const std::vector<MapPoint>& points = map->neighbours;
  REQUIRE(points.size() == 120);
  for (std::size_t i = 0; i < points.size(); ++i) {
    std::size_t nearest = i == 0 ? 1 : 0;
    const auto distance = [&](std::size_t j) {
      return std::hypot(points[i].x - points[j].x, points[i].y - points[j].y);
    };
    for (std::size_t j = 0; j < points.size(); ++j)
      if (j != i && distance(j) < distance(nearest)) nearest = j;
    CHECK(nearest % 3 == i % 3);
  }
  // Points repel each other and neither collapse nor run away: maps of this size are tens of units wide.
  double low = 0, high = 0;
  for (const MapPoint& point : points) {
    low = std::min(low, point.x);
    high = std::max(high, point.x);
  }
  CHECK(high - low > 5);
  CHECK(high - low < 500);
  const auto pool = make_thread_pool(3);
  const auto again = map_sequences(data, {}, *pool);
  for (std::size_t i = 0; i < points.size(); ++i) CHECK(again->neighbours[i].x == points[i].x);
  CHECK(map_sequences(data, {.most_points = 9})->neighbours.empty());
  CHECK(map_sequences(data, {.neighbours = false})->neighbours.empty());
}
