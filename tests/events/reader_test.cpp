// Readers: sound files, hostile files, and the way back to the file's bytes.
#include "seqguard/events/reader.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <string>
#include <vector>

#include "seqguard/core/error.hpp"
#include "seqguard/events/fit_schema.hpp"

using namespace seqguard;

namespace {

std::string key_of(const Dataset& data, std::size_t s) { return std::string(data.sequences()[s].key); }

/// "a b c": the primary values of a sequence.
std::string events_of(const Dataset& data, std::size_t s) {
  const EventsView view = data.view(s);
  std::string result;
  for (std::size_t i = 0; i < view.n; ++i) {
    if (i > 0) result += ' ';
    result += view.columns[data.primary()].text(i);
  }
  return result;
}

/// "name:kind name:kind", the primary one in capitals of its mark: "*name:kind".
std::string columns_of(const Dataset& data) {
  std::string result;
  for (std::size_t c = 0; c < data.columns().size(); ++c)
    result += std::string(c > 0 ? " " : "") + (c == data.primary() ? "*" : "") + data.columns()[c].name + ":" +
              std::string(to_string(data.columns()[c].kind));
  return result;
}

std::string rejects_of(const Dataset& data) {
  std::string result;
  for (std::size_t i = 0; i < data.rejected().rows.size(); ++i) result += data.rejected().message(i) + "\n";
  return result;
}

std::string all_raw(const Dataset& data) {
  std::string result(data.head());
  for (std::size_t e : data.file_order()) result += data.raw(e);
  return result;
}

std::string refusal(std::string_view text, const std::string& name, const ReadOptions& options = {}) {
  try {
    read_events_from_text(text, name, options);
  } catch (const Error& error) {
    return error.what();
  }
  return "accepted";
}

}  // namespace

TEST_CASE("csv: groups by key, orders by the order column, keeps what the clock says") {
  const Dataset data = read_events_from_text(
      "user,position,time,event,price\n"
      "u2,0,1717000000000,view,1.5\n"
      "u1,2,1717000005000,buy,\n"
      "u1,1,1717000009000,\"a \"\"b\"\",\r\nc\",3\n"
      "u2,1,,view,nan\n",
      "x.csv", {.columns = {{"event", {}}, {"price", ColumnKind::numeric}}});
  REQUIRE(data.sequences().size() == 2);
  CHECK(key_of(data, 0) == "u2");
  CHECK(events_of(data, 1) == "a \"b\",\r\nc buy");
  CHECK(columns_of(data) == "*event:categorical price:numeric");
  const EventsView u1 = data.view(1), u2 = data.view(0);
  CHECK(u1.time_ms[0] == 1717000009000);
  CHECK(u1.time_ms[1] == 1717000005000);  // a clock error stays
  CHECK(u2.time_ms[1] == k_no_time);
  CHECK(u1.columns[1].floats()[0] == 3.0f);
  CHECK(std::isnan(u1.columns[1].floats()[1]));
  CHECK(std::isnan(u2.columns[1].floats()[1]));
  CHECK(data.row(data.sequences()[1].first) == 4);
  CHECK(data.row(data.sequences()[0].first + 1) == 6);  // the quoted line break counts
  CHECK(data.sequences()[1].line == 3);
  CHECK(data.order_text(data.sequences()[1].first) == "1");
  CHECK(data.rejected().count == 0);
}

TEST_CASE("csv: byte order mark, CRLF, blank lines, no final line end") {
  const Dataset data = read_events_from_text("\xEF\xBB\xBF\"user\",event\r\n\r\na,x\r\na,y\r\n\n b ,z", "x.csv");
  CHECK(events_of(data, 0) == "x y");
  CHECK(key_of(data, 1) == " b ");
  CHECK(data.blank_lines() == 2);
  CHECK(data.rejected().count == 0);
}

TEST_CASE("csv: bad rows are named, their neighbours survive") {
  const std::string text =
      "user,step,ts,event,price\n"
      "a,1,2024-05-01,e1,1\n"
      "a,2,2024-05-01,e2\n"
      "a,3,yesterday,e3,1\n"
      "a,4,2024-05-01T00:00:00Z,e4,cheap\x1B\n"
      ",5,2024-05-01,e5,1\n"
      "a,,2024-05-01,e6,1\n"
      "a,7,2024-05-01,e7,1e39\n"
      "a,8,2024-13-01,e8,1\n"
      "a,9,2024-05-01,\"e9\"x,1\n"
      "a,10,2024-05-01,\xC3(,1\n"
      "a,11,2024-05-01,\"e11,1\n"
      "a,12,2024-05-01 00:00:01.25+01:00,e12,+2\n";
  const ReadOptions options{.columns = {{"event", {}}, {"price", ColumnKind::numeric}}};
  const Dataset data = read_events_from_text(text, "x.csv", options);
  CHECK(events_of(data, 0) == "e1 e12");
  CHECK(data.view(0).time_ms[1] - data.view(0).time_ms[0] == 1250 - 3600 * 1000);
  CHECK(data.rejected().count == 10);
  CHECK(rejects_of(data) ==
        "x.csv:3: expected 5 fields, found 4\n"
        "x.csv:4: column \"ts\": not a time: \"yesterday\"\n"
        "x.csv:5: column \"price\": not a number: \"cheap\\x1b\"\n"
        "x.csv:6: column \"user\": empty key\n"
        "x.csv:7: column \"step\": empty: \"\"\n"
        "x.csv:8: column \"price\": out of range for a number: \"1e39\"\n"
        "x.csv:9: column \"ts\": not a time: \"2024-13-01\"\n"
        "x.csv:10: text after a closing quote in field 4\n"
        "x.csv:11: invalid UTF-8\n"
        "x.csv:12: unterminated quote\n");
  ReadOptions strict = options;
  strict.strict = true;
  CHECK(refusal(text, "x.csv", strict) == "x.csv:3: expected 5 fields, found 4");
  ReadOptions few = options;
  few.kept_rejects = 2;
  const Dataset counted = read_events_from_text(text, "x.csv", few);
  CHECK(counted.rejected().rows.size() == 2);
  CHECK(counted.rejected().count == 10);
}

TEST_CASE("csv: limits of length and width hold, and what follows is read") {
  ReadOptions options;
  options.max_line_bytes = 100'000;
  options.max_columns = 50;
  const std::string text = "user,event\na,x\na," + std::string(200'000, 'y') + "\na,z\na" + std::string(60, ',') +
                           "\na,\"" + std::string(150'000, 'q') + "\nb,\"open\n" + std::string(300, '\n') + "a,last\n";
  const Dataset data = read_events_from_text(text, "x.csv", options);
  CHECK(events_of(data, 0) == "x z last");
  CHECK(rejects_of(data) ==
        "x.csv:3: line longer than 100000 bytes\n"
        "x.csv:5: more than 50 fields\n"
        "x.csv:6: line longer than 100000 bytes\n"
        "x.csv:7: unterminated quote\n");
  CHECK(data.blank_lines() == 300);
  CHECK(data.row(data.events() - 1) == 308);
  options.max_line_bytes = 10;
  CHECK(refusal("user,event,price\n", "x.csv", options).find("line longer than 10 bytes") != std::string::npos);
}

TEST_CASE("csv: a file of open quotes takes linear time") {
  // 100,000 rows that each leave a quote open, for the next one to close in an unclean way, or to close and open again
  // until the end of the file; quadratic joining would take minutes.
  for (const std::string row : {"x\"y,\"z\n", "x\",\"y\n"}) {
    CAPTURE(row);
    std::string text = "user,event\n";
    for (int i = 0; i < 100'000; ++i) text += row;
    const Dataset data = read_events_from_text(text + "a,b\n", "x.csv");
    CHECK(data.rejected().count == 100'000);
    CHECK(events_of(data, 0) == "b");
  }
}

TEST_CASE("csv: headers that cannot be used are refused by name") {
  CHECK(refusal("", "x.csv") == "x.csv: the file is empty, expected a header row, found nothing");
  CHECK(refusal("who,event\na,b\n", "x.csv").find("name it with --key") != std::string::npos);
  CHECK(refusal("user,event\na,b\n", "x.csv", {.key = "customer"}) ==
        "x.csv: no column \"customer\" in the header, expected \"customer\", found user, event");
  CHECK(refusal("user,event\na,b\n", "x.csv", {.columns = {{"item", {}}}}).find("no column \"item\"") !=
        std::string::npos);
  CHECK(refusal("user,price\n", "x.csv", {.columns = {{"price", ColumnKind::numeric}}}).find("no categorical column") !=
        std::string::npos);
  CHECK_THROWS_AS(column_request_from_string("x:hash"), Error);
  CHECK_THROWS_AS(column_request_from_string(":numeric"), Error);
  CHECK(column_request_from_string("price:numeric").kind == ColumnKind::numeric);
  CHECK_FALSE(column_request_from_string("price").kind.has_value());
  CHECK_THROWS_AS(read_events("/nonexistent/x.csv"), Error);
  CHECK_THROWS_AS(read_events("/"), Error);
}

TEST_CASE("csv: columns are inferred from names and values") {
  std::string text = "row_uuid,session_id,user_id,when,seq,timestamp,site,country,item_id,price,rating\n";
  for (int i = 0; i < 120; ++i)
    text.append("r")
        .append(std::to_string(i))
        .append(",s")
        .append(std::to_string(i / 4))
        .append(",u,now,")
        .append(std::to_string(i % 4))
        .append(",")
        .append(std::to_string(1717000000 + 10 * i))
        .append(",shop,")
        .append(i % 3 == 0 ? "de," : "fr,")
        .append(std::to_string(i / 2))
        .append(",")
        .append(std::to_string(i))
        .append(".5,")
        .append(std::to_string(i % 5))
        .append("\n");
  const Dataset data = read_events_from_text(text, "x.csv");
  CHECK(data.key_column() == "session_id");
  CHECK(data.order_column() == "seq");
  CHECK(data.time_column() == "timestamp");
  CHECK(data.time_unit() == "s");
  CHECK(columns_of(data) ==
        "when:categorical site:categorical country:categorical *item_id:categorical price:numeric rating:categorical");
  REQUIRE(data.ignored_columns().size() == 2);
  CHECK(data.ignored_columns()[0] == "row_uuid (a value of its own in every row)");
  CHECK(data.ignored_columns()[1] == "user_id (another key)");
  CHECK(data.view(0).time_ms[1] == 1717000010000);
  const Dataset other = read_events_from_text(
      text, "x.csv",
      {.key = "user_id", .order = "timestamp", .columns = {{"country", {}}, {"item_id", ColumnKind::numeric}}});
  CHECK(other.sequences().size() == 1);
  CHECK(other.order_column() == "timestamp");
  CHECK(other.time_column() == "timestamp");
  CHECK(columns_of(other) == "*country:categorical item_id:numeric");
}

TEST_CASE("csv: the order column is exact for 64-bit integers, and may be a time") {
  const Dataset big =
      read_events_from_text("user,seq,event\na,9007199254740993,second\na,9007199254740992,first\n", "x.csv");
  CHECK(events_of(big, 0) == "first second");
  const Dataset dates =
      read_events_from_text("user,seq,event\na,2024-01-02,second\na,2024-01-01T23:59:59,first\n", "x.csv");
  CHECK(events_of(dates, 0) == "first second");
  const Dataset ties = read_events_from_text("user,seq,event\na,1,p\na,1,q\na,0,o\n", "x.csv");
  CHECK(events_of(ties, 0) == "o p q");
}

TEST_CASE("recbole: typed headers and plain tab-separated files") {
  const Dataset data = read_events_from_text(
      "user_id:token\titem_id:token\trating:float\ttimestamp:float\ttags:token_seq\n"
      "196\t242\t3\t881250949\ta b\n186\t302\t3.5\t891717742\t\n196\t\"377\t1\t878887116\t\n196\tx\n",
      "ml.inter");
  CHECK(columns_of(data) == "*item_id:categorical rating:numeric");
  CHECK(events_of(data, 0) == "242 \"377");
  CHECK(data.view(0).time_ms[1] == 878887116000);
  CHECK(data.view(1).columns[1].floats()[0] == 3.5f);
  REQUIRE(data.ignored_columns().size() == 1);
  CHECK(data.ignored_columns()[0] == "tags (token_seq, a list: --columns tags reads each row as a sequence of it)");
  CHECK(rejects_of(data) == "ml.inter:5: expected 5 fields, found 2\n");
  CHECK(read_events_from_text("user\tevent\na\tb\n", "x.tsv").key_column() == "user");
  const Dataset wide =
      read_events_from_text("user\tevent\na\tx" + std::string(60, '\t') + "\na\ty\n", "x.tsv", {.max_columns = 50});
  CHECK(events_of(wide, 0) == "y");
  CHECK(rejects_of(wide) == "x.tsv:2: more than 50 fields\n");
}

TEST_CASE("lines: blanks separate, blank lines are passed over, bad ones named") {
  const Dataset data = read_events_from_text(
      "\xEF\xBB\xBF"
      "a  b\tc \r\n\n \nd\n\xFF\ne f",
      "x.txt");
  REQUIRE(data.sequences().size() == 3);
  CHECK(events_of(data, 0) == "a b c");
  CHECK(events_of(data, 2) == "e f");
  CHECK(data.sequences()[2].line == 6);
  CHECK(data.blank_lines() == 2);
  CHECK(rejects_of(data) == "x.txt:5: invalid UTF-8\n");
  CHECK(refusal(std::string("a\0b\n", 4), "x.txt", {.strict = true}).find("NUL") != std::string::npos);
  CHECK(read_events_from_text("", "x.txt").sequences().empty());
}

TEST_CASE("lines: keys only on request") {
  const Dataset keyed = read_events_from_text("u1\ta b\nnokey c\n\td\nu1\t \nu1\te\n", "x.txt", {.keyed_lines = true});
  REQUIRE(keyed.sequences().size() == 2);
  CHECK(key_of(keyed, 0) == "u1");
  CHECK(key_of(keyed, 1) == "u1");
  CHECK(events_of(keyed, 1) == "e");
  CHECK(rejects_of(keyed) ==
        "x.txt:2: expected KEY, a tab and events\nx.txt:3: expected KEY, a tab and events\nx.txt:4: no events\n");
  CHECK(events_of(read_events_from_text("u1\ta b\n", "x.txt"), 0) == "u1 a b");
}

TEST_CASE("raw bytes: untouched rows give the file back") {
  const ReadOptions keep{.keep_raw = true};
  const std::string csv = "\xEF\xBB\xBFuser,position,event\r\nb,1,\"x,\"\"\r\ny\"\r\na,0,z\nb,0, w ";
  CHECK(all_raw(read_events_from_text(csv, "x.csv", keep)) == csv);
  const std::string lines = "  a  b\t c \r\nd\n e";
  const Dataset data = read_events_from_text(lines, "x.txt", keep);
  std::string joined;
  for (std::size_t s = 0; s < data.sequences().size(); ++s) {
    joined += data.lead(s);
    for (std::size_t i = 0; i < data.sequences()[s].count; ++i) joined += data.raw(data.sequences()[s].first + i);
  }
  CHECK(joined == lines);
}

TEST_CASE("schema: fitted, then used for reading again") {
  const std::string text = "user,seq,time,event,price\na,0,100,view,1\na,1,160,view,10\nb,0,100,buy,\n";
  ReadOptions options{.columns = {{"event", {}}, {"price", ColumnKind::numeric}}};
  const Dataset data = read_events_from_text(text, "x.csv", options);
  const EventSchema schema = schema_from_json(to_json(fit_schema(data)));
  CHECK(schema.sequence.key == "user");
  CHECK(schema.sequence.order_by == "seq");
  CHECK(schema.time->unit == "s");
  CHECK(schema.time->gap.unit_ms == 1000);
  CHECK(schema.columns[0].vocabulary.value(0) == "view");
  CHECK(schema.columns[1].transform.mean == doctest::Approx((std::log(2.0) + std::log(11.0)) / 2));
  const Dataset again =
      read_events_from_text("extra,price,event,time,user,seq\n?,5,buy,100,c,0\n", "y.csv", {.schema = &schema});
  CHECK(columns_of(again) == "*event:categorical price:numeric");
  CHECK(again.view(0).columns[1].floats()[0] == 5.0f);
  CHECK(refusal("user,seq,time,event\n", "y.csv", {.schema = &schema}).find("no column \"price\"") !=
        std::string::npos);
  CHECK(refusal("a b\n", "y.txt", {.schema = &schema}).find("one column") != std::string::npos);
  const EventSchema lines = fit_schema(read_events_from_text("a b\na c\n", "x.txt"));
  CHECK(lines.sequence.key.empty());
  CHECK(events_of(read_events_from_text("u\tv\n", "x.txt", {.schema = &lines}), 0) == "u v");
  CHECK_THROWS_AS(fit_schema(read_events_from_text("", "x.txt")), Error);
}

TEST_CASE("hostile: every truncation and every single-byte damage of a file is survived") {
  const std::string csv =
      "user,seq,time,event,price\na,0,2024-01-01T00:00:00Z,\"v \"\"x\"\"\",1\nb,1,2024-01-01,buy,2\n";
  std::size_t read = 0;
  for (std::size_t size = 0; size < csv.size(); ++size) read += refusal(csv.substr(0, size), "x.csv") == "accepted";
  for (std::size_t i = 0; i < csv.size(); ++i)
    for (const char c : {'"', ',', '\n', '\0', '\xFF'}) {
      std::string damaged = csv;
      damaged[i] = c;
      read += refusal(damaged, "x.csv") == "accepted";
    }
  CHECK(read > 0);
}

TEST_CASE("a large file of log keys is read: three bytes an event, nineteen events a line") {
  std::string text;
  while (text.size() < (std::size_t{24} << 20)) text += "5 22 5 5 11 9 11 9 11 9 26 26 26 23 23 23 21 21 21\n";
  const Dataset data = read_events_from_text(text, "hdfs.txt");
  CHECK(data.rejected().count == 0);
  CHECK(data.events() == 19 * data.sequences().size());
}
