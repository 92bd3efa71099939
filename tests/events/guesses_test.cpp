// What a reader guesses of a file, where guessing goes wrong, and what it says about it.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "events/byte_source.hpp"
#include "events/data_text.hpp"
#include "seqguard/events/fit_schema.hpp"
#include "seqguard/events/rewrite.hpp"

using namespace seqguard;

namespace {

/// "kind: message" of each finding.
std::string findings_of(const std::string& text, const std::string& name, const ReadOptions& options = {}) {
  std::string said;
  const Dataset data = read_events_from_text(text, name, options);
  for (const DataFinding& finding : data.findings())
    said += std::string(to_string(finding.kind)) + ": " + finding.message + "\n";
  return said;
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

std::string repeated_rows(const std::string& header, const std::vector<std::string>& cells,
                          const std::string& separator) {
  std::string text = header + "\n";
  for (const std::string& cell : cells) text += "u" + separator + "a" + separator + cell + "\n";
  return text;
}

/// "2,013", "3,026", ..: three digits behind the sign.
std::vector<std::string> in_threes(char sign) {
  std::vector<std::string> cells;
  for (int i = 1; i <= 30; ++i) cells.push_back(std::to_string(100 + i) + sign + std::to_string(200 + i));
  return cells;
}

}  // namespace

TEST_CASE("guesses: a byte order mark in front of a table without a header is no part of its first field") {
  const std::string text = "\xEF\xBB\xBF\"a;b\";x;1\r\n\"a;b\";y;2\r\n";
  const Dataset data = read_events_from_text(
      text, "x.csv", {.no_header = true, .header = {{"user"}, {"event"}, {"n"}}, .keep_raw = true});
  CHECK(text_of(data) == "user *event n | a;b: x,1 y,2");
  CHECK(data.head() == "\xEF\xBB\xBF");
  CHECK(data.raw(0) == "\"a;b\";x;1\r\n");
  CHECK(field_value(data.raw(0), data.row_style(), 0) == "a;b");
  CHECK(replace_field(data.raw(0), data.row_style(), 1, "z") == "\"a;b\";z;1\r\n");
  const Dataset with_header = read_events_from_text("\xEF\xBB\xBFuser,event\nu,a\n", "x.csv", {.keep_raw = true});
  CHECK(with_header.head() == "\xEF\xBB\xBFuser,event\n");
}

TEST_CASE("guesses: lines with # are comments only where they cannot be rows or the header") {
  const auto bare = [](const char* text) {
    ReadOptions options;
    options.no_header = true;
    options.header = {{"user"}, {"event"}};
    return text_of(text, "x.csv", options);
  };
  CHECK(bare("#1,login\n#1,buy\n2,login\n") == "user *event | #1: login buy | 2: login");
  CHECK(bare("#0,a\n#0,b\n#1,c\n") == "user *event | #0: a b | #1: c");
  CHECK(bare("# made today\n#1,a\n2,b\n") == "user *event | #1: a | 2: b");
  CHECK(bare("# a, b, c\n1,a\n") == "user *event | 1: a");
  CHECK(text_of("#user,event\n#user,a\n#user,b\n", "x.csv") == "user *event | #user: a b");
  CHECK(text_of("#who,event\nuser,login\n", "x.csv", {.key = "who"}) == "who *event | user: login");
  CHECK(text_of("#user,event\n#u,a\nv,b\n", "x.csv") == "user *event | #u: a | v: b");
  CHECK(text_of("# user,event\nuser,event\nu,a\n", "x.csv") == "user *event | u: a");
  CHECK(text_of("\n# comment\n\nuser,event\na,x\na,y\n", "x.csv") == "user *event | a: x y");
  const std::string text = "\n# comment\nuser,event\na,x\n";
  CHECK(read_events_from_text(text, "x.csv", {.keep_raw = true}).head() == "\n# comment\nuser,event\n");
}

TEST_CASE("guesses: Excel's first line names the separator") {
  CHECK(text_of("sep=;\nuser;event,x\na;x\n", "x.csv") == "user *event,x | a: x");
  CHECK(text_of("\xEF\xBB\xBFsep=|\r\nuser|event\r\na|x\r\n", "x.csv") == "user *event | a: x");
  CHECK(read_events_from_text("sep=;\nuser;event\na;x\n", "x.csv", {.keep_raw = true}).head() == "sep=;\nuser;event\n");
}

TEST_CASE("guesses: numbers are never made a thousand times larger without a word") {
  const auto price = [](const std::string& text, const ReadOptions& options = {}) {
    return read_events_from_text(text, "x.csv", options).columns().back().kind;
  };
  // Names of two numbers, or numbers with three digits: nothing tells.
  for (const char* separator : {";", "\t"}) {
    const std::string text =
        repeated_rows(std::string("user") + separator + "event" + separator + "pair", in_threes(','), separator);
    CHECK(price(text) == ColumnKind::categorical);
    CHECK(contains(findings_of(text, "x.csv"), "guessed: x.csv: column \"pair\""));
    CHECK(contains(findings_of(text, "x.csv"), "--decimal ,"));
    const Dataset said = read_events_from_text(text, "x.csv", {.decimal = ','});
    CHECK(said.view(0).columns[1].floats()[0] == 101.201f);
    CHECK(said.findings().empty());
  }
  // One that is plain or has a fraction shows thousands, which is said.
  std::vector<std::string> cells = in_threes(',');
  cells.push_back("7");
  const std::string thousands = repeated_rows("user;event;price", cells, ";");
  CHECK(price(thousands) == ColumnKind::numeric);
  CHECK(contains(findings_of(thousands, "x.csv"),
                 "guessed: x.csv:2: column \"price\": 30 of 31 values are read as thousands"));
  CHECK(contains(findings_of(thousands, "x.csv"), "--decimal ,"));
  // A guessed comma is said, a given one is not.
  const std::string commas = repeated_rows("user;event;price", {"1,5", "2,25"}, ";");
  CHECK(contains(findings_of(commas, "x.csv"), "guessed: x.csv: "));
  CHECK(contains(findings_of(commas, "x.csv"), "(\"1,5\"); --decimal . "));
  CHECK(findings_of(commas, "x.csv", {.decimal = ','}).empty());
  // Where the comma separates, a bare number with a point decides.
  std::string points = "user,event,tags,price\n";
  for (int i = 0; i < 30; ++i) points += "u,a,\"" + std::to_string(i) + ",7\"," + std::to_string(i) + ".125\n";
  const Dataset data = read_events_from_text(points, "x.csv");
  CHECK(data.row_style().decimal == '.');
  CHECK(data.view(0).columns[2].floats()[3] == 3.125f);
}

TEST_CASE("guesses: lines of events stay lines") {
  for (const char* text :
       {"{login} buy\n{logout} buy\n", "session,start view cart\nview cart pay\n", "login;session x\nlogin y\n",
        "account|login view\nview cart\n", "user,login buy\nabc,d e\n", "user,login\n"}) {
    CAPTURE(std::string(text));
    const Dataset data = read_events_from_text(text, "x.txt");
    CHECK(data.format() == DataFormat::lines);
    CHECK(data.findings().empty());
  }
  CHECK(contains(findings_of("user,event\nu,a\n", "x.txt"),
                 "guessed: x.txt: read as csv, by its header; --format lines reads lines of events"));
  CHECK(contains(findings_of("{\"user\":\"u\",\"event\":\"a\"}\n", "stdin"), "read as jsonl, by its first line"));
  CHECK(findings_of("user,event\nu,a\n", "x.csv").empty());
  CHECK(findings_of("user,event\nu,a\n", "x.txt", {.format = DataFormat::csv}).empty());
  // Under a schema of lines nothing else is tried, but for sequences of JSON.
  const EventSchema lines = fit_schema(read_events_from_text("a b\na c\n", "x.txt"));
  CHECK(text_of("{} a\n", "x.txt", {.schema = &lines}) == " *event | : {} a");
  CHECK(text_of("{\"user\":\"u\",\"event\":\"a\"}\n", "x.txt", {.schema = &lines}) ==
        " *event | : {\"user\":\"u\",\"event\":\"a\"}");
  CHECK(text_of("{\"events\":[\"a\"]}\n", "stdin", {.schema = &lines}) == " *event | : a");
  CHECK(contains(text_of("{\n\"user\":1}\n", "stdin"), "an object over several lines"));
}

TEST_CASE("guesses: options of tables are named where they have no effect, and only those") {
  const std::string said = text_of("a b\n", "x.txt", {.format = DataFormat::lines, .decimal = ','});
  CHECK(contains(said, "--decimal would have no effect"));
  CHECK_FALSE(contains(said, "--separator"));
}

TEST_CASE("guesses: fields of JSON lines that come late are said") {
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += "{\"user\":\"u\",\"event\":\"a\"}\n";
  const EventSchema schema = fit_schema(read_events_from_text(text, "x.jsonl"));
  CHECK(findings_of(text, "x.jsonl").empty());
  text +=
      "{\"user\":\"u\",\"event\":\"a\",\"none\":null}\n{\"user\":\"u\",\"event\":\"a\",\"late\":1}\n"
      "{\"user\":\"u\",\"event\":\"a\",\"later\":1}\n";
  CHECK(contains(findings_of(text, "x.jsonl"), "late_field: x.jsonl: 2 of 20003 lines have a field"));
  CHECK(contains(findings_of(text, "x.jsonl"), "\"late\""));
  CHECK(contains(findings_of(text, "x.jsonl"), "line 20002"));
  CHECK(findings_of(text, "x.jsonl", {.schema = &schema}).empty());
}

TEST_CASE("guesses: JSON lines of two forms, and without events") {
  CHECK(contains(text_of("{\"user\":\"a\",\"event\":\"x\"}\n{\"user\":\"b\",\"events\":[\"p\",\"q\"]}\n", "x.jsonl"),
                 "user *event | a: x | 2: an array \"events\", but the lines before are single events"));
  const std::string missing = "{\"user\":\"a\",\"event\":\"x\"}\n{\"user\":\"b\"}\n{\"user\":\"a\",\"event\":\"\"}\n";
  CHECK(contains(
      findings_of(missing, "x.jsonl"),
      "no_events: x.jsonl:2: column \"event\": 2 of 3 events have no value of the judged column (lines 2, 3)"));
  const EventSchema known = fit_schema(read_events_from_text(missing, "x.jsonl"));
  CHECK(findings_of(missing, "x.jsonl", {.schema = &known}).empty());
  const std::string empty = "{\"key\":\"a\",\"events\":[\"x\"]}\n{\"key\":\"b\",\"events\":[]}\n\n";
  CHECK(contains(findings_of(empty, "x.jsonl"), "no_events: x.jsonl: 1 of 2 lines have no events"));
  CHECK(read_events_from_text(empty, "x.jsonl").blank_lines() == 1);
  // A first line that is no sound sequence brings no column.
  CHECK(text_of("{\"key\":\"u\",\"x\":1,\"events\":[[1]]}\n{\"key\":\"u\",\"events\":[\"a\"]}\n", "x.jsonl") ==
        "key *event | u: a | 1: column 28: an array among the events; expected texts or objects");
  CHECK(text_of("", "x.jsonl") == "x.jsonl: the file is empty, expected an object a line, found nothing");
}

TEST_CASE("guesses: JSON members without a name") {
  const Dataset data = read_events_from_text(
      "{\"user\":\"u\",\"event\":\"a\",\"\":\"p\"}\n{\"user\":\"u\",\"event\":\"b\",\"\":\"q\"}\n", "x.jsonl");
  CHECK(text_of(data) == "user *event | u: a b");
  REQUIRE(data.ignored_columns().size() == 1);
  CHECK(data.ignored_columns()[0] == "column 3 (no name)");
  CHECK(text_of("{\"user\":\"u\",\"event\":\"a\",\"\":{\"a\":\"p\"},\"x\":{\"\":\"q\"}}", "x.jsonl") ==
        "user *event .a x. | u: a,p,q");
  CHECK(text_of("{\"user\":\"u\",\"events\":[{\"event\":\"a\",\"\":{\"a\":\"p\"}}]}", "x.jsonl") ==
        "user *event .a | u: a,p");
}

TEST_CASE("guesses: a text that begins with the letters of a binary format is text") {
  for (const char* text : {"ORCID,user,event\n1,a,x\n", "PAR1,user,event\n1,a,x\n", "ARROW1,user,event\n1,a,x\n",
                           "BZh,user,event\n1,a,x\n", "SQLite format 3,user,event\n1,a,x\n"}) {
    CAPTURE(std::string(text));
    CHECK(read_events_from_text(text, "x.csv").events() == 1);
  }
  CHECK(text_of("BZh a b\n", "x.txt") == " *event | : BZh a b");
  CHECK(contains(text_of("BZh91AY&SY", "x.csv"), "bzip2"));
  CHECK(contains(text_of(std::string("ORC\n\0\xFF", 6), "x.csv"), "an ORC file"));
}

TEST_CASE("guesses: archives with a frame in front or zeros behind") {
  const std::string text = "user,event\nu,a\n", expected = "user *event | u: a";
  for (const char kind : {'\x50', '\x5F'}) {
    const std::string skippable = std::string(1, kind) + std::string("\x2A\x4D\x18\x02\0\0\0ab", 9);
    CHECK(text_of(skippable + pack(text, Compression::zstd), "x.csv") == expected);
  }
  const std::string packed = pack(text, Compression::gzip), zeros(100'000, '\0');
  CHECK(text_of(packed + zeros, "x.csv") == expected);
  CHECK(text_of(packed + zeros + pack("u,b\n", Compression::gzip), "x.csv") == expected + " b");
  CHECK(contains(text_of(packed + zeros + "xyz", "x.csv"), "damaged"));
}
