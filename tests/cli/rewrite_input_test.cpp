// Edits written back into the input.
#include "cli/rewrite_input.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "seqguard/core/error.hpp"
#include "seqguard/events/reader.hpp"

using namespace seqguard;

namespace {

Edit insertion(std::size_t position, std::size_t rank, const std::string& value) {
  return {.operation = EditOperation::insert, .position = position, .rank = rank, .after = value};
}
Edit removal(std::size_t position) { return {.operation = EditOperation::remove, .position = position}; }
Edit replacement(std::size_t position, const std::string& value) {
  return {.operation = EditOperation::replace, .position = position, .after = value};
}

Edit timed(Edit edit, std::int64_t time_ms) {
  edit.time_ms = time_ms;
  return edit;
}
Edit shift(std::size_t position, std::size_t count, std::int64_t ms) {
  return {.operation = EditOperation::set_time, .position = position, .count = count, .shift_ms = ms};
}

/// `text` with one list of edits per sequence.
std::string rewritten(const std::string& text, DataFormat format, const std::vector<std::vector<Edit>>& edits) {
  const Dataset data = read_events_from_text(text, "input", {.format = format, .keep_raw = true});
  std::vector<Repair> repairs;
  for (const auto& script : edits) repairs.emplace_back().edits = script;
  return cli::rewrite_input(data, repairs);
}

std::string lines(const std::string& text, const std::vector<std::vector<Edit>>& edits) {
  return rewritten(text, DataFormat::lines, edits);
}

std::string table(const std::string& text, const std::vector<std::vector<Edit>>& edits,
                  DataFormat format = DataFormat::csv) {
  return rewritten(text, format, edits);
}

}  // namespace

TEST_CASE("lines: inserted events stand where they belong, every other byte stays") {
  const std::string text = "a  b\tc \r\nx y\n";
  CHECK(lines(text, {{}, {}}) == text);
  CHECK(lines(text, {{insertion(0, 0, "n")}, {}}) == "n a  b\tc \r\nx y\n");
  CHECK(lines(text, {{insertion(2, 0, "n")}, {}}) == "a  b\tn c \r\nx y\n");
  CHECK(lines(text, {{insertion(3, 0, "n")}, {}}) == "a  b\tc n \r\nx y\n");
  // By rank, whatever the order of the list; before what happens to the event.
  CHECK(lines(text, {{}, {insertion(1, 1, "m"), replacement(1, "z"), insertion(1, 0, "n")}}) ==
        "a  b\tc \r\nx n m z\n");
  CHECK(lines(text, {{}, {insertion(2, 1, "m"), insertion(2, 0, "n")}}) == "a  b\tc \r\nx y n m\n");
  CHECK(lines("a b", {{insertion(2, 0, "n")}}) == "a b n");
}

TEST_CASE("lines: insertions beside removed events") {
  CHECK(lines("a b c\n", {{removal(1), insertion(1, 0, "n")}}) == "a n c\n");
  CHECK(lines("a b c\n", {{removal(2), insertion(3, 0, "n")}}) == "a b n\n");
  CHECK(lines("a b c\n", {{removal(2), insertion(2, 0, "n")}}) == "a b n\n");
  // Nothing is left of the second line but the new event.
  CHECK(lines("a\nb c\n", {{}, {removal(0), removal(1), insertion(2, 0, "n")}}) == "a\nn\n");
}

TEST_CASE("an inserted event that the format cannot hold is refused by name") {
  CHECK_THROWS_WITH_AS(lines("a b\n", {{insertion(0, 0, "two words")}}), doctest::Contains("separator"), Error);
  CHECK_THROWS_WITH_AS(table("user\tevent\nu\ta\n", {{insertion(0, 0, "a\tb")}}, DataFormat::recbole),
                       doctest::Contains("separator"), Error);
  CHECK_THROWS_WITH_AS(lines("a b\n", {{shift(0, 1, 5)}}), doctest::Contains("lines of events have none"), Error);
  CHECK_THROWS_WITH_AS(table("user,event\nu,a\n", {{shift(0, 1, 5)}}), doctest::Contains("no time column"), Error);
}

TEST_CASE("lines with keys: a line of which nothing is left goes") {
  const std::string text = "u\ta b\nv\tc\n";
  const Dataset data =
      read_events_from_text(text, "input", {.format = DataFormat::lines, .keyed_lines = true, .keep_raw = true});
  std::vector<Repair> repairs(2);
  repairs[0].edits = {removal(0), removal(1)};
  CHECK(cli::rewrite_input(data, repairs) == "v\tc\n");
  repairs[0].edits.push_back(insertion(2, 0, "n"));
  CHECK(cli::rewrite_input(data, repairs) == "u\tn\nv\tc\n");
}

TEST_CASE("tables: removed stretches, replaced values, and what is only reported") {
  const std::string text = "user,event\nu,a\nv,x\nu,b\nu,c\n";
  Edit stretch = removal(0);
  stretch.count = 2;
  CHECK(table(text, {{stretch, replacement(2, "d,e")}, {}}) == "user,event\nv,x\nu,\"d,e\"\n");
  stretch.only_reported = true;
  CHECK(table(text, {{stretch}, {}}) == text);
}

TEST_CASE("tables: a new row follows the row of the event before it, with its key and an order between") {
  const std::string rows = "user,event,note\nu,a,1\nv,x,2\nu,b,3";
  CHECK(table(rows, {{insertion(1, 1, "m"), insertion(1, 0, "n")}, {}}) ==
        "user,event,note\nu,a,1\nu,n,\nu,m,\nv,x,2\nu,b,3");
  CHECK(table(rows, {{insertion(0, 0, "n")}, {insertion(1, 0, "m")}}) ==
        "user,event,note\nu,n,\nu,a,1\nv,x,2\nv,m,\nu,b,3");
  CHECK(table(rows, {{}, {insertion(0, 0, "n")}}) == "user,event,note\nu,a,1\nv,n,\nv,x,2\nu,b,3");
  // The file still ends without a line end.
  CHECK(table(rows, {{insertion(2, 0, "n")}, {}}) == "user,event,note\nu,a,1\nv,x,2\nu,b,3\nu,n,");
  CHECK(table("user,event\r\nu,a\r\n", {{insertion(1, 0, "n")}}) == "user,event\r\nu,a\r\nu,n\r\n");

  const auto ordered = [](const std::string& first, const std::string& last, const std::vector<Edit>& edits) {
    return table("user,position,event\nu," + first + ",a\nu," + last + ",b\n", {edits});
  };
  CHECK(ordered("10", "20", {insertion(1, 0, "n")}) == "user,position,event\nu,10,a\nu,15,n\nu,20,b\n");
  CHECK(ordered("1", "2", {insertion(1, 0, "n"), insertion(1, 1, "m")}) ==
        "user,position,event\nu,1,a\nu,1.3,n\nu,1.6,m\nu,2,b\n");
  CHECK(ordered("7", "7", {insertion(1, 0, "n")}) == "user,position,event\nu,7,a\nu,7,n\nu,7,b\n");
  CHECK(ordered("0", "1", {insertion(0, 0, "n"), insertion(2, 0, "m"), insertion(2, 1, "l")}) ==
        "user,position,event\nu,-1,n\nu,0,a\nu,1,b\nu,2,m\nu,3,l\n");
  CHECK(ordered("0", "1", {removal(0), insertion(1, 0, "n")}) == "user,position,event\nu,0,n\nu,1,b\n");
  CHECK(ordered("2024-01-01", "2024-01-03", {insertion(1, 0, "n")}) ==
        "user,position,event\nu,2024-01-01,a\nu,2024-01-02,n\nu,2024-01-03,b\n");
  CHECK(ordered("2024-01-01", "2024-01-02", {insertion(1, 0, "n")}) ==
        "user,position,event\nu,2024-01-01,a\nu,2024-01-01,n\nu,2024-01-02,b\n");
}

TEST_CASE("tables: in a file whose rows are in the order of their times a new row stands at its time") {
  const std::string text = "user,time,event\nu,10,a\nv,20,x\nv,30,y\nu,40,b\nv,50,z\n";
  CHECK(table(text, {{timed(insertion(1, 0, "n"), 25'000)}, {}}) ==
        "user,time,event\nu,10,a\nv,20,x\nu,25,n\nv,30,y\nu,40,b\nv,50,z\n");
  CHECK(table(text, {{timed(insertion(2, 0, "n"), 60'000)}, {timed(insertion(3, 0, "m"), 55'000)}}) ==
        "user,time,event\nu,10,a\nv,20,x\nv,30,y\nu,40,b\nv,50,z\nv,55,m\nu,60,n\n");
  CHECK(table(text, {{}, {timed(insertion(0, 0, "n"), 5000)}}) ==
        "user,time,event\nv,5,n\nu,10,a\nv,20,x\nv,30,y\nu,40,b\nv,50,z\n");
  // Without a time of its own: behind the event before it.
  CHECK(table(text, {{insertion(1, 0, "n")}, {}}) == "user,time,event\nu,10,a\nu,,n\nv,20,x\nv,30,y\nu,40,b\nv,50,z\n");
}

TEST_CASE("tables: times are written as the column has them, down to its last digit") {
  const auto with_times = [](const std::string& a, const std::string& b, const std::vector<Edit>& edits) {
    return table("user,time,event\nu," + a + ",a\nu," + b + ",b\n", {edits});
  };
  CHECK(with_times("2024-05-01T23:59:59.50+02:00", "2024-05-02T00:00:10.00+02:00",
                   {timed(insertion(1, 0, "n"), 1'714'600'800'987)}) ==
        "user,time,event\nu,2024-05-01T23:59:59.50+02:00,a\nu,2024-05-02T00:00:00.98+02:00,n\n"
        "u,2024-05-02T00:00:10.00+02:00,b\n");
  CHECK(with_times("100.5", "90", {shift(1, 1, 10'750)}) == "user,time,event\nu,100.5,a\nu,100.7,b\n");
  CHECK(with_times("100", "90", {shift(0, 2, -100'500)}) == "user,time,event\nu,-1,a\nu,-11,b\n");
  CHECK_THROWS_WITH_AS(with_times("9999-12-31", "9999-12-31", {shift(0, 1, 86'400'000)}), doctest::Contains("9999"),
                       Error);
}

TEST_CASE(
    "tables: where the times are the order, new events stay between their neighbours, and nothing moves past another") {
  const auto by_time = [](const std::vector<Edit>& edits) {
    const Dataset data = read_events_from_text("user,time,event\nu,10,a\nu,20,b\nu,20,c\n", "input.csv",
                                               {.order = "time", .keep_raw = true});
    std::vector<Repair> repairs(1);
    repairs[0].edits = edits;
    return cli::rewrite_input(data, repairs);
  };
  CHECK(by_time({insertion(1, 0, "n"), insertion(1, 1, "m"), insertion(2, 0, "l"), insertion(3, 0, "k")}) ==
        "user,time,event\nu,10,a\nu,13,n\nu,16,m\nu,20,b\nu,20,l\nu,20,c\nu,20,k\n");
  CHECK(by_time({shift(1, 2, 5000)}) == "user,time,event\nu,10,a\nu,25,b\nu,25,c\n");
  for (const std::vector<Edit>& edits : {std::vector{shift(0, 1, 11'000)},
                                         {shift(1, 1, 1000)},
                                         {timed(insertion(1, 0, "n"), 9000)},
                                         {timed(insertion(1, 0, "n"), 21'000)}})
    CHECK_THROWS_WITH_AS(by_time(edits), doctest::Contains("orders the events"), Error);
}

TEST_CASE("sequences of JSON, a line each, are refused before the work") {
  const auto data = [](const char* text) { return read_events_from_text(text, "x.jsonl", {.keep_raw = true}); };
  CHECK_THROWS_AS(cli::require_rewritable(data("{\"key\":\"u\",\"events\":[\"a\"]}")), Error);
  CHECK_NOTHROW(cli::require_rewritable(data("{\"user\":\"u\",\"event\":\"a\"}")));
  const Dataset lists =
      read_events_from_text("user:token\titems:token_seq\nu\ta b\n", "x.inter", {.columns = {{"items"}}});
  CHECK_THROWS_AS(cli::require_rewritable(lists), Error);
}
