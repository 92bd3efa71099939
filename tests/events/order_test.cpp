// The order column: events come in the order that its values have, however long or fine they are.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "seqguard/core/error.hpp"
#include "seqguard/events/reader.hpp"

using namespace seqguard;

namespace {

/// A table of one user whose rows hold these orders, the last one first.
std::string backwards(const std::vector<std::string>& orders, const std::string& column) {
  std::string text = "user," + column + ",event\n";
  for (std::size_t i = orders.size(); i-- > 0;) text += "a,\"" + orders[i] + "\",e" + std::to_string(i) + "\n";
  return text;
}

/// "0 1 2": which of the orders each event has; a '!' for rows that were rejected.
std::string order_of(const std::string& text, const ReadOptions& options) {
  const Dataset data = read_events_from_text(text, "x.csv", options);
  std::string result;
  for (std::size_t i = 0; !data.sequences().empty() && i < data.sequences()[0].count; ++i)
    result += (result.empty() ? "" : " ") + std::string(data.view(0).columns[data.primary()].text(i).substr(1));
  return result + std::string(data.rejected().count, '!');
}

std::string expected(std::size_t count) {
  std::string result;
  for (std::size_t i = 0; i < count; ++i) result += (i == 0 ? "" : " ") + std::to_string(i);
  return result;
}

void check_rises(const std::vector<std::string>& orders) {
  CAPTURE(orders[0]);
  const ReadOptions by_seq{.columns = {{"event"}}};
  CHECK(order_of(backwards(orders, "seq"), by_seq) == expected(orders.size()));
  const ReadOptions by_time{.order = "time", .columns = {{"event"}}};
  CHECK(order_of(backwards(orders, "time"), by_time) == expected(orders.size()));
}

/// The last of these is rejected with this reason.
std::string reason(const std::string& order) {
  const Dataset data = read_events_from_text("user,seq,event\na,1,x\na," + order + ",y\n", "x.csv");
  return data.rejected().count == 1 ? data.rejected().message(0) : "accepted";
}

}  // namespace

TEST_CASE("order: integers of up to 18 digits as orders and as times") {
  check_rises({"7", "08", "+9", "10", " 11 ", "012"});
  check_rises({"1396000000000001", "1396000000000002"});
  check_rises({"-3000000000002", "-3000000000001", "-1", "-0.5", "0", "0.25", "1"});
  check_rises({"9007199254740992", "9007199254740993"});
}

TEST_CASE("order: integers beyond 2^53, signed, with blanks, plus signs and zeros in front") {
  const ReadOptions options{.columns = {{"event"}}};
  const auto check = [&](const std::vector<std::string>& orders) {
    CAPTURE(orders[0]);
    CHECK(order_of(backwards(orders, "seq"), options) == expected(orders.size()));
  };
  check({"1396000000000000001", "1396000000000000002"});
  check({"-1396000000000000002", "-1396000000000000001"});
  check({"-9007199254740993", "-9007199254740992"});
  check({" 9007199254740992", "9007199254740993 "});
  check({"+9007199254740992", "9007199254740993", "+9007199254740994"});
  check({"0000009007199254740992", "9007199254740993"});
  check({"99999999999999999999999", "100000000000000000000000"});
  check({"-170141183460469231731687303715884105728", "-170141183460469231731687303715884105727", "-1", "0",
         "170141183460469231731687303715884105726", "170141183460469231731687303715884105727",
         "340282366920938463463374607431768211454", "340282366920938463463374607431768211455"});
}

TEST_CASE("order: decimal numbers and exponents are compared to the last digit") {
  const ReadOptions options{.columns = {{"event"}}};
  const auto check = [&](const std::vector<std::string>& orders) {
    CAPTURE(orders[0]);
    CHECK(order_of(backwards(orders, "seq"), options) == expected(orders.size()));
  };
  check({"1700000000.123456788", "1700000000.123456789", "1700000000.1234567891"});
  check({"-1700000000.123456789", "-1700000000.123456788"});
  check({"1.2345678901234567e-05", "1.2345678901234568e-05", "1e-4", ".5", "1."});
  check({"9007199254740992e3", "9007199254740993e3", "9.007199254740994E18"});
  check({"0.99999999999999999999999999999999999999", "1", "1.00000000000000000000000000000000000001"});
}

TEST_CASE("order: dates that differ below a millisecond") {
  check_rises({"2024-05-01T00:00:00.000001Z", "2024-05-01T00:00:00.000002Z", "2024-05-01T00:00:00.0001Z"});
  check_rises({"2024-05-01 10:20:30.123456788", "2024-05-01 10:20:30,123456789"});
  check_rises({"2024-05-01T00:00:00.9999999+00:00", "2024-05-01T01:00:01+01:00", "2024-05-01T01:00:01.0000001+01:00"});
  check_rises({"1969-12-31T23:59:59.9999998Z", "1969-12-31T23:59:59.9999999Z", "1970-01-01", "1970-01-01T00:00:00.5"});
}

TEST_CASE("order: times of every unit, with decimals") {
  check_rises({"1396000000000000001", "1396000000000000002"});              // ns
  check_rises({"1396000000000001", "1396000000000001.5"});                  // us
  check_rises({"1396000000000.0004", "1396000000000.0005"});                // ms
  check_rises({"1396000000.0000001", "1396000000.0000002", "1396000001"});  // s
  // Beside dates, numbers of the time column count its unit.
  const ReadOptions by_time{.order = "time", .columns = {{"event"}}};
  CHECK(order_of(backwards({"1714521600", "2024-05-01T00:00:00.5Z", "1714521601", "1714521602"}, "time"), by_time) ==
        expected(4));
}

TEST_CASE("order: what cannot be kept exactly is rejected by name") {
  CHECK(reason("340282366920938463463374607431768211455") == "accepted");
  CHECK(reason("1e38") == "accepted");
  CHECK(reason("0e99999999999999999999") == "accepted");
  CHECK(reason("1.0000000000000000000000000000000000000000000000000") == "accepted");
  CHECK(reason("1e39") == "x.csv:3: column \"seq\": out of range for an order: \"1e39\"");
  CHECK(reason("-999999999999999999999999999999999999999").find("out of range for an order") != std::string::npos);
  CHECK(reason("0.000000000000000000000000000000000000001").find("out of range for an order") != std::string::npos);
  CHECK(reason("1e99999999999999999999").find("out of range for an order") != std::string::npos);
  for (const std::string bad : {"one", "1_000", "0x10", "+-1", "--1", "1e", "1.2.3", ".", "2024-13-01", "1 2"})
    CHECK(reason(bad) == "x.csv:3: column \"seq\": not an order: \"" + bad + "\"");
  for (const std::string missing : {"", "nan", "null", "inf"})
    CHECK(reason(missing) == "x.csv:3: column \"seq\": empty: \"" + missing + "\"");
}

TEST_CASE("times: milliseconds are rounded down in every form, nanoseconds are kept beside them") {
  const auto time = [](const std::string& text, const std::string& others) {
    const Dataset data =
        read_events_from_text("user,time,event\na," + text + ",x\na," + others + ",y\na," + others + ",z\n", "x.csv");
    return std::to_string(data.view(0).time_ms[0]) + " + " + std::to_string(data.time_ns(0));
  };
  CHECK(time("2024-05-01T00:00:00.1234567899Z", "2024-05-01") == "1714521600123 + 456789");
  CHECK(time("1714521600.1234567899", "1714521600") == "1714521600123 + 456789");
  CHECK(time("1714521600123.4567899", "1714521600000") == "1714521600123 + 456789");
  CHECK(time("1714521600123456.7899", "1714521600000000") == "1714521600123 + 456789");
  CHECK(time("1714521600123456789", "1714521600000000000") == "1714521600123 + 456789");
  CHECK(time("1714521600999999999", "1714521600000000000") == "1714521600999 + 999999");
  CHECK(time("-0.0005", "100") == "-1 + 500000");
  CHECK(time("-0.0000000001", "100") == "-1 + 999999");
  CHECK(time("-0.001", "100") == "-1 + 0");
  CHECK(time("1969-12-31T23:59:59.9995Z", "1970-01-02") == "-1 + 500000");
  CHECK(time("9000000000000", "100") == "9000000000000000 + 0");
  CHECK(time("-9000000000000", "100") == "-9000000000000000 + 0");
  CHECK_THROWS_WITH_AS(
      read_events_from_text("user,time,event\na,9000000000000.001,x\na,1,y\na,1,z\n", "x.csv", {.strict = true}),
      "x.csv:2: column \"time\": out of range for a time in s: \"9000000000000.001\"", Error);
  const Dataset sorted =
      read_events_from_text("user,time,event\na,1714521600.0000003,x\nb,1714521600.0000002,y\na,1714521600.0000001,z\n",
                            "x.csv", {.order = "time"});
  CHECK(sorted.time_ns(0) == 100);
  CHECK(sorted.time_ns(1) == 300);
  CHECK(sorted.time_ns(2) == 200);
  CHECK(time("", "100") == std::to_string(k_no_time) + " + 0");
}
