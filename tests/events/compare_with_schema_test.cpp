// Data held against the schema of other data.
#include "seqguard/events/compare_with_schema.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <string>
#include <vector>

#include "events/findings.hpp"
#include "seqguard/core/error.hpp"
#include "seqguard/events/fit_schema.hpp"
#include "seqguard/events/reader.hpp"
#include "seqguard/events/simulator.hpp"

using namespace seqguard;

namespace {

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
      if (factor >= 1) return text + std::string(factor > 1e4 ? 6 : factor > 1 ? 3 : 0, '0');
      return text.substr(0, 10) + (with_decimals ? "." + text.substr(10) : "");
    };
    return shop;
  };
  CHECK(changed(in(1e-3, false)) == "time_unit(time)");
  CHECK(changed(in(1e-3, true)) == "time_unit(time)");
  CHECK(changed(in(1e3, false)) == "time_unit(time)");
  const auto with_seconds = [&](int users) {  // of 20
    Shop shop;
    shop.time = [=](int user, int i) { return in(user < users ? 1e-3 : 1, false).time(user, i); };
    const EventSchema schema = fitted({});
    const Dataset data = read_events_from_text(shop.text(), "new.csv", {.schema = &schema});
    return kinds_of(data.findings()) + " / " + kinds_of(compare_with_schema(data, schema));
  };
  CHECK(with_seconds(5) == "mixed_time_units(time) / ");
  CHECK(with_seconds(15) == "mixed_time_units(time) / time_unit(time)");
  CHECK(with_seconds(20) == " / time_unit(time)");
  // What is too large to be counted in the unit of the fit is named once, not row by row.
  const auto beyond = [&](const Shop& shop, const Shop& fit_on) {
    const EventSchema schema = fitted(fit_on);
    const Dataset data = read_events_from_text(shop.text(), "new.csv", {.schema = &schema});
    CHECK(data.rejected().count == 0);
    return kinds_of(data.findings()) + " / " + kinds_of(compare_with_schema(data, schema));
  };
  CHECK(beyond(in(1e6, false), {}) == "time_unit(time) / ");
  CHECK(beyond(in(1e6, false), in(1e-3, false)) == "time_unit(time) / ");
  CHECK(beyond(in(1e3, false), in(1e-3, false)) == "time_unit(time) / ");
  const EventSchema schema = fitted({});
  const Dataset nanoseconds = read_events_from_text(in(1e6, false).text(), "new.csv", {.schema = &schema});
  REQUIRE(nanoseconds.findings().size() == 1);
  CHECK(nanoseconds.findings()[0].is_refused_if_strict());
  CHECK(nanoseconds.findings()[0].share == 1);
  CHECK(nanoseconds.findings()[0].message ==
        "new.csv:2: column \"time\": 120 of 120 times look like ns, too large for plain numbers as ms, which they are "
        "taken for (lines 2, 3, 4 and 117 more): they count as unknown; give the times in ms or as dates (--strict "
        "refuses them)");
  const DataFinding finding = compared(in(1e-3, false), fitted({}))[0];
  CHECK(finding.is_refused_if_strict());
  CHECK(finding.share == 1);
  CHECK(finding.message ==
        "new.csv: column \"time\": 100 % of 120 times look like s, but the model takes plain numbers as ms: "
        "every gap is wrong; give the times in ms or as dates");
  Shop partly;  // shares are those of the rows that have a time
  partly.time = [&](int user, int i) { return i < 3 ? in(1e-3, false).time(user, i) : std::string(); };
  CHECK(compared(partly, fitted({}))[0].share == 1);
  CHECK(compared(partly, fitted({}))[0].message.find("100 % of 60 times look like s") != std::string::npos);
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
  CHECK(kinds_of(compared(goods(9), fitted(goods(6)))).empty());
  // Mostly nothing, as discounts are.
  const auto discounts = [](int factor) {
    Shop shop;
    shop.price = [=](int user, int i) { return (user + i) % 10 < 8 ? "0" : std::to_string(factor * (1 + user)); };
    return shop;
  };
  CHECK(kinds_of(compared(discounts(1), fitted(discounts(1)))).empty());
  CHECK(kinds_of(compared(discounts(100), fitted(discounts(1)))) == "value_scale(price)");
  EventSchema old = fitted({});
  old.columns[2].seen.reset();
  CHECK(kinds_of(compared(priced(1000), old)).empty());
}

TEST_CASE("comparing: numbers in a column that always was 0") {
  // Of the first `users` users of 20, one event in `every`.
  const auto charged = [](int users, int every) {
    Shop shop;
    shop.price = [=](int user, int i) { return user < users && (user + i) % every == 0 ? "7.5" : "0"; };
    return shop;
  };
  const EventSchema free = fitted(charged(0, 1));
  const auto found = [&](const Shop& shop) { return kinds_of(compared(shop, free)); };
  CHECK(found(charged(0, 1)).empty());
  CHECK(found(charged(20, 1)) == "value_scale(price)");
  REQUIRE(found(charged(20, 2)) == "value_scale(price)");
  CHECK(compared(charged(20, 2), free)[0].message ==
        "new.csv: column \"price\": 50 % of 120 values are not 0, but all those that the model was fitted on are: it "
        "cannot tell usual ones from others; fit on data that have them");
  CHECK(found(charged(3, 1)) == "value_scale(price)");
  CHECK(found(charged(2, 1)).empty());  // a few visitors may be what they are
  CHECK(found(charged(20, 20)).empty());
  // 120 zeros do not tell that less than 2.5 % of the others are something else.
  Shop rare = charged(10, 6);
  CHECK(found(rare) == "value_scale(price)");
  rare.users = 100;
  CHECK(found(rare).empty());
  // Nothing was there at the fit, or hardly anything.
  Shop none;
  none.price = [](int, int) { return std::string(); };
  CHECK(kinds_of(compared(charged(20, 1), fitted(none))).empty());
  none.price = [](int user, int i) { return user == 0 && i < 2 ? "0" : ""; };
  CHECK(kinds_of(compared(charged(20, 2), fitted(none))).empty());
  // Values that are missing are none that are not 0.
  Shop partly;
  partly.price = [](int user, int i) { return i > 1 ? "" : user % 2 == 0 ? "1" : "0"; };
  REQUIRE(found(partly) == "value_scale(price)");
  CHECK(compared(partly, free)[0].message.find("50 % of 40 values are not 0") != std::string::npos);
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
  shop.device = [](int user, int) { return user % 2 == 0 ? "phone" : ""; };
  CHECK(changed(shop).empty());
  // Where nothing repeats, nothing is expected to.
  Shop unique;
  unique.device = [](int user, int i) { return "d" + std::to_string(1000 + 10 * user + i); };
  shop.device = [](int, int) { return "watch"; };
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
