// Tables as people have them: what parts their cells, headers, comments, numbers and times; right values by hand.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "events/data_text.hpp"
#include "events/dialect.hpp"
#include "events/parse_value.hpp"
#include "seqguard/events/fit_schema.hpp"
#include "seqguard/events/rewrite.hpp"

using namespace seqguard;

namespace {

struct Case {
  const char *text, *expected;
};

void check_all(std::span<const Case> cases, const std::string& name, const ReadOptions& options = {}) {
  for (const Case& c : cases) {
    CAPTURE(std::string(c.text));
    CHECK(text_of(c.text, name, options) == c.expected);
  }
}

/// Rows with 25 different numbers, so that their column is taken for one of numbers.
std::string with_numbers(const std::string& header, const std::string& separator, const std::string& first) {
  std::string text = header + "\n" + "u" + separator + "a" + separator + first + "\n";
  for (int i = 0; i < 25; ++i) text += "u" + separator + "a" + separator + std::to_string(100 + i) + "\n";
  return text;
}

/// The value of `first` in a column of numbers; or how it was rejected.
std::string number_of(const std::string& first, const std::string& separator = ";") {
  const std::string said = text_of(with_numbers("user" + separator + "event" + separator + "price", separator, first),
                                   "x.csv", {.columns = {{"event", {}}, {"price", ColumnKind::numeric}}});
  if (const std::size_t at = said.find("| 2: "); at != std::string::npos) return said.substr(at + 2);
  const std::size_t at = said.find("u: a,") + 5;
  return said.substr(at, said.find(' ', at) - at);
}

}  // namespace

TEST_CASE("delimited: what parts the cells is seen, whatever the name of the file says") {
  const Case cases[] = {
      {"user,event\nu,a\n", "user *event | u: a"},
      {"user;event\nu;a\n", "user *event | u: a"},
      {"user\tevent\nu\ta\n", "user *event | u: a"},
      {"user|event\nu|a\n", "user *event | u: a"},
      {"user event\nu a\n", "user *event | u: a"},
      {"user,event\nu,a;b\n", "user *event | u: a;b"},
      {"user;event\nu;a,b\n", "user *event | u: a,b"},
      {"user\tevent\nu\t\"a\tb\"\n", "user *event | u: a\tb"},
      {"user;event\nu;\"a;\"\"b\"\"\"\n", "user *event | u: a;\"b\""},
      {"user;event\nu;\"a\nb\"\nu;c\n", "user *event | u: a\nb c"},
      {"user|event|x\r\nu|a|1\r\nu|b|\r\n", "user *event x | u: a,1 b,"},
      {"\xEF\xBB\xBFuser;event\nu;a", "user *event | u: a"},
  };
  for (const char* name : {"x.csv", "x.tsv"})
    for (const Case& c : cases) {
      if (std::string(name) == "x.tsv" && std::string(c.text).find('\t') != std::string::npos) continue;  // no quotes
      CAPTURE(std::string(c.text));
      CHECK(text_of(c.text, name) == c.expected);
    }
  CHECK(text_of("user\tevent\nu\t\"a\n", "x.tsv") == "user *event | u: \"a");
  // A name that says nothing: a table is known by the key in its header.
  CHECK(text_of("user;event\nu;a\n", "stdin") == "user *event | u: a");
  CHECK(text_of("# made today\nts,session_id,page\n1,s,/a\n", "log.txt") == "session_id time=ts *page | s: /a@1000");
  CHECK(text_of("user login view\n", "x.txt") == " *event | : user login view");
  CHECK(text_of("login,view buy\n", "x.txt") == " *event | : login,view buy");
  // What is given is taken.
  CHECK(text_of("user:event\nu:a\n", "x.csv", {.separator = ':'}) == "user *event | u: a");
  CHECK(text_of("user;event,x\nu;a,b\n", "x.csv", {.separator = ';'}) == "user *event,x | u: a,b");
  CHECK(text_of("user;event\nu;a\n", "x", {.separator = ';'}) == "user *event | u: a");
  CHECK(text_of("a b\n", "x", {.format = DataFormat::lines, .separator = ';'}).find("--separator") !=
        std::string::npos);
}

TEST_CASE("delimited: comments, headers and rows with oddities harm only whoever asks for them") {
  const Case cases[] = {
      {"# a comment\n# another, one\nuser,event\nu,a\n", "user *event | u: a"},
      {"#user,event\nu,a\n", "user *event | u: a"},
      {"# user,event\nu,a\n", "user *event | u: a"},
      {"# comment\n#user,event\nu,a\n", "user *event | u: a"},
      {"#,user,event\n0,u,a\n1,u,b\n", "user # *event | u: a,0 b,1"},
      {"user,event\n#u,a\n", "user *event | #u: a"},
      {",user,event\n0,u,a\n1,u,b\n", "user *event | u: a b"},
      {"user,,event\nu,x,a\n", "user *event | u: a"},
      {"user,event,\nu,a,\n", "user *event | u: a"},
      {"user,event,\nu,a\n", "user *event | u: a"},
      {"user,event\nu,a,\nu,b\n", "user *event | u: a b"},
      {"user,event\nu,a,x\nu,b\n", "user *event | u: b | 2: expected 2 fields, found 3"},
      {"user,x,event,x\nu,1,a,2\n", "user *event | u: a"},
      {"user,event,event\nu,a,b\n", "x.csv: no categorical column of events; name one with --columns NAME:categorical"},
      {"user,event\n\n  \nu,a\n\n", "user *event | u: a"},
      {"user:token,item_id:token,price:float\nu,a,1.5\n", "user *item_id price# | u: a,1.5"},
      {"user:token,items:token_seq,event:token\nu,a b,x\n", "user *event | u: x"},
      {"case:concept:name,event:token\nu,a\n",
       "x.csv: no column of the header looks like a key (user, session, ..); name it "
       "with --key, or the separator with --separator if columns are not parted"},
      {"u1,1717000000,login\nu1,1717000005,view\n",
       "x.csv: the first row looks like data, not like a header; --no-header --columns user,time,-,event names the "
       "columns "
       "by position"},
      {"user,event", "user *event"},
      {"", "x.csv: the file is empty, expected a header row, found nothing"},
  };
  check_all(cases, "x.csv");
  CHECK(text_of(",user,event\n0,u,a\n", "x.csv", {.columns = {{"event", {}}, {"", {}}}}).find("cannot be used") !=
        std::string::npos);
  CHECK(text_of("user,x,event,x\nu,1,a,2\n", "x.csv", {.columns = {{"event", {}}, {"x", {}}}}) ==
        "x.csv: column \"x\" cannot be used, expected one value a row, and one name, found a name that stands twice");
  CHECK(text_of("user\ttags:token_seq\tevent\nu\ta b\tx\n", "x.inter", {.columns = {{"event", {}}, {"tags", {}}}})
            .find("the judged column \"event\" is no list") != std::string::npos);
}

TEST_CASE("delimited: names with colons are tried whole, then as NAME:KIND") {
  const auto read = [](const char* text, const char* columns, const char* key) {
    try {
      return text_of(text, "x.csv", {.key = key, .columns = {column_request_from_string(columns)}});
    } catch (const Error& error) {
      return std::string(error.what());
    }
  };
  const char* process = "case:concept:name,concept:name\nu,a\n";
  CHECK(read(process, "concept:name", "case:concept:name") == "case:concept:name *concept:name | u: a");
  CHECK(read(process, "concept:name:categorical", "case:concept:name") == "case:concept:name *concept:name | u: a");
  CHECK(read("k,price:numeric\nu,a\n", "price:numeric", "k") == "k *price:numeric | u: a");
  CHECK(read("k,price\nu,a\n", "price:token", "k") == "k *price | u: a");
  CHECK(read("k,price\nu,a\n", "price:nmeric", "k").find("column kind of \"price:nmeric\"") != std::string::npos);
  CHECK(read("k,price\nu,a\n", "what:ever", "k").find("no column \"what:ever\" in the header") != std::string::npos);
}

TEST_CASE("delimited: a table without a header has its columns by position") {
  const auto read = [](const char* text, std::vector<ColumnRequest> names, const ReadOptions& more = {}) {
    ReadOptions options = more;
    options.no_header = true;
    options.header = std::move(names);
    return text_of(text, "x.csv", options);
  };
  const std::vector<ColumnRequest> names = {{"user"}, {"time"}, {"-"}, {"event"}};
  CHECK(read("u,1717000000,x,a\nu,1717000001,y,b\n", names) ==
        "user time=time *event | u: a@1717000000000 b@1717000001000");
  CHECK(read("u;1717000000;x;a", names) == "user time=time *event | u: a@1717000000000");
  CHECK(read("# c\nu\t1\tx\ta\n", names) == "user time=time *event | u: a@1000");
  CHECK(read("u,1,x\n", names)
            .find("names for the columns of x.csv, expected 3, as its first row has (- skips one), found 4") !=
        std::string::npos);
  CHECK(read("u,1,x,a\nv,2\n", names) == "user time=time *event | u: a@1000 | 2: expected 4 fields, found 2");
  CHECK(read("u,a\nv,b\n", {}, {.key = "1"}) == "1 *2 | u: a | v: b");
  CHECK(read("u,a\n", {}).find("name it with --key") != std::string::npos);
  CHECK(read("u,a,7\n", {{"user"}, {"event"}, {"n", ColumnKind::numeric}}) == "user *event n# | u: a,7");
}

TEST_CASE("delimited: numbers as people write them") {
  const std::pair<const char*, const char*> cases[] = {
      {"1.5", "1.5"},
      {" 2 ", "2"},
      {"+3", "3"},
      {"-4.25", "-4.25"},
      {"1e3", "1000"},
      {".5", "0.5"},
      {"5.", "5"},
      {"1,234.5", "1234.5"},
      {"1,234,567", "1.23457e+06"},
      {"1 234", "1234"},
      {"1'234.5", "1234.5"},
      {"1\xC2\xA0"
       "234",
       "1234"},
      {"", "?"},
      {"NA", "?"},
      {"NaN", "?"},
      {"null", "?"},
      {"None", "?"},
      {"\\N", "?"},
      {"n/a", "?"},
      {"inf", "?"},
      {"1,23", "2: column \"price\": not a number: \"1,23\""},
      {"12,34,567", "2: column \"price\": not a number: \"12,34,567\""},
      {"1234,567", "2: column \"price\": not a number: \"1234,567\""},
      {"1..5", "2: column \"price\": not a number: \"1..5\""},
      {"$5", "2: column \"price\": not a number: \"$5\""},
      {"1e400", "2: column \"price\": out of range for a number: \"1e400\""},
  };
  for (const auto& [text, expected] : cases) {
    CAPTURE(std::string(text));
    // Nothing but the text itself speaks for a decimal comma, and it alone is not enough: the others have none.
    double value = 0;
    const ParseStatus status = parse_number(text, value);
    if (std::string(expected) == "?")
      CHECK(status == ParseStatus::missing);
    else if (std::string(expected).find(": not a number") != std::string::npos)
      CHECK(status == ParseStatus::bad);
    else if (status == ParseStatus::ok)
      CHECK(number_of(text, "|") == expected);
  }
  double value = 0;
  const std::pair<const char*, double> commas[] = {{"1,5", 1.5},
                                                   {"1.234,5", 1234.5},
                                                   {"1.234", 1234},
                                                   {"-1.234.567,25", -1234567.25},
                                                   {"1 234,5", 1234.5},
                                                   {"1\xE2\x80\xAF"
                                                    "234,5",
                                                    1234.5},
                                                   {"12", 12},
                                                   {"1,5e2", 150},
                                                   {",5", 0.5}};
  for (const auto& [text, expected] : commas) {
    CAPTURE(std::string(text));
    CHECK(parse_number(text, value, ',') == ParseStatus::ok);
    CHECK(value == expected);
  }
  for (const char* text : {"1.5", "1.2345", "1,5,5", "1,234.5", ",", "-", "1,5x", "1.234.56"}) {
    CAPTURE(std::string(text));
    CHECK(parse_number(text, value, ',') == ParseStatus::bad);
  }
}

TEST_CASE("delimited: a decimal comma is seen, or given, and written back") {
  const std::string text = with_numbers("user;event;price", ";", "1,5") + "u;b;2.345,75\n";
  const Dataset data = read_events_from_text(text, "x.csv", {.keep_raw = true});
  CHECK(data.row_style().decimal == ',');
  REQUIRE(data.columns().size() == 2);
  CHECK(data.columns()[1].kind == ColumnKind::numeric);
  CHECK(data.view(0).columns[1].floats()[0] == 1.5f);
  CHECK(data.view(0).columns[1].floats()[26] == 2345.75f);
  // Where the comma parts the cells, numbers in quotes.
  const std::string quoted_numbers = with_numbers("user,event,price", ",", "\"1,5\"");
  CHECK(read_events_from_text(quoted_numbers, "x.csv").view(0).columns[1].floats()[0] == 1.5f);
  // A thousand is no sign of a decimal comma; with --decimal it is one.
  const std::string thousand = with_numbers("user;event;price", ";", "1,234");
  CHECK(read_events_from_text(thousand, "x.csv").view(0).columns[1].floats()[0] == 1234.0f);
  CHECK(read_events_from_text(thousand, "x.csv", {.decimal = ','}).view(0).columns[1].floats()[0] == 1.234f);
  // A model's columns are read likewise.
  const EventSchema schema = fit_schema(data);
  CHECK(read_events_from_text("user;event;price\nu;a;7,5\n", "y.csv", {.schema = &schema})
            .view(0)
            .columns[1]
            .floats()[0] == 7.5f);
  CHECK(replace_field("u;a;1,5\n", data.row_style(), 1, "b;c") == "u;\"b;c\";1,5\n");
  CHECK(field_value("u;\"b;c\";1,5\n", data.row_style(), 1) == "b;c");
}

TEST_CASE("delimited: times as people write them") {
  // Seconds since 1970: 2014-04-07 10:51:00 UTC is 1396867860.
  const std::pair<const char*, std::int64_t> cases[] = {
      {"2014-04-07 10:51:00", 1396867860000},
      {"2014-04-07T10:51:00Z", 1396867860000},
      {"2014-04-07 10:51:00 UTC", 1396867860000},
      {"2014-04-07 10:51:00 GMT", 1396867860000},
      {"2014-04-07 12:51:00+02:00", 1396867860000},
      {"2014-04-07 12:51:00 +0200", 1396867860000},
      {"2014-04-07 05:51:00.250-05", 1396867860250},
      {"2014/04/07 10:51:00", 1396867860000},
      {"2014/04/07 10:51", 1396867860000},
      {"2014/04/07", 1396828800000},
      {"07/Apr/2014:12:51:00 +0200", 1396867860000},
      {"07/Apr/2014:10:51:00", 1396867860000},
      {"07-APR-2014 10:51:00", 1396867860000},
      {"07 apr 2014", 1396828800000},
      {"2014-04-07 10:51:00 AM", 1396867860000},
      {"2014-04-07 10:51 PM", 1396911060000},
      {"2014-04-07 12:30 AM", 1396830600000},
      {"2014-04-07 12:30pm", 1396873800000},
      {"1396867860", 1396867860000},
      {"1396867860.5", 1396867860500},
      {"1.39686786e9", 1396867860000},
      {" 2014-04-07 10:51:00 ", 1396867860000},
  };
  for (const auto& [text, expected] : cases) {
    CAPTURE(std::string(text));
    ExactTime time;
    CHECK(parse_time(text, {"s"}, time) == ParseStatus::ok);
    CHECK(time.ms == expected);
  }
  for (const char* text : {"04/07/2014", "2014-13-01", "2014-04/07", "07/Apr/14:10:51", "07/Foo/2014",
                           "2014-04-07 13:00 PM", "2014-04-07 0:51", "2014-04-07 10:51:00 CEST",
                           "2014-04-07 10:51:00  UTC", "07/Apr-2014", "2014-04-07 10:51 PMX", "yesterday"}) {
    CAPTURE(std::string(text));
    ExactTime time;
    CHECK(parse_time(text, {"s"}, time) == ParseStatus::bad);
  }
  CHECK(text_of("user,time,event\nu,07/Apr/2014:10:51:00 +0000,a\nu,07/Apr/2014:10:51:05 +0000,b\n", "x.csv") ==
        "user time=time *event | u: a@1396867860000 b@1396867865000");
}

TEST_CASE("delimited: a helper column that cannot be read is left out and said, never the rows") {
  const Dataset days = read_events_from_text("user,date,event\nu,04/07/14,a\nu,05/07/14,b\n", "x.csv");
  CHECK(text_of(days) == "user *event | u: a b");
  REQUIRE(days.findings().size() == 1);
  CHECK(days.findings()[0].kind == DataFinding::Kind::unread_column);
  CHECK(days.findings()[0].message.find(
            "column \"date\" is called like a time, but 2 of 2 values cannot be read as one "
            "(\"04/07/14\", \"05/07/14\"); it is left out. --time date reads it") != std::string::npos);
  const Dataset steps = read_events_from_text("user,step,event\nu,first,a\nu,second,b\n", "x.csv");
  CHECK(text_of(steps) == "user *event | u: a b");
  CHECK(steps.findings()[0].message.find("--order step") != std::string::npos);
  // Asked for, it is read, and its rows are bad.
  CHECK(text_of("user,date,event\nu,04/07/14,a\n", "x.csv", {.time = "date"}).find("2: column \"date\": not a time") !=
        std::string::npos);
  // A few unreadable times cost their rows.
  CHECK(text_of("user,time,event\nu,1,a\nu,2,b\nu,soon,c\n", "x.csv") ==
        "user time=time *event | u: a@1000 b@2000 | 4: column \"time\": not a time: \"soon\"");
}

TEST_CASE("delimited: a column that is nine tenths numbers says what the rest is") {
  const auto read = [](int texts) {
    std::string text = "user,event,price\n";
    for (int i = 0; i < 100; ++i) text += "u,a," + (i < texts ? "free" : std::to_string(i)) + "\n";
    return read_events_from_text(text, "x.csv");
  };
  CHECK(read(0).columns()[1].kind == ColumnKind::numeric);
  CHECK(read(0).findings().empty());
  const Dataset some = read(5);
  CHECK(some.columns()[1].kind == ColumnKind::categorical);
  REQUIRE(some.findings().size() == 1);
  CHECK(some.findings()[0].kind == DataFinding::Kind::almost_numbers);
  CHECK(some.findings()[0].share == 0.05);
  CHECK(some.findings()[0].message.find("5 of 100 values are no numbers (\"free\")") != std::string::npos);
  CHECK(read(50).findings().empty());
}
