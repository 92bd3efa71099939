// What is said about repairs, and questions about their edits.
#include "cli/repair_report.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <sstream>
#include <string>
#include <vector>

#include "cli/ask_about_edits.hpp"
#include "seqguard/core/error.hpp"
#include "seqguard/events/reader.hpp"

using namespace seqguard;

namespace {

Dataset shop() {
  return read_events_from_text("user,time,event,kind\nu,1,a,x\nu,2,b,x\nu,3,b,x\nu,4,b,x\nu,5,c,y\nv,9,a,x\n",
                               "shop.csv", {.time = "time"});
}

Edit replacement() {
  Edit edit{EditOperation::replace, 0, 0, "a", "c", 0.75, {{1, "x", "y"}}};
  edit.gain = 0.5;
  return edit;
}
Edit removal(std::size_t position, std::size_t count) {
  Edit edit{EditOperation::remove, position, 0, "b"};
  edit.count = count;
  edit.gain = 0.875;
  return edit;
}
Edit insertion() {
  Edit edit{EditOperation::insert, 5, 0, "", "d", 0.25, {{1, "", "y"}}};
  edit.time_ms = 5500;
  return edit;
}
Edit shift() {
  Edit edit{EditOperation::set_time, 4, 0, "c", "c"};
  edit.shift_ms = -2500;
  edit.probability = 1;
  return edit;
}

/// Of u: all four; v: nothing.
std::vector<Repair> repairs() {
  std::vector<Repair> result(2);
  result[0].result = RepairResult::edited;
  result[0].edits = {replacement(), removal(1, 3), shift(), insertion()};
  result[0].score_before = 9;
  result[0].score_after = 2;
  return result;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

/// The operations that are left of u and of v.
std::string left(const std::vector<Repair>& repairs) {
  std::string text;
  for (const Repair& repair : repairs) {
    for (const Edit& edit : repair.edits) text += to_string(edit.operation)[0];
    text += "|";
  }
  return text;
}

}  // namespace

TEST_CASE("edits as JSON lines: what each operation has, and null for what it has not") {
  const Dataset data = shop();
  const auto lines = lines_of(cli::edits_text(data, repairs()));
  REQUIRE(lines.size() == 4);
  CHECK(
      lines[0] ==
      R"({"key":"u","line":2,"position":0,"count":1,"operation":"replace","before":"a","after":"c","probability":0.75,)"
      R"("gain":0.5,"time":null,"shift_ms":null,"estimate":null,"followed":{"kind":"y"},"made_up":{},"score_before":9,"score_after":2,)"
      R"("result":"edited","made":true})");
  CHECK(
      lines[1] ==
      R"({"key":"u","line":3,"position":1,"count":3,"operation":"delete","before":"b","after":null,)"
      R"("values":["b","b","b"],"probability":0,"gain":0.875,"time":null,"shift_ms":null,"estimate":null,"followed":{},"made_up":{},)"
      R"("score_before":9,"score_after":2,"result":"edited","made":true})");
  CHECK(lines[2].find(R"("operation":"set_time","before":"c","after":"c","probability":null,"gain":null,"time":2500,)"
                      R"("shift_ms":-2500,"estimate":false,)") != std::string::npos);
  CHECK(
      lines[3].find(
          R"("line":6,"position":5,"count":1,"operation":"insert","before":null,"after":"d",)"
          R"("probability":0.25,"gain":0,"time":5500,"shift_ms":null,"estimate":null,"followed":{},"made_up":{"kind":"y"},)") !=
      std::string::npos);
  std::vector<Repair> reported = repairs();
  reported[0].result = RepairResult::untouched;
  reported[0].edits = {removal(1, 3)};
  reported[0].edits[0].only_reported = true;
  CHECK(cli::edits_text(data, reported)
            .find(R"("score_before":null,"score_after":null,"result":"untouched","made":false})") != std::string::npos);
}

TEST_CASE("a suspect is a line with the values that are likelier there") {
  std::vector<Repair> suspected(2);
  suspected[0].suspects = {{4, "c", 0.0005, {{"b", 0.5}, {"a", 0.25}}}};
  CHECK(cli::count_repairs(suspected).suspects == 1);
  CHECK(cli::edits_text(shop(), suspected) ==
        R"({"key":"u","line":6,"position":4,"count":1,"operation":"suspect","before":"c","p_value":0.0005,"expected":)"
        R"([{"value":"b","probability":0.5},{"value":"a","probability":0.25}],"result":"untouched","made":false})"
        "\n");
}

TEST_CASE("a summary counts events, and what was not done") {
  std::vector<Repair> all = repairs();
  CHECK(cli::summary_text(cli::count_repairs(all)) ==
        "1 of 2 sequences was edited: 4 edits (events: 3 deleted, 1 replaced, 1 inserted, 1 given another time)");
  all[1].result = RepairResult::judged_normal;
  all[0].edits[1].only_reported = true;
  cli::RepairCounts counts = cli::count_repairs(all);
  counts.declined = 2;
  counts.suspects = 4;
  CHECK(cli::summary_text(counts) ==
        "1 of 2 sequences was edited: 3 edits (events: 1 replaced, 1 inserted, 1 given another time); 1 stretch of 3 "
        "events only reported; 4 suspicious events listed with the values that are likelier there; 2 edits declined; 1 "
        "judged normal and left alone");
  JsonWriter json;
  json.begin_object();
  cli::write_counts(counts, json);
  json.end_object();
  CHECK(
      json.text() ==
      R"({"sequences":2,"untouched":0,"edited":1,"judged_normal":1,"no_gate":0,"edits":3,"events_replaced":1,)"
      R"("events_deleted":0,"events_inserted":1,"times_set":1,"stretches_reported":1,"events_reported":3,"suspects":4,"declined":2})");
  CHECK(cli::summary_text({}) == "0 of 0 sequences were edited: 0 edits");
}

TEST_CASE("an edit is shown among the events around it") {
  const Dataset data = shop();
  CHECK(cli::edit_in_context(data, 0, replacement()) ==
        "  user u, event 0 of 5, row 2: replace \"a\" by \"c\", probability 75.0 %, expected gain 0.50, kind \"y\"\n"
        "    [a -> c]  b  b  b  ..");
  CHECK(cli::edit_in_context(data, 0, removal(1, 3)) ==
        "  user u, event 1 of 5, row 3: delete 3 events, expected gain 0.88\n    a  [- b  b  b]  c");
  CHECK(cli::edit_in_context(data, 0, shift()) ==
        "  user u, event 4 of 5, row 6: set the time of \"c\"\n    ..  b  b  b  [c: 2.5 s earlier]");
  CHECK(cli::edit_in_context(data, 0, insertion()) ==
        "  user u, event 5 of 5, row 6: insert \"d\", probability 25.0 %, kind \"y\"\n    ..  b  b  c  [+ d]");
  CHECK(cli::edit_in_context(data, 0, removal(0, 5)).find("[- a  b  b  b  and 1 more]") != std::string::npos);
}

TEST_CASE("questions: yes, no, all of this sequence, quit, and the end of the answers") {
  const Dataset data = shop();
  std::vector<Repair> asked;
  const auto ask = [&](const std::string& answers) {
    asked = repairs();
    asked[1].result = RepairResult::edited;
    asked[1].edits = {Edit{EditOperation::remove, 0, 0, "a"}};
    std::istringstream in(answers);
    std::ostringstream screen;
    const std::size_t declined = cli::ask_about_edits(data, asked, in, screen);
    const auto lines = lines_of(screen.str());
    std::size_t questions = 0;
    for (const std::string& line : lines) questions += line.find("[q]uit") != std::string::npos;
    return left(asked) + " " + std::to_string(declined) + " " + std::to_string(questions);
  };
  CHECK(ask("y\ny\ny\ny\ny\n") == "rdsi|d| 0 5");
  CHECK(asked[0].score_after == 2);
  CHECK(ask("n\ny\nn\ny\nn\n") == "di|| 3 5");
  CHECK(std::isnan(asked[0].score_after));  // nobody has judged these two alone
  CHECK(asked[1].result == RepairResult::untouched);
  CHECK(ask("n\na\ny\n") == "dsi|d| 1 3");
  CHECK(ask("y\nq\n") == "r|| 4 2");
  CHECK(ask("") == "|| 5 1");
  CHECK(asked[0].result == RepairResult::untouched);
  CHECK(asked[0].score_after == asked[0].score_before);
  CHECK(ask("maybe\n\nyes\ny\nq\n") == "r|| 4 5");  // asked again
}

TEST_CASE("questions: what is only reported is not asked about") {
  const Dataset data = shop();
  std::vector<Repair> asked = repairs();
  asked[0].edits[1].only_reported = true;
  std::istringstream in("n\nn\nn\n");
  std::ostringstream screen;
  CHECK(cli::ask_about_edits(data, asked, in, screen) == 3);
  CHECK(left(asked) == "d||");
  CHECK(asked[0].result == RepairResult::untouched);
}
