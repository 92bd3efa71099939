// What is odd about data as a whole: found while they are read, and when they are held against a schema.
#include <doctest/doctest.h>

#include <functional>
#include <string>
#include <vector>

#include "seqguard/core/error.hpp"
#include "seqguard/events/compare_with_schema.hpp"
#include "seqguard/events/fit_schema.hpp"
#include "seqguard/events/reader.hpp"
#include "seqguard/events/simulator.hpp"

using namespace seqguard;
using Kind = DataFinding::Kind;

namespace {

/// "kind(column)" of each, in order.
std::string kinds_of(std::span<const DataFinding> findings) {
  std::string result;
  for (const DataFinding& finding : findings)
    result += (result.empty() ? "" : " ") + std::string(to_string(finding.kind)) + "(" + finding.column + ")";
  return result;
}

std::string read_kinds(const std::string& rows, const ReadOptions& options = {}) {
  return kinds_of(read_events_from_text("user,time,event\n" + rows, "x.csv", options).findings());
}

DataFinding only_finding(const std::string& rows) {
  const Dataset data = read_events_from_text("user,time,event\n" + rows, "x.csv");
  REQUIRE(kinds_of(data.findings()).find(' ') == std::string::npos);
  REQUIRE(data.findings().size() == 1);
  return data.findings()[0];
}

/// What a cell of the shop's table is made of: user, number of the event within its user's.
struct Shop {
  std::function<std::string(int, int)> time = [](int user, int i) {
    return std::to_string(1'700'000'000'000 + user * 3'600'000LL + i * 5'000LL * (1 + (user + i) % 7));
  };
  std::function<std::string(int, int)> price = [](int user, int i) {
    return std::to_string(1 + (7 * user + 13 * i) % 90);
  };
  std::function<std::string(int, int)> event = [](int user, int i) { return "page" + std::to_string((user + i) % 8); };
  std::function<std::string(int, int)> device = [](int user, int) { return user % 3 == 0 ? "phone" : "desk"; };
  int users = 20;

  std::string text() const {
    std::string text = "user,time,event,device,price\n";
    for (int user = 0; user < users; ++user)
      for (int i = 0; i < 6; ++i)
        text += "u" + std::to_string(user) + "," + time(user, i) + "," + event(user, i) + "," + device(user, i) + "," +
                price(user, i) + "\n";
    return text;
  }
};

EventSchema fitted(const Shop& shop) {
  const ReadOptions options{.columns = {{"event"}, {"device"}, {"price", ColumnKind::numeric}}};
  const Dataset data = read_events_from_text(shop.text(), "fit.csv", options);
  return schema_from_json(to_json(fit_schema(data)));
}

std::vector<DataFinding> compared(const Shop& shop, const EventSchema& schema) {
  return compare_with_schema(read_events_from_text(shop.text(), "new.csv", {.schema = &schema}), schema);
}

std::string changed(const Shop& shop) { return kinds_of(compared(shop, fitted({}))); }

}  // namespace

TEST_CASE("reading: rows that run backwards where nothing orders them") {
  const std::string rows =
      "a,1700000000005,x\na,1700000000003,y\nb,1700000000004,x\nb,1700000000009,y\na,1700000000004,z\na,1700000000001,"
      "z\nc,1700000000009,x\nc,,y\nc,1700000000008,z\n";
  const DataFinding finding = only_finding(rows);
  CHECK(finding.kind == Kind::rows_run_backwards);
  CHECK(finding.line == 3);
  CHECK(finding.share == doctest::Approx(2.0 / 9));
  CHECK_FALSE(finding.is_refused_if_strict());
  CHECK(finding.message ==
        "x.csv:3: column \"time\": 2 of 9 rows are earlier than the row before them of the same user, in 1 of 3 keys "
        "(lines 3, 7); there is no order column, so the events stay in the order of the rows, and these gaps count as "
        "unknown; fit with --order time sorts them");
  CHECK(read_kinds(rows, {.order = "time"}).empty());
  // The order is what the file says, and its clock is wrong: no order is assumed.
  CHECK(
      kinds_of(
          read_events_from_text("user,time,seq,event\na,1700000000005,1,x\na,1700000000003,2,y\n", "x.csv").findings())
          .empty());
  CHECK(read_kinds("a,1700000000000000002,x\na,1700000000000000001,y\n").find("rows_run_backwards") == 0);
  CHECK(only_finding("a,2024-05-02,x\na,2024-05-01,y\n").kind == Kind::rows_run_backwards);
}

TEST_CASE("reading: more rows than a message names") {
  std::string rows;
  for (int i = 0; i < 12; ++i) rows += "a," + std::to_string(1'700'000'000'000 - i) + ",x\n";
  CHECK(only_finding(rows).message.find("11 of 12 rows") != std::string::npos);
  CHECK(only_finding(rows).message.find("(lines 3, 4, 5 and 8 more)") != std::string::npos);
}

TEST_CASE("reading: orders that most rows share") {
  const auto kinds = [](const std::string& rows) {
    return kinds_of(read_events_from_text("user,seq,event\n" + rows, "x.csv").findings());
  };
  CHECK(kinds("a,1,x\na,1,y\na,1,z\na,2,z\nb,1,x\n") == "order_ties(seq)");
  CHECK(kinds("a,2,z\na,1,x\nb,1,x\na,1.0,y\na,+1,z\n") == "order_ties(seq)");
  CHECK(kinds("a,1,x\na,1,y\na,2,z\nb,1,x\nb,1,x\nb,3,y\n").empty());
  CHECK(kinds("a,1,x\nb,1,y\nc,1,z\n").empty());
  const Dataset days = read_events_from_text(
      "user,date,event\na,2024-05-02,x\na,2024-05-01,x\na,2024-05-01,y\na,2024-05-02,y\n", "x.csv", {.order = "date"});
  REQUIRE(kinds_of(days.findings()) == "order_ties(date)");
  CHECK(days.findings()[0].message ==
        "x.csv:4: column \"date\": 2 of 3 rows have the order of the row before them of the same user (lines 4, 5); "
        "among themselves they stay in the order of the file");
}

TEST_CASE("reading: gaps below a millisecond, in every unit that can have them") {
  for (const std::string rows : {
           "a,1700000000000001,x\na,1700000000000250,y\na,1700000000001000,z\na,1700000000003000,z\n",
           "a,1700000000000000001,x\na,1700000000000000250,y\na,1700000000000900250,y\na,1700000000009000000,z\n",
           "a,1700000000.000001,x\na,1700000000.00025,y\na,1700000000.00100,z\na,1700000000.003,z\n",
           "a,2024-05-01T00:00:00.000001,x\na,2024-05-01T00:00:00.00025,y\na,2024-05-01T00:00:00.001,z\na,2024-05-02,"
           "z\n",
       }) {
    CAPTURE(rows);
    const DataFinding finding = only_finding(rows);
    CHECK(finding.kind == Kind::gaps_below_ms);
    CHECK(finding.line == 3);
    CHECK(finding.message.find("2 of 3 gaps are shorter than a millisecond") != std::string::npos);
  }
  CHECK(read_kinds("a,1700000000000000,x\na,1700000000001000,y\na,1700000000001000,z\n").empty());
}

TEST_CASE("reading: rows in another unit than the others") {
  std::string rows;
  for (int i = 0; i < 9; ++i) rows += "a," + std::to_string(1'700'000'000'000 + i) + ",x\n";
  const DataFinding finding = only_finding(rows + "b,1700000000,y\n");
  CHECK(finding.kind == Kind::mixed_time_units);
  CHECK(finding.line == 11);
  CHECK(finding.share == doctest::Approx(.1));
  CHECK(finding.is_refused_if_strict());
  CHECK(finding.message.find("x.csv:11: column \"time\": 1 of 10 times look like s, the others like ms (line 11)") ==
        0);
  CHECK(read_kinds(rows + "b,1700000000000000,y\n") == "mixed_time_units(time)");
  const Dataset beyond = read_events_from_text("user,time,event\n" + rows + "b,1700000000000000000,y\n", "x.csv");
  REQUIRE(beyond.rejected().count == 1);
  CHECK(beyond.rejected().message(0) ==
        "x.csv:11: column \"time\": out of range for a time in ms: \"1700000000000000000\"");
  CHECK(read_kinds(rows + "b,1700000000.25,y\n") == "mixed_time_units(time)");
  // Neither a clock that begins at 0 nor an unset one has a unit that could be told by its size.
  CHECK(read_kinds(rows + "b,0,y\n").empty());
  CHECK(read_kinds("a,1,x\na,100000,y\na,2000000,x\n").empty());
}

TEST_CASE("reading: numbers among dates, and dates with a time zone among others") {
  const DataFinding numbers = only_finding("a,2024-05-01T00:00:00Z,x\na,1714521601,y\na,2024-05-01T00:00:02Z,z\n");
  CHECK(numbers.kind == Kind::numbers_among_dates);
  CHECK(numbers.line == 3);
  CHECK(numbers.message.find("1 of 3 values are plain numbers, the others dates (line 3); the numbers are taken as s "
                             "since 1970") != std::string::npos);
  const DataFinding zones = only_finding("a,2024-05-01T00:00:00+02:00,x\na,2024-05-01T00:00:01,y\n");
  CHECK(zones.kind == Kind::mixed_time_zones);
  CHECK(zones.line == 3);
  CHECK(zones.message.find("1 of 2 dates name no time zone, the others do (line 3); they are taken as UTC") !=
        std::string::npos);
  CHECK(read_kinds("a,2024-05-01T00:00:00+02:00,x\na,2024-05-01T00:00:01Z,y\n").empty());
  CHECK(read_kinds("a,2024-05-01T00:00:00,x\na,2024-05-01T00:00:01.5,y\n").empty());
  const Dataset orders = read_events_from_text("user,seq,event\na,2024-05-01,x\na,1714521600001,y\n", "x.csv");
  CHECK(kinds_of(orders.findings()) == "numbers_among_dates(seq)");
}

TEST_CASE("comparing: data of the same source are no finding") {
  CHECK(changed({}).empty());
  Shop others;
  others.users = 300;
  CHECK(changed(others).empty());
  others.price = [](int user, int i) { return std::to_string(10 + 10 * ((7 * user + 13 * i) % 90)); };
  others.event = [](int user, int i) { return i < 4 ? "new" + std::to_string(user) : "page1"; };
  others.time = [](int user, int i) { return std::to_string(1'800'000'000'000 + user + i * 100'000LL); };
  CHECK(changed(others).empty());
  const std::string history = shop_clean_csv(simulate_shop(200, 1)), later = shop_events_csv(simulate_shop(200, 2));
  const EventSchema schema = fit_schema(read_events_from_text(history, "clean.csv"));
  CHECK(kinds_of(compare_with_schema(read_events_from_text(later, "later.csv", {.schema = &schema}), schema)).empty());
}

TEST_CASE("comparing: times of another unit") {
  const auto in = [](double factor, bool with_decimals) {
    Shop shop;
    shop.time = [=](int user, int i) {
      const std::string text = std::to_string(1'700'000'000'000 + user * 3'600'000LL + i * 5'000LL);
      if (factor > 1) return text + std::string(factor > 1e4 ? 6 : 3, '0');
      return text.substr(0, 10) + (with_decimals ? "." + text.substr(10) : "");
    };
    return shop;
  };
  CHECK(changed(in(1e-3, false)) == "time_unit(time)");
  CHECK(changed(in(1e-3, true)) == "time_unit(time)");
  CHECK(changed(in(1e3, false)) == "time_unit(time)");
  const EventSchema schema = fitted({});
  const Dataset beyond = read_events_from_text(in(1e6, false).text(), "new.csv", {.schema = &schema});
  CHECK(beyond.rejected().count == 120);
  CHECK(beyond.rejected().message(0).find("out of range for a time in ms") != std::string::npos);
  const DataFinding finding = compared(in(1e-3, false), fitted({}))[0];
  CHECK(finding.is_refused_if_strict());
  CHECK(finding.share == 1);
  CHECK(finding.message ==
        "new.csv: column \"time\": 100 % of 120 times look like s, but the model takes plain numbers as ms: "
        "every gap is wrong; give the times in ms or as dates");
  Shop dates;  // are read under any unit
  dates.time = [](int user, int i) { return "2024-05-01T00:0" + std::to_string(i) + ":" + std::to_string(10 + user); };
  CHECK(changed(dates).empty());
  // Old files do not say what was seen.
  EventSchema old = fitted({});
  old.time->seen.reset();
  CHECK(kinds_of(compared(in(1e-3, false), old)) == "time_unit(time)");
  // Every schema's unit can be missed.
  CHECK(kinds_of(compared({}, fitted(in(1e-3, false)))) == "time_unit(time)");
}

TEST_CASE("comparing: gaps of another scale") {
  const auto clock = [](double unit) {
    Shop shop;
    shop.time = [=](int user, int i) {
      return std::to_string(static_cast<long long>(unit * (10 * user + i * (1 + (user + i) % 7))));
    };
    return shop;
  };
  // A clock that begins at 0 tells its unit by its gaps only.
  CHECK(kinds_of(compared(clock(1), fitted(clock(1)))).empty());
  CHECK(kinds_of(compared(clock(10), fitted(clock(1)))).empty());
  CHECK(kinds_of(compared(clock(1000), fitted(clock(1)))) == "gap_scale(time)");
  CHECK(kinds_of(compared(clock(1), fitted(clock(1000)))) == "gap_scale(time)");
  const DataFinding finding = compared(clock(1), fitted(clock(1000)))[0];
  CHECK(
      finding.message.find("new.csv: column \"time\": the gaps in ms are about 1000 times smaller than those that the "
                           "model was fitted on (median ") == 0);
  // Learned from whole seconds, judged microseconds: all gaps are 0 ms.
  Shop fine;
  fine.time = [](int user, int i) {
    return "2024-05-01T10:00:00.0" + std::to_string(10'000 + 100 * user + i * (1 + (user + i) % 7));
  };
  CHECK(changed(fine) == "gap_scale(time)");
  // Robots: fast within a session, pauses between them.
  Shop robots;
  robots.time = [](int user, int i) {
    return std::to_string(1'700'000'000'000 + user + 10LL * i + (i >= 4 ? 600'000 : 0) + (i >= 5 ? 600'000 : 0));
  };
  CHECK(changed(robots).empty());
}

TEST_CASE("comparing: numbers of another scale") {
  const auto priced = [](double factor, int users = 20) {
    Shop shop;
    shop.users = users;
    shop.price = [=](int user, int i) { return std::to_string(factor * (1 + (7 * user + 13 * i) % 90)); };
    return shop;
  };
  CHECK(changed(priced(5)).empty());
  CHECK(changed(priced(.2)).empty());
  CHECK(changed(priced(100)) == "value_scale(price)");
  CHECK(changed(priced(1000)) == "value_scale(price)");
  CHECK(changed(priced(.01)) == "value_scale(price)");
  CHECK(changed(priced(-100)) == "value_scale(price)");
  CHECK(changed(priced(100, 10)) == "value_scale(price)");
  CHECK(changed(priced(100, 9)).empty());  // a few visitors may be what they are
  CHECK(compared(priced(100), fitted({}))[0].message.find(
            "new.csv: column \"price\": the values are about 100 times as large as those that the model was fitted on "
            "(median ") == 0);
  // Free and dear things in other shares: one quartile stays.
  const auto goods = [](int dear) {
    Shop shop;
    shop.price = [=](int user, int i) { return (user + i) % 10 < dear ? "5000" : "1"; };
    return shop;
  };
  CHECK(kinds_of(compared(goods(5), fitted(goods(4)))).empty());
  CHECK(kinds_of(compared(goods(7), fitted(goods(3)))).empty());
  EventSchema old = fitted({});
  old.columns[2].seen.reset();
  CHECK(kinds_of(compared(priced(1000), old)).empty());
}

TEST_CASE("comparing: columns that are missing") {
  const auto none = [](int, int) { return std::string(); };
  const auto rarely = [](int user, int i) { return user == 0 && i == 0 ? std::string() : std::string("7"); };
  Shop shop;
  shop.price = none;
  CHECK(changed(shop) == "missing(price)");
  CHECK(kinds_of(compared({}, fitted(shop))).empty());  // the reverse is harmless
  CHECK(compared(shop, fitted({}))[0].message ==
        "new.csv: column \"price\": missing in 100 % of 120 events, in 0 % of those that the model was fitted on");
  Shop mostly;
  mostly.price = rarely;
  CHECK(kinds_of(compared(shop, fitted(mostly))) == "missing(price)");
  mostly.price = [](int user, int i) { return (user + i) % 5 == 0 ? std::string() : std::string("7"); };
  CHECK(kinds_of(compared(shop, fitted(mostly))).empty());
  shop = {};
  shop.time = none;
  CHECK(changed(shop) == "missing(time)");
  CHECK(kinds_of(compared({}, fitted(shop))).empty());
  shop = {};
  shop.device = none;
  CHECK(changed(shop) == "missing(device)");
  CHECK(kinds_of(compared({}, fitted(shop))).empty());
  shop = {};
  shop.event = none;
  CHECK(changed(shop) == "missing(event)");
}

TEST_CASE("comparing: a vocabulary of which nothing is known") {
  Shop shop;
  shop.event = [](int user, int i) { return "article" + std::to_string((user + i) % 8); };
  CHECK(changed(shop) == "vocabulary(event)");
  CHECK(compared(shop, fitted({}))[0].message ==
        "new.csv: column \"event\": 100 % of 120 values are unknown to the model (expected of its own traffic: 0 %): "
        "are these data of another source?");
  shop.event = [](int user, int i) { return user == 0 ? "page1" : "article" + std::to_string((user + i) % 8); };
  CHECK(changed(shop) == "vocabulary(event)");
  shop.event = [](int user, int i) { return i == 0 ? "page1" : "article" + std::to_string((user + i) % 8); };
  CHECK(changed(shop).empty());
  shop = {};
  shop.device = [](int, int) { return "watch"; };
  CHECK(changed(shop) == "vocabulary(device)");
  // Where nothing repeats, nothing is expected to.
  Shop unique;
  unique.device = [](int user, int i) { return "d" + std::to_string(1000 + 10 * user + i); };
  CHECK(kinds_of(compared(shop, fitted(unique))).empty());
  // Lines.
  std::string lines, others;
  for (int i = 0; i < 40; ++i) lines += "login view buy\n", others += "push pull fetch\n";
  const EventSchema schema = fit_schema(read_events_from_text(lines, "x.txt"));
  const auto of = [&](const std::string& text) {
    return kinds_of(compare_with_schema(read_events_from_text(text, "y.txt", {.schema = &schema}), schema));
  };
  CHECK(of(lines).empty());
  CHECK(of(others) == "vocabulary(event)");
  CHECK(of("push pull fetch merge push pull fetch merge push pull fetch merge\n").empty());  // one odd visitor
  CHECK(of("").empty());
}

TEST_CASE("comparing: several findings at once, and data of other columns are refused") {
  Shop shop;
  shop.price = [](int user, int i) { return std::to_string(500 * (1 + (7 * user + 13 * i) % 90)); };
  shop.time = [](int user, int i) { return std::to_string(1'700'000'000 + 3600 * user + 5 * i); };
  shop.event = [](int, int) { return "other"; };
  CHECK(changed(shop) == "time_unit(time) vocabulary(event) value_scale(price)");
  const EventSchema schema = fitted({});
  const Dataset without_schema = read_events_from_text("user,event\na,x\n", "y.csv");
  CHECK_THROWS_WITH_AS(compare_with_schema(without_schema, schema),
                       doctest::Contains("y.csv: its columns are not those of the schema"), Error);
}
