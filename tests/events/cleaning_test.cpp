// Cleaning: what each rule does to rows written by hand, and that nothing is done unasked.
#include "seqguard/events/cleaning.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <string>
#include <vector>

#include "seqguard/events/fit_schema.hpp"
#include "seqguard/events/reader.hpp"
#include "support/error_message.hpp"

using namespace seqguard;

namespace {

Dataset read(const std::string& text, const std::string& cleaning) {
  return read_events_from_text(text, "log.csv", {.cleaning = cleaning});
}

/// "u1: a b | u2: c": the judged values of all sequences.
std::string values_of(const Dataset& data) {
  std::string text;
  for (std::size_t s = 0; s < data.sequences().size(); ++s) {
    text += (s == 0 ? "" : " | ") + std::string(data.sequences()[s].key) + ":";
    const ColumnView values = data.view(s).columns[data.primary()];
    for (std::size_t i = 0; i < values.size(); ++i) text += " " + std::string(values.text(i));
  }
  return text;
}

/// The messages of what was cleaned.
std::vector<std::string> cleaned(const Dataset& data) {
  std::vector<std::string> messages;
  for (const DataFinding& finding : data.findings())
    if (finding.kind == DataFinding::Kind::cleaned) messages.push_back(finding.message);
  return messages;
}

const std::string k_repeats =
    "user,time,event,page\n"
    "u1,1700000000000,view,1\n"
    "u1,1700000000000,view,1\n"   // a duplicate
    "u1,1700000000300,view,1\n"   // 300 ms later
    "u1,1700000000300,view,2\n"   // another page
    "u2,1700000000300,view,2\n"   // another user
    "u1,1700000000900,view,2\n"   // 600 ms later
    "u1,1700000001000,view,2\n";  // 100 ms after that

}  // namespace

TEST_CASE("rules are read and written") {
  for (const char* text :
       {"", "duplicates", "repeats=500ms", "times=drop", "outliers=clip", "empty",
        "duplicates,repeats=20ms,times=missing,outliers=missing,empty,min-events=3,max-events=900", "report"})
    CHECK(to_string(cleaning_from_string(text)) == text);
  CHECK(cleaning_from_string("repeats=2s").repeats_ms == 2000);
  CHECK(!cleaning_from_string("").any());
  for (const char* text : {"duplicate", "repeats", "repeats=5", "repeats=-1ms", "times=clip", "outliers=",
                           "min-events=x", "duplicates,,empty", "duplicates,report", "min-events=9999999999999"})
    CHECK(message_of([&] { (void)cleaning_from_string(text); }).find("--cleaning") != std::string::npos);
}

TEST_CASE("exact duplicates and quick repeats") {
  CHECK(values_of(read(k_repeats, "")) == "u1: view view view view view view | u2: view");
  const Dataset exact = read(k_repeats, "duplicates");
  CHECK(exact.sequences()[0].count == 5);
  REQUIRE(cleaned(exact).size() == 1);
  CHECK(cleaned(exact)[0] ==
        "log.csv:3: 1 of 7 events equal the one before them in all columns, time and order: left out (duplicates)");
  const Dataset quick = read(k_repeats, "repeats=500ms");
  // The duplicate, the one 300 ms later, and the one 100 ms after the one that stayed.
  CHECK(quick.sequences()[0].count == 3);
  CHECK(quick.row(2) == 7);
  const Dataset both = read(k_repeats, "duplicates,repeats=500ms");
  CHECK(both.sequences()[0].count == 3);
  CHECK(cleaned(both).size() == 2);
}

TEST_CASE("a repeat is measured from the event that stayed, so that a slow stream is not eaten up") {
  std::string text = "user,time,event\n";
  for (int i = 0; i < 10; ++i) text += "u1," + std::to_string(1'700'000'000'000 + 400 * i) + ",a\n";
  // Of events 400 ms apart, those at 0, 800, 1600 .. stay.
  CHECK(read(text, "repeats=500ms").events() == 5);
}

TEST_CASE("impossible times") {
  const std::string text =
      "user,time,event\nu1,1700000000,a\nu1,86400,b\nu1,1700000001,c\nu2,7258118400,a\nu2,1700000002,b\n";
  const Dataset as_it_is = read(text, "");
  CHECK(as_it_is.view(0).time_ms[1] == 86'400'000);
  const Dataset unknown = read(text, "times=missing");
  CHECK(unknown.events() == 5);
  CHECK(unknown.view(0).time_ms[1] == k_no_time);
  CHECK(unknown.view(1).time_ms[0] == k_no_time);  // 2200
  CHECK(values_of(read(text, "times=drop")) == "u1: a c | u2: b");
}

TEST_CASE("outliers of numbers, by the bounds of the fit") {
  std::string text = "user,event,price\n";
  for (int i = 0; i < 100; ++i) text += "u" + std::to_string(i % 9) + ",buy," + std::to_string(10 + i % 21) + ".5\n";
  text += "u1,buy,9000\nu2,buy,-400\nu3,buy,\n";
  // Quartiles 15.5 and 25.5 or the neighbours of these: bounds near -14.5 and 55.5.
  const Dataset clipped = read(text, "outliers=clip");
  const auto bounds = clipped.usual_numbers(1);
  REQUIRE(bounds);
  CHECK(bounds->low < 0);
  CHECK(bounds->low > -30);
  CHECK(bounds->high > 40);
  CHECK(bounds->high < 70);
  float highest = 0, lowest = 0;
  std::size_t missing = 0;
  const auto measure = [&](const Dataset& data) {
    highest = lowest = 0;
    missing = 0;
    for (std::size_t s = 0; s < data.sequences().size(); ++s)
      for (const float x : data.view(s).columns[1].floats()) {
        if (std::isnan(x))
          ++missing;
        else
          highest = std::max(highest, x), lowest = std::min(lowest, x);
      }
  };
  measure(clipped);
  CHECK(highest == static_cast<float>(bounds->high));
  CHECK(lowest == static_cast<float>(bounds->low));
  CHECK(missing == 1);
  measure(read(text, "outliers=missing"));
  CHECK(missing == 3);
  CHECK(highest < 50);
  CHECK(read(text, "outliers=drop").events() == 101);

  // A model does the same to later data, whose own quartiles do not count.
  const EventSchema schema = schema_from_json(to_json(fit_schema(clipped)));
  CHECK(schema.cleaning == "outliers=clip");
  const std::string later = "user,event,price\nu1,buy,500\nu1,buy,600\nu1,buy,20\n";
  const Dataset judged = read_events_from_text(later, "later.csv", {.schema = &schema});
  CHECK(judged.view(0).columns[1].floats()[0] == static_cast<float>(bounds->high));
  CHECK(judged.view(0).columns[1].floats()[2] == 20);
}

TEST_CASE("events without a value, and sequences that are too short or too long") {
  const std::string text = "user,event\nu1,a\nu1,\nu1,b\nu2,\nu3,a\nu3,b\nu3,c\nu3,d\nu4,a\n";
  CHECK(values_of(read(text, "empty")) == "u1: a b | u3: a b c d | u4: a");
  const Dataset some = read(text, "empty,min-events=2,max-events=3");
  CHECK(values_of(some) == "u1: a b");
  CHECK(cleaned(some).size() == 2);
  CHECK(some.view(0).n == 2);
  CHECK(read(text, "min-events=9").sequences().empty());
}

TEST_CASE("report says what would be done and does nothing") {
  const Dataset data = read(k_repeats, "report");
  CHECK(data.events() == 7);
  REQUIRE(cleaned(data).size() == 1);
  CHECK(cleaned(data)[0].find("would be named") != std::string::npos);
  CHECK(fit_schema(data).cleaning.empty());
}

TEST_CASE("a rule without effect is refused, and so is a schema with unknown rules") {
  const std::string bare = "user,event\nu1,a\nu1,a\nu2,b\n";
  for (const char* rule : {"duplicates", "repeats=1s", "times=drop", "outliers=clip"})
    CHECK(message_of([&] { (void)read(bare, rule); }).find("there is no column of") != std::string::npos);
  EventSchema schema = fit_schema(read(bare, ""));
  schema.cleaning = "scrub";
  CHECK(message_of([&] { (void)to_json(schema); }).find("scrub") != std::string::npos);
}

TEST_CASE("cleaned raw rows are gone from what is written back") {
  const Dataset data = read_events_from_text(k_repeats, "log.csv", {.cleaning = "duplicates", .keep_raw = true});
  std::string text(data.head());
  for (const std::size_t event : data.file_order()) text += data.raw(event);
  std::string expected = k_repeats;
  expected.erase(expected.find("u1,1700000000000,view,1\n"), std::string("u1,1700000000000,view,1\n").size());
  CHECK(text == expected);
}
