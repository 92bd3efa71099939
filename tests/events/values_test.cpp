// Times whose form is named or chosen once for a file, and texts that are missing values: what a schema keeps of them.
#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

#include "events/data_text.hpp"
#include "events/findings.hpp"
#include "events/parse_value.hpp"
#include "events/time_format.hpp"
#include "events/time_text.hpp"
#include "seqguard/events/compare_with_schema.hpp"
#include "seqguard/events/fit_schema.hpp"

using namespace seqguard;

namespace {

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// Milliseconds since 1970; nothing: it cannot be read.
std::optional<std::int64_t> time_as(std::string_view text, const TimeReading& reading) {
  ExactTime time;
  if (parse_time(text, reading, time) != ParseStatus::ok) return std::nullopt;
  return time.ms;
}

std::string dates(const std::vector<std::string>& cells, const ReadOptions& options = {}) {
  std::string text = "user,date,event\n";
  for (const std::string& cell : cells) text += "u,\"" + cell + "\",a\n";
  const Dataset data = read_events_from_text(text, "x.csv", options);
  std::string result = text_of(data);
  for (const DataFinding& finding : data.findings()) result += "\n" + finding.message;
  return result;
}

}  // namespace

TEST_CASE("values: times in a named format") {
  struct Case {
    const char *format, *text;
    std::int64_t ms;
  };
  // 2014-04-07 10:51:00 UTC is 1396867860 s; 2014-04-07 was a Monday, the 97th day of its year.
  const Case cases[] = {
      {"%d.%m.%y %H:%M", "07.04.14 10:51", 1396867860000},
      {"%d.%m.%y %H:%M", "7.4.14 10:51", 1396867860000},
      {"%Y%m%d%H%M%S", "20140407105100", 1396867860000},
      {"%Y%m%d%H%M%S%f", "20140407105100250", 1396867860250},
      {"%m/%d/%Y %I:%M:%S %p", "04/07/2014 10:51:00 AM", 1396867860000},
      {"%m/%d/%Y %I:%M:%S %p", "4/7/2014 12:00:00 am", 1396828800000},
      {"%m/%d/%Y %l:%M%p", "4/7/2014 12:30PM", 1396873800000},
      {"%a %b %e %H:%M:%S %Y", "Mon Apr  7 10:51:00 2014", 1396867860000},
      {"%A, %d. %B %Y", "monday, 07. APRIL 2014", 1396828800000},
      {"%d-%h-%Y", "07-apr-2014", 1396828800000},
      {"%d %b %Y", "07 April 2014", 1396828800000},
      {"[%d/%b/%Y:%T %z]", "[07/Apr/2014:12:51:00 +0200]", 1396867860000},
      {"%FT%T.%f%z", "2014-04-07T10:51:00.25Z", 1396867860250},
      {"%F %T,%f %z", "2014-04-07 05:51:00,250000 -05:00", 1396867860250},
      {"%F %R %z", "2014-04-07 10:51 UTC", 1396867860000},
      {"%D", "04/07/14", 1396828800000},
      {"%j/%Y", "97/2014", 1396828800000},
      {"%Y-%j", "2016-366", 1483142400000},
      {"%s", "1396867860", 1396867860000},
      {"%s", "-1", -1000},
      {"@%s.%f", "@1396867860.5", 1396867860500},
      {"%d%t%m%n%Y", "07  04\t2014", 1396828800000},
      {"%Y%%%m%%%d", "2014%04%07", 1396828800000},
      {"%y-%m-%d", "68-01-01", 3092601600000},  // 2068
      {"%y-%m-%d", "69-01-01", -31536000000},   // 1969
      {"%Y-%m-%d %H", "0000-01-01 00", -62167219200000},
      {" %F ", "2014-04-07", 1396828800000},
  };
  for (const auto& [format, text, ms] : cases) {
    CAPTURE(std::string(format));
    CAPTURE(std::string(text));
    REQUIRE(problem_of_format(format) == "");
    CHECK(time_as(text, {.format = format}) == std::optional(ms));
  }
  const std::pair<const char*, const char*> bad[] = {
      {"%d.%m.%y", "2014-04-07"},
      {"%d.%m.%y", "31.02.14"},
      {"%d.%m.%y",
       "07.04.14 "
       "x"},
      {"%d.%m.%y", "07.04.2014"},
      {"%d.%m.%Y", "07.04.14"},
      {"%d.%m.%Y", "07.13.2014"},
      {"%F %I:%M %p", "2014-04-07 13:00 PM"},
      {"%F %I:%M %p", "2014-04-07 0:30 AM"},
      {"%F %H:%M", "2014-04-07 25:00"},
      {"%F %H:%M", "2014-04-07 10:61"},
      {"%F%z", "2014-04-07"},
      {"%F%z", "2014-04-07CEST"},
      {"%Y-%j", "2014-366"},
      {"%Y-%j", "2014-0"},
      {"%d %b %Y", "07 Foo 2014"},
      {"%s", "1396867860.5"},
      {"%s", "99999999999999999999"},
      {"@%s.%f", "@-1.5"},
      {"%F", "1396867860"},
      {"%F", "tomorrow"},
      {"%a %F", "Foo 2014-04-07"},
  };
  for (const auto& [format, text] : bad) {
    CAPTURE(std::string(format));
    CAPTURE(std::string(text));
    REQUIRE(problem_of_format(format) == "");
    CHECK(time_as(text, {.format = format}) == std::nullopt);
  }
  ExactTime time;
  for (const char* text : {"", "NA", "null", " "})
    CHECK(parse_time(text, {.format = "%F"}, time) == ParseStatus::missing);
}

TEST_CASE("values: formats that name no time, or one twice, are refused by what is wrong with them") {
  const std::pair<const char*, const char*> cases[] = {
      {"", "names no day"},
      {"%H:%M", "names no day"},
      {"%Y-%m", "names no day"},
      {"%d/%m %H:%M", "names no day"},
      {"%F %Y", "stands there already"},
      {"%F %H %I %p", "without %H"},
      {"%F %I:%M", "go together"},
      {"%F %H %p", "go together"},
      {"%F %M", "without hours"},
      {"%F %H %S", "without minutes"},
      {"%F %f", "without %S"},
      {"%F %q", "%q is not known"},
      {"%F %Z", "%Z is not read"},
      {"%F %", "% at the end"},
      {"%Y-%j-%d", "%j beside"},
      {"%s %F", "stands for all"},
      {"%F \xFF", "no UTF-8"},
  };
  for (const auto& [format, said] : cases) {
    CAPTURE(std::string(format));
    CHECK(contains(problem_of_format(format), said));
  }
  CHECK(contains(problem_of_format(std::string(101, 'x')), "longer than 100"));
  const std::string text = "user,time,event\nu,1,a\n";
  CHECK(contains(text_of(text, "x.csv", {.time_format = "%H:%M"}), "--time-format: it names no day"));
  CHECK(contains(text_of("user,event\nu,a\n", "x.csv", {.time_format = "%F"}), "there is no column of times"));
  CHECK(contains(text_of(text, "x.csv", {.time_format = "%F", .date_order = DateOrder::day_first}),
                 "--date-order: without effect beside --time-format"));
  CHECK(contains(text_of("user,event\nu,a\n", "x.csv", {.date_order = DateOrder::day_first}),
                 "--date-order: there is no column of times"));
  CHECK(contains(text_of("a b\n", "x.txt", {.time_format = "%F"}), "--time-format would have no effect"));
}

TEST_CASE("values: a time is written back as its format says") {
  const std::pair<const char*, const char*> cases[] = {
      {"%d.%m.%y %H:%M", "07.04.14 10:51"},
      {"%m/%d/%Y %I:%M:%S %p", "04/07/2014 12:00:00 AM"},
      {"%a %b %e %k:%M:%S %Y", "Mon Apr  7  9:05:00 2014"},
      {"%FT%T.%f%z", "2014-04-07T10:51:00.250-05:30"},
      {"%d/%b/%Y:%T %z", "07/Apr/2014:12:51:00 +0200"},
      {"%s.%f", "1396867860.123456789"},
      {"%y%%%j", "69%365"},
      {"%F %l %p", "2014-04-07 12 PM"},
  };
  for (const auto& [format, text] : cases) {
    CAPTURE(std::string(text));
    const TimeReading reading{.format = format};
    const auto style = time_style(text, reading);
    ExactTime time;
    REQUIRE(style.has_value());
    REQUIRE(parse_time(text, reading, time) == ParseStatus::ok);
    CHECK(time_text(*style, time.ms, time.ns) == text);
  }
  // Forms that are known have one too.
  const std::pair<const char*, const char*> known[] = {
      {"25/12/2023", "%d/%m/%Y"},
      {"1.2.2024 9:05", "%d.%m.%Y %H:%M"},
      {"25-12-2023T10:51:00.5Z", "%d-%m-%YT%H:%M:%S.%f%z"},
      {"7/4/2014, 12:30:01 AM", "%d/%m/%Y, %I:%M:%S %p"},
      {"07/04/2014 12:51PM +02:00", "%d/%m/%Y %I:%M%p %z"},
      {"2014/04/07", "%Y/%m/%d"},
      {"2014/04/07 10:51 GMT", "%Y/%m/%d %H:%M %z"},
      {"2014/04/07 10:51 am GMT", "%Y/%m/%d %I:%M %p %z"},
      {"2014-04-07 10:51:00,25 PM", "%Y-%m-%d %I:%M:%S,%f %p"},
      {"07 apr 2014", "%d %b %Y"},
      {"07/Apr/2014:12:51:00 +0200", "%d/%b/%Y:%H:%M:%S %z"},
  };
  for (const auto& [text, format] : known) {
    CAPTURE(std::string(text));
    const TimeReading reading{.date_order = DateOrder::day_first};
    CHECK(format_like(text, DateOrder::day_first) == format);
    const auto style = time_style(text, reading);
    ExactTime time, again;
    REQUIRE(style.has_value());
    REQUIRE(parse_time(text, reading, time) == ParseStatus::ok);
    CHECK(parse_time(time_text(*style, time.ms + 86'400'000, time.ns), reading, again) == ParseStatus::ok);
    CHECK(again.ms == time.ms + 86'400'000);
  }
  const TimeReading months{.date_order = DateOrder::month_first};
  CHECK(time_text(*time_style("1/2/2024 9:05 PM", months), 1704229500000, 0) == "01/02/2024 09:05 PM");
  CHECK_FALSE(time_style("1/2/2024", {}).has_value());
  CHECK(format_time({0, 0, 6, "", 0}, "%A %B %H") == "Thursday January 00");
  CHECK(format_time({-86'400, 0, 6, "", 0}, "%a %F") == "Wed 1969-12-31");
}

TEST_CASE("values: a named format reaches the schema, and whoever reads under it") {
  const std::string text = "user,at,event\nu,07.04.14 10:51,a\nu,07.04.14 10:52,b\nu,2014-04-07,c\n";
  const ReadOptions options{.time = "at", .time_format = "%d.%m.%y %H:%M"};
  const std::string read =
      "user time=at *event | u: a@1396867860000 b@1396867920000 | 4: column \"at\": not a time as %d.%m.%y %H:%M: "
      "\"2014-04-07\"";
  CHECK(text_of(text, "x.csv", options) == read);
  const EventSchema schema = fit_schema(read_events_from_text(text, "x.csv", options));
  REQUIRE(schema.time);
  CHECK(schema.time->format == "%d.%m.%y %H:%M");
  const EventSchema stored = schema_from_json(to_json(schema));
  CHECK(to_json(stored) == to_json(schema));
  CHECK(text_of(text, "y.csv", {.schema = &stored}) == read);
  // The form of a file may be another one than that of the fit.
  CHECK(text_of("user,at,event\nu,2014-04-07,a\n", "y.csv", {.schema = &stored, .time_format = "%F"}) ==
        "user time=at *event | u: a@1396828800000");
  CHECK(
      text_of("user,at,event\nu,04/07/2014,a\n", "y.csv", {.schema = &stored, .date_order = DateOrder::month_first}) ==
      "user time=at *event | u: a@1396828800000");
  // As an order the times are compared as the format reads them.
  const ReadOptions as_order{.order = "at", .time = "at", .time_format = "%d.%m.%y"};
  CHECK(text_of("user,at,event\nu,01.02.24,b\nu,31.01.24,a\n", "x.csv", as_order) ==
        "user order=at time=at *event | u: a@1706659200000 b@1706745600000");
}

TEST_CASE("values: day and month are told apart once for a file") {
  // 2024-02-01 is 1706745600 s, 2024-01-02 1704153600 s.
  CHECK(
      dates({"01/02/2024", "25/12/2023"}) ==
      "user time=date *event | u: a@1706745600000 a@1703462400000\n"
      "x.csv: column \"date\": dates are read with the day first, as \"25/12/2023\" shows; --date-order mdy reads the "
      "month first, dmy says that this is right\n"
      "x.csv:3: column \"date\": 1 of 2 rows are earlier than the row before them of the same user, in 1 of 1 keys "
      "(line 3); there is no order column, so the events stay in the order of the rows, and these gaps count as "
      "unknown; fit with --order date sorts them");
  CHECK(contains(dates({"01/02/2024", "12/25/2024"}),
                 "a@1704153600000 a@1735084800000\nx.csv: column \"date\": dates are read with the month first, as "
                 "\"12/25/2024\" shows; --date-order dmy"));
  // Nothing shows it: the order in which neighbours lie closer together.
  CHECK(contains(dates({"01/02/2024", "02/02/2024", "03/02/2024"}),
                 "day first, though none shows it (\"01/02/2024\"): so"));
  CHECK(contains(dates({"01/02/2024", "01/03/2024", "01/04/2024"}), "month first, though none shows it"));
  CHECK(contains(dates({"01.02.2024"}), "day first, though none shows it (\"01.02.2024\"): as is usual"));
  CHECK(contains(dates({"01/02/2024"}), "month first, though none shows it (\"01/02/2024\"): as is usual"));
  // The rest of a text as in other dates; hours may have one digit.
  const std::pair<const char*, const char*> forms[] = {
      {"7.4.2014 10:51", "@1396867860000"},
      {"7/4/2014 9:05:30.5", "@1396861530500"},
      {"07-04-2014T10:51:00Z", "@1396867860000"},
      {"7/4/2014, 12:30 AM", "@1396830600000"},
      {"07/04/2014 12:51:00 +0200", "@1396867860000"},
      {"07/04/14", "not a time"},
      {"07/04/2014 x", "not a time with the day first (--date-order)"},
      {"7/4.2014", "not a time"},
      {"7//2014", "not a time"},
      {"07/04/20145", "not a time"},
      {"07/04/2014,12:30", "not a time with the day first"},
      {"32/04/2014", "not a time with the day first"},
      {"04/25/2014", "not a time with the day first"},
  };
  for (const auto& [text, expected] : forms) {
    CAPTURE(std::string(text));
    CHECK(contains(dates({text}, {.time = "date", .date_order = DateOrder::day_first}), expected));
  }
  // Said by nobody who gave it.
  CHECK(dates({"01/02/2024"}, {.date_order = DateOrder::day_first}) == "user time=date *event | u: a@1706745600000");
  // A single odd one among twenty is a bad row; more of them leave the column out, with both named.
  std::vector<std::string> cells(20, "25/12/2023");
  cells.push_back("12/31/2023");
  CHECK(contains(dates(cells), "22: column \"date\": not a time with the day first (--date-order): \"12/31/2023\""));
  const std::string both = dates({"25/12/2023", "12/31/2023", "01/02/2023"});
  CHECK(contains(both, "user *event | u: a a a"));
  CHECK(contains(both, "\"25/12/2023\" has the day first, \"12/31/2023\" the month: --date-order dmy or mdy"));
  CHECK(contains(dates({"25/12/2023", "12/31/2023"}, {.time = "date"}),
                 "2: column \"date\": not a time (--date-order dmy or mdy says whether the day comes first)"));
  CHECK_FALSE(contains(dates({"2024-02-01", "1706745600"}), "date-order"));
}

TEST_CASE("values: the order of day and month is that of the fit, whatever a later file looks like") {
  const Dataset data = read_events_from_text("user,date,event\nu,25/12/2023,a\nu,01/02/2024,b\n", "x.csv");
  const EventSchema schema = schema_from_json(to_json(fit_schema(data)));
  REQUIRE(schema.time);
  CHECK(schema.time->date_order == DateOrder::day_first);
  // Alone, these would be months: neighbours lie closer together.
  const std::string later = "user,date,event\nu,01/02/2024,a\nu,01/03/2024,b\n";
  CHECK(contains(text_of(later, "y.csv"), "a@1704153600000"));
  CHECK(text_of(later, "y.csv", {.schema = &schema}) == "user time=date *event | u: a@1706745600000 b@1709251200000");
  CHECK(read_events_from_text(later, "y.csv", {.schema = &schema}).findings().empty());
  CHECK(text_of(later, "y.csv", {.schema = &schema, .date_order = DateOrder::month_first}) ==
        "user time=date *event | u: a@1704153600000 b@1704240000000");
  // Of a model that never saw such dates.
  const EventSchema iso =
      fit_schema(read_events_from_text("user,date,event\nu,2024-02-01,a\nu,2024-02-02,b\n", "x.csv"));
  CHECK(to_json(iso).find("date_order") == std::string::npos);
  CHECK(contains(text_of(later, "y.csv", {.schema = &iso}), "2: column \"date\": not a time (--date-order dmy or mdy"));
  // A column of its own that orders, and lines of JSON.
  const std::string orders = "user,day,event\nu,25/12/2023,a\nu,02/02/2024,c\nu,01/02/2024,b\n";
  const Dataset ordered = read_events_from_text(orders, "x.csv", {.order = "day"});
  CHECK(text_of(ordered) == "user order=day *event | u: a b c");
  CHECK(contains(ordered.findings()[0].message, "column \"day\": dates are read with the day first"));
  const EventSchema by_day = schema_from_json(to_json(fit_schema(ordered)));
  CHECK(by_day.sequence.order_dates == DateOrder::day_first);
  CHECK(text_of("{\"user\":\"u\",\"day\":\"03/01/2024\",\"event\":\"c\"}\n{\"user\":\"u\",\"day\":\"02/12/"
                "2023\",\"event\":\"b\"}\n",
                "x.jsonl", {.schema = &by_day}) == "user order=day *event | u: b c");
}

TEST_CASE("values: texts that are no value, in keys and categories only") {
  std::string text = "user,event,device,price,time\nu,a,NA,NA,1\nu,NA,app,2,NA\nNA,b,-,3,3\nu,b,na,4,-\n";
  const std::string asked = "event,device,price:numeric";
  ReadOptions options{.missing = {"NA", "-"}};
  for (const char* column : {"event", "device", "price:numeric"})
    options.columns.push_back(column_request_from_string(column));
  const std::string read =
      "user time=time *event device price# | u: a@1000,,? @?,app,2 | 4: column \"user\": missing key: \"NA\" | 5: "
      "column "
      "\"time\": not a time: \"-\"";
  CHECK(text_of(text, "x.csv", options) == read);
  const EventSchema schema = schema_from_json(to_json(fit_schema(read_events_from_text(text, "x.csv", options))));
  CHECK(schema.missing == std::vector<std::string>{"NA", "-"});
  CHECK(text_of(text, "y.csv", {.schema = &schema}) == read);
  CHECK(contains(text_of(text, "y.csv", {.schema = &schema, .missing = {"b"}}), "@3000,-,3"));
  // Without the flag they are values, as an identifier may be.
  options.missing.clear();
  CHECK(contains(text_of(text, "x.csv", options), "a@1000,NA,? NA@?,app,2"));
  CHECK(text_of("{\"user\":\"u\",\"event\":\"a\",\"x\":\"none\"}\n{\"user\":\"u\",\"event\":null,\"x\":\"y\"}\n",
                "x.jsonl", {.missing = {"none"}}) == "user *event x | u: a, ,y");
  CHECK(contains(text_of(text, "x.csv", {.missing = {"NA", "NA"}}), "missing (--missing): the texts"));
  CHECK(contains(text_of(text, "x.csv", {.missing = {""}}), "none twice or empty"));
  CHECK(contains(text_of("a b\n", "x.txt", {.missing = {"a"}}), "--missing would have no effect"));
}

TEST_CASE("values: a schema with a choice that cannot be is refused") {
  const Dataset data =
      read_events_from_text("user,date,event\nu,25/12/2023,a\nu,01/02/2024,b\n", "x.csv", {.missing = {"NA"}});
  const std::string json = to_json(fit_schema(data));
  const auto with = [&](const std::string& before, const std::string& after) {
    std::string changed = json;
    changed.replace(changed.find(before), before.size(), after);
    try {
      schema_from_json(changed);
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  CHECK(contains(with("\"day_first\"", "\"ymd\""), "month_first"));
  CHECK(contains(with("\"date_order\": \"day_first\"", "\"format\": \"%H\""), "names no day"));
  CHECK(contains(with("\"date_order\"", "\"format\": \"%F\", \"date_order\""), "a date order beside a format"));
  CHECK(contains(with("\"NA\"", "\"NA\", \"NA\""), "stands twice"));
  CHECK(contains(with("\"NA\"", "3"), "missing"));
}

TEST_CASE("values: times with the decimal comma of their file") {
  const std::string text = "user;time;event\nu;1396867860,5;a\nu;1396867861,25;b\nu;1396867862.5;c\n";
  CHECK(text_of(text, "x.csv") == "user time=time *event | u: a@1396867860500 b@1396867861250 c@1396867862500");
  const Dataset data = read_events_from_text(text, "x.csv", {.order = "time", .time = "time"});
  CHECK(text_of(data).find("order=time") != std::string::npos);
  const auto style = time_style("1396867860,5", data.reading().time);
  REQUIRE(style.has_value());
  CHECK(time_text(*style, 1396867861500, 0) == "1396867861,5");
  CHECK(contains(text_of("user;time;event\nu;1,5;a\n", "x.csv", {.time = "time", .decimal = '.'}),
                 "not a time: \"1,5\""));
}

TEST_CASE("values: a column without any value at the fit is not missing later") {
  std::string text = "user,event,note\n";
  for (int i = 0; i < 60; ++i) text += "u" + std::to_string(i % 6) + ",a,\n";
  const Dataset data = read_events_from_text(text, "x.csv");
  CHECK(kinds_of(compare_with_schema(data, fit_schema(data))) == "");
}
