// event_schema.json: round trip, and every way to be wrong is refused by name.
#include "seqguard/events/schema.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "seqguard/core/error.hpp"

using namespace seqguard;

namespace {

EventSchema sample_schema() {
  const std::vector<ValueCount> counts = {{"view", 9}, {"cart \"x\" \xC3\xA9", 2}, {"buy", 1}};
  EventSchema schema = lines_schema(Vocabulary::from_counts(counts, {2, 100, true}));
  schema.columns.insert(schema.columns.begin(), {"price", ColumnKind::numeric, {}, {2.3100000000000001, 1.07, -8, 8}});
  schema.columns[0].dependent_values = {"9.99", std::nullopt};
  schema.columns[0].seen = SeenSizes{{4.99, 9.99, 20.1}, 0.25};
  schema.primary = 1;
  schema.sequence = {"user", "position", 128, 100};
  schema.time = TimeColumn{"ts", "s", {64, 1000, 2.12}, SeenSizes{{1000, 5000, 60000.5}, 0}};
  return schema;
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const std::size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

std::string refusal(const std::string& json) {
  try {
    schema_from_json(json, "event_schema.json");
  } catch (const Error& error) {
    return error.what();
  }
  return "accepted";
}

}  // namespace

TEST_CASE("schema: the JSON round trip is exact") {
  const EventSchema schema = sample_schema();
  const std::string json = to_json(schema);
  const EventSchema read = schema_from_json(json);
  CHECK(to_json(read) == json);
  CHECK(read.sequence.key == "user");
  CHECK(read.sequence.order_by == "position");
  CHECK(read.sequence.window == 128);
  CHECK(read.sequence.stride == 100);
  CHECK(read.primary == 1);
  CHECK(read.columns[0].dependent_values == schema.columns[0].dependent_values);
  CHECK(read.columns[1].dependent_values.empty());
  CHECK(read.columns[0].transform.mean == schema.columns[0].transform.mean);
  CHECK(read.primary_column().vocabulary.kept() == 2);
  CHECK(read.primary_column().vocabulary.types() == 3);
  CHECK(read.primary_column().vocabulary.value(1) == "cart \"x\" \xC3\xA9");
  REQUIRE(read.time.has_value());
  CHECK(read.time->unit == "s");
  CHECK(read.time->gap.per_octave == 2.12);
  REQUIRE(read.time->seen.has_value());
  CHECK(read.time->seen->quartiles == std::array{1000.0, 5000.0, 60000.5});
  REQUIRE(read.columns[0].seen.has_value());
  CHECK(read.columns[0].seen->quartiles == std::array{4.99, 9.99, 20.1});
  CHECK(read.columns[0].seen->missing_share == 0.25);
  CHECK_FALSE(read.columns[1].seen.has_value());
  const EventSchema plain = schema_from_json(to_json(lines_schema({})));
  CHECK(plain.sequence.key.empty());
  CHECK_FALSE(plain.time.has_value());
}

TEST_CASE("schema: damaged files are refused with place, expected and found") {
  const std::string json = to_json(sample_schema());
  struct Case {
    std::string_view from, to, message;
  };
  const Case cases[] = {
      {"\"event-schema\"", "\"other\"", "event_schema.json: format, expected \"event-schema\", found \"other\""},
      {"\"version\": 1", "\"version\": 2", "event_schema.json: version is not supported, expected 1, found 2"},
      {"\"version\": 1", "\"version\": -1", "event_schema.json: version, expected a non-negative integer, found -1"},
      {"\"aggregation\": \"sum\"", "\"aggregation\": \"concat\"",
       "event_schema.json: aggregation, expected \"sum\", found \"concat\""},
      {"\"aggregation\": \"sum\"", "\"aggregation\": \"sum\", \"aggregation\": \"sum\"",
       "duplicate key \"aggregation\""},
      {"\"window\": 128", "\"window\": 2", "window out of range, expected 3 .. 1000000, found 2"},
      {"\"window\": 128", "\"window\": 1e3",
       "event_schema.json: sequence.window, expected an integer, 0 .. 1000000, found 1000.0"},
      {"\"stride\": 100", "\"stride\": 200", "stride out of range"},
      {"\"stride\": 100", "\"session_gap\": 1", "unknown field \"session_gap\""},
      {"\"kind\": \"numeric\"", "\"kind\": \"hash\"", "not built yet"},
      {"\"kind\": \"numeric\"", "\"kind\": \"set\"", "unknown, expected categorical, numeric or time, found set"},
      {"\"kind\": \"numeric\"", "\"kind\": 7", "event_schema.json: columns[0].kind, expected a text, found 7"},
      {"\"std\": 1.07", "\"std\": 0", "std out of range"},
      {"\"std\": 1.07", "\"std\": \"1\"", "event_schema.json: columns[0].std, expected a number, found \"1\""},
      {"\"std\": 1.07", "\"std\": 1e999", "malformed JSON"},
      {"\"9.99\"", "\"9.99 EUR\"", "dependent value, expected a number, found 9.99 EUR"},
      {"\"9.99\"", "\"1e99\"", "dependent value, expected a number, found 1e99"},
      {"\"9.99\"", "9.99", "event_schema.json: columns[0].dependent_values[0], expected a text, found 9.99"},
      {"\"9.99\"", "\"9.99\", null", "column \"price\": dependent values, expected 2, found 3"},
      {"\"role\": \"primary\"", "\"role\": \"primary\", \"dependent_values\": [null, null]",
       "dependent values, expected none of the primary column, found 2"},
      {"-8.0", "-1e300", "clip out of range, expected -1e6 .. 1e6"},
      {"\"signed_log1p\"", "\"log\"",
       "event_schema.json: columns[0].transform, expected \"signed_log1p\", found \"log\""},
      {"\"role\": \"primary\"", "\"role\": \"label\"", "role, expected \"primary\", found \"label\""},
      {"   \"role\": \"primary\",\n", "", "no column has the role"},
      {"\"name\": \"price\"", "\"name\": \"event\"", "the name stands twice"},
      {"\"name\": \"price\"", "\"name\": \"ts\"", "the time column is another column too"},
      {"\"name\": \"price\"", "\"name\": \"\"", "a column has no name"},
      {"\"kept\": 2", "\"kept\": 4", "more values kept than there are"},
      {"\"buy\"", "\"view\"", "stands twice"},
      {"\"buy\"", "5", "event_schema.json: columns[1].vocabulary.values[2], expected a text, found 5"},
      {"\"unit\": \"s\"", "\"unit\": \"min\"", "unknown unit, expected s, ms, us or ns, found min"},
      {"\"buckets\": 64", "\"buckets\": 5000", "buckets, expected an integer, 0 .. 4096, found 5000"},
      {"\"buckets\": 64", "\"buckets\": 4", "buckets out of range"},
      {"\"unit_ms\": 1000", "\"unit_ms\": 0", "unit_ms out of range"},
      {"4.99", "-4.99", "column \"price\": quartiles, expected three finite numbers from 0 on that do not fall"},
      {"4.99", "14.99", "column \"price\": quartiles, expected three finite numbers from 0 on that do not fall"},
      {"4.99", "4.99, 5", "columns[0].seen.quartiles, expected three numbers"},
      {"4.99", "\"4.99\"", "columns[0].seen.quartiles[0], expected a number"},
      {"60000.5", "2", "time column \"ts\": quartiles, expected three finite numbers"},
      {"\"missing_share\": 0.25", "\"missing_share\": 1.5", "columns[0].seen.missing_share"},
      {"\"missing_share\": 0.25", "\"missing_share\": 0.25, \"mean\": 1", "unknown field \"mean\""},
      {"\"columns\": [", "\"columns\": [[], ",
       "event_schema.json: columns[0], expected an object, found an array of 0"},
      {"{", "[", "malformed JSON"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.to);
    const std::string message = refusal(replaced(json, c.from, c.to));
    CHECK_MESSAGE(message.find(c.message) != std::string::npos, message);
  }
  CHECK(refusal("").find("malformed JSON") != std::string::npos);
  CHECK(refusal(std::string(100'000, '[')).find("event_schema.json") != std::string::npos);
}

TEST_CASE("schema: every truncation of the file is refused") {
  const std::string json = to_json(sample_schema());
  const std::size_t end = json.find_last_of('}');
  bool all_refused = true;
  for (std::size_t size = 0; size <= end; size += 7)
    all_refused = all_refused && refusal(json.substr(0, size)) != "accepted";
  CHECK(all_refused);
}
