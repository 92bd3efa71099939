// What is odd about times and order, found while rows are read.
#include <doctest/doctest.h>

#include <string>

#include "events/findings.hpp"
#include "seqguard/events/reader.hpp"

using namespace seqguard;
using Kind = DataFinding::Kind;

namespace {

std::string read_kinds(const std::string& rows, const ReadOptions& options = {}) {
  return kinds_of(read_events_from_text("user,time,event\n" + rows, "x.csv", options).findings());
}

DataFinding only_finding(const std::string& rows) {
  const Dataset data = read_events_from_text("user,time,event\n" + rows, "x.csv");
  REQUIRE(kinds_of(data.findings()).find(' ') == std::string::npos);
  REQUIRE(data.findings().size() == 1);
  return data.findings()[0];
}

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
  CHECK(finding.message.find(
            "x.csv:11: column \"time\": 1 of 10 times look like s, but all are taken as ms (line 11)") == 0);
  CHECK(read_kinds(rows + "b,1700000000000000,y\n") == "mixed_time_units(time)");
  const DataFinding beyond = only_finding(rows + "b,1700000000000000000,y\n");
  CHECK(beyond.kind == Kind::time_unit);
  CHECK(beyond.message.find(
            "x.csv:11: column \"time\": 1 of 10 times look like ns, too large for plain numbers as ms") == 0);
  const Dataset senseless =
      read_events_from_text("user,time,event\n" + rows + "b,17000000000000000000000,y\n", "x.csv");
  REQUIRE(senseless.rejected().count == 1);
  CHECK(senseless.rejected().message(0) ==
        "x.csv:11: column \"time\": out of range for a time in ms: \"17000000000000000000000\"");
  CHECK(read_kinds(rows + "b,1700000000.25,y\n") == "mixed_time_units(time)");
  // The unit is told by the first rows, whatever most of the others are.
  std::string later;
  for (int i = 0; i < 60'000; ++i) later += "a," + std::string(i < 30'000 ? "1700000000" : "1700000000000") + ",x\n";
  CHECK(only_finding(later + "a,1700000000000,x\n")
            .message.find("30001 of 60001 times look like ms, but all are taken "
                          "as s") != std::string::npos);
  // Neither a clock that begins at 0 nor an unset one has a unit that could be told by its size.
  CHECK(read_kinds(rows + "b,0,y\n").empty());
  CHECK(read_kinds("a,1,x\na,100000,y\na,2000000,x\n").empty());
  CHECK(read_kinds("a,1970-01-20T16:13:20Z,x\na,2024-05-01T00:00:00Z,y\n").empty());
  CHECK(read_kinds("a,1700000000,x\na,1700000001,y\n").empty());
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
  // A column that is time and order is looked at once.
  CHECK(read_kinds("a,2024-05-01T00:00:00Z,x\na,1714521601,y\n", {.order = "time"}) == "numbers_among_dates(time)");
  const Dataset orders = read_events_from_text("user,seq,event\na,2024-05-01,x\na,1714521600001,y\n", "x.csv");
  CHECK(kinds_of(orders.findings()) == "numbers_among_dates(seq)");
}
