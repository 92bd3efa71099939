// Edits of numbers against encode() of the edited rows.
#include "seqguard/events/edit_events.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "seqguard/core/error.hpp"
#include "seqguard/core/random.hpp"
#include "seqguard/events/edit_script.hpp"

using namespace seqguard;

namespace {

struct Row {
  std::string item, kind;
  float price;
  std::int64_t time;
};
using Rows = std::vector<Row>;

constexpr float k_missing = std::numeric_limits<float>::quiet_NaN();
const std::vector<std::string> k_items = {"a", "b", "c", "d"};  // "d" is too rare for the encoder

/// Kind and price follow from the item: "b" has no price, of "c" nothing is known.
EventSchema make_schema(bool with_time = true) {
  EventSchema schema = lines_schema(
      Vocabulary::from_counts(std::vector<ValueCount>{{"a", 9}, {"b", 8}, {"c", 7}, {"d", 1}}, {.min_count = 2}));
  schema.columns.push_back({"kind",
                            ColumnKind::categorical,
                            Vocabulary::from_counts(std::vector<ValueCount>{{"x", 9}, {"y", 3}}),
                            {},
                            {"x", "y", std::nullopt}});
  schema.columns.push_back({"price", ColumnKind::numeric, {}, {1.0, 0.5, -2, 2}, {"3.5", "", std::nullopt}});
  if (with_time) schema.time = TimeColumn{"time", "ms", {64, 1000, 2.0}};
  check(schema);
  return schema;
}

EncodedEvents encoded(const Rows& rows, const EventSchema& schema, bool with_times = true) {
  std::vector<std::string> items, kinds;
  std::vector<float> prices;
  std::vector<std::int64_t> times;
  for (const Row& row : rows) {
    items.push_back(row.item);
    kinds.push_back(row.kind);
    prices.push_back(row.price);
    times.push_back(row.time);
  }
  const ColumnView columns[] = {ColumnView(std::span<const std::string>(items)),
                                ColumnView(std::span<const std::string>(kinds)),
                                ColumnView(std::span<const float>(prices))};
  EncodedEvents out;
  encode({rows.size(), columns, with_times ? std::span<const std::int64_t>(times) : std::span<const std::int64_t>()},
         schema, out);
  return out;
}

bool same(const EncodedEvents& a, const EncodedEvents& b) {
  return a.n == b.n && a.types == b.types && a.ids == b.ids && a.values == b.values && a.missing == b.missing &&
         a.gaps == b.gaps && a.time_ms == b.time_ms;
}

/// What follows from the item stands in the row.
void follow(Row& row) {
  if (row.item == "a") row.kind = "x", row.price = 3.5f;
  if (row.item == "b") row.kind = "y", row.price = k_missing;
}

Rows random_rows(Random& random, std::size_t count) {
  Rows rows(count);
  std::int64_t time = 1'000'000;
  for (Row& row : rows) {
    time += static_cast<std::int64_t>(random.below(100'000)) - 5'000;  // sometimes back
    row = {k_items[random.below(4)], random.uniform() < 0.5 ? "x" : "never seen",
           random.uniform() < 0.3 ? k_missing : static_cast<float>(random.normal()), time};
  }
  return rows;
}

}  // namespace

TEST_CASE("edits of numbers are those of the rows: values, what follows from them, and gaps to new neighbours") {
  for (const bool with_time : {true, false}) {
    const EventSchema schema = make_schema(with_time);
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
      Random random(seed);
      Rows rows = random_rows(random, 1 + random.below(8));
      EncodedEvents events = encoded(rows, schema);
      for (int step = 0; step < 6; ++step) {
        CAPTURE(seed);
        CAPTURE(step);
        const std::size_t first = random.below(rows.size() + 1), count = random.below(rows.size() - first + 1);
        const auto begin = rows.begin() + static_cast<std::ptrdiff_t>(first),
                   end = begin + static_cast<std::ptrdiff_t>(count);
        const Rows others = random_rows(random, random.below(4));
        switch (random.below(4)) {
          case 0:
            if (first == rows.size()) break;
            begin->item = k_items[random.below(4)];
            follow(*begin);
            replace_event(events, schema, first, schema.primary_column().vocabulary.type(begin->item));
            break;
          case 1:
            rows.erase(begin, end);
            remove_events(events, schema, first, count);
            break;
          case 2:
            rows.insert(begin, others.begin(), others.end());
            insert_events(events, schema, first, encoded(others, schema));
            break;
          default:
            rows.insert(rows.erase(begin, end), others.begin(), others.end());
            replace_events(events, schema, first, count, encoded(others, schema));
        }
        REQUIRE(same(events, encoded(rows, schema)));
      }
    }
  }
}

TEST_CASE("times that are not known stay unknown, whatever is put between them") {
  const EventSchema schema = make_schema();
  const Rows rows = {{"a", "x", 1, 1000}, {"b", "y", 1, 2000}, {"c", "y", 1, 9000}};
  EncodedEvents timeless = encoded(rows, schema, false);
  insert_events(timeless, schema, 1, encoded(rows, schema));
  CHECK(timeless.time_ms.empty());
  for (std::size_t i = 1; i < timeless.n; ++i) CHECK(timeless.gaps[i + 1] == k_gap_unknown);
  EncodedEvents timed = encoded(rows, schema);
  insert_events(timed, schema, 1, encoded({rows[0]}, schema, false));
  CHECK(timed.time_ms == std::vector<std::int64_t>{1000, k_no_time, 2000, 9000});
  CHECK(timed.gaps[2] == k_gap_unknown);
  CHECK(timed.gaps[3] == k_gap_unknown);
  CHECK(timed.gaps[4] == encoded(rows, schema).gaps[3]);
}

TEST_CASE("a new event holds what follows from its value, and nothing else is known of it") {
  const EventSchema schema = make_schema();
  const Vocabulary& items = schema.primary_column().vocabulary;
  EncodedEvents event;
  make_event(event, schema, items.type("a"), 5000);
  CHECK(same(event, encoded({{"a", "x", 3.5f, 5000}}, schema)));
  make_event(event, schema, items.type("b"));
  CHECK(same(event, encoded({{"b", "y", k_missing, k_no_time}}, schema)));
  make_event(event, schema, items.type("c"));
  CHECK(same(event, encoded({{"c", "never seen", k_missing, k_no_time}}, schema)));
  // Where the data have empty values, that is what an empty field is.
  EventSchema with_empty = make_schema();
  with_empty.columns[1].vocabulary = Vocabulary::from_counts(std::vector<ValueCount>{{"x", 9}, {"y", 3}, {"", 2}});
  make_event(event, with_empty, items.type("c"));
  CHECK(same(event, encoded({{"c", "", k_missing, k_no_time}}, with_empty)));
  CHECK(event.ids[1][1] != k_unk_id);
}

TEST_CASE("a script is given in positions of the original, in any order: insertions by rank, before the event itself") {
  const EventSchema schema = make_schema();
  const Rows rows = {{"a", "x", 1, 1000}, {"b", "y", 1, 2000}, {"c", "y", 1, 9000}, {"d", "x", 1, 9500}};
  const auto type = [&](const char* item) { return schema.primary_column().vocabulary.type(item); };
  const std::vector<EventEdit> script = {{EditOperation::insert, 4, 0, type("a")},
                                         {EditOperation::replace, 2, 0, type("b")},
                                         {EditOperation::insert, 2, 1, type("b")},
                                         {EditOperation::remove, 0, 0, 0},
                                         {EditOperation::insert, 2, 0, type("a")}};
  const auto inserted = [](const char* item) {
    Row row{item, "", 0, k_no_time};
    follow(row);
    return row;
  };
  const Rows expected = {rows[1], inserted("a"), inserted("b"), {"b", "y", k_missing, 9000}, rows[3], inserted("a")};
  EncodedEvents out;
  std::vector<std::size_t> origins;
  apply_script(script, encoded(rows, schema), schema, out, origins);
  CHECK(same(out, encoded(expected, schema)));
  CHECK(origins == std::vector<std::size_t>{1, k_inserted, k_inserted, 2, 3, k_inserted});
  apply_script({}, encoded(rows, schema), schema, out, origins);
  CHECK(same(out, encoded(rows, schema)));

  const auto refused = [&](const EventEdit& edit) {
    CHECK_THROWS_WITH_AS(apply_script({&edit, 1}, encoded(rows, schema), schema, out, origins),
                         doctest::Contains("beyond the sequence"), Error);
  };
  refused({EditOperation::insert, 5, 0, 0});
  refused({EditOperation::remove, 4, 0, 0});
  refused({EditOperation::replace, 4, 0, 0});
}

TEST_CASE("times first: moved stretches, new events with a time of their own, and stretches that go") {
  const EventSchema schema = make_schema();
  const Rows rows = {{"a", "x", 1, 1000}, {"b", "y", 1, 9000}, {"c", "y", 1, 9500}, {"d", "x", 1, 20'000}};
  const auto type = [&](const char* item) { return schema.primary_column().vocabulary.type(item); };
  const auto inserted = [](const char* item, std::int64_t time) {
    Row row{item, "", 0, time};
    follow(row);
    return row;
  };
  EncodedEvents out;
  std::vector<std::size_t> origins;
  const auto apply = [&](std::vector<EventEdit> script) {
    apply_script(script, encoded(rows, schema), schema, out, origins);
    std::reverse(script.begin(), script.end());
    const EncodedEvents first = out;
    apply_script(script, encoded(rows, schema), schema, out, origins);
    CHECK(same(first, out));  // in any order
  };
  apply({{EditOperation::set_time, 1, 0, 0, 2, k_no_time, 5000},
         {EditOperation::replace, 2, 0, type("a")},
         {EditOperation::insert, 2, 0, type("b"), 1, 14'100}});
  CHECK(same(out, encoded({rows[0], {"b", "y", 1, 14'000}, inserted("b", 14'100), {"a", "x", 3.5f, 14'500}, rows[3]},
                          schema)));
  CHECK(origins == std::vector<std::size_t>{0, 1, k_inserted, 2, 3});
  // A time and an end of one event; what is put into a stretch that goes, stays.
  apply({{EditOperation::remove, 1, 0, 0, 3},
         {EditOperation::set_time, 3, 0, 0, 1, k_no_time, -1},
         {EditOperation::insert, 2, 0, type("a"), 1, 3000},
         {EditOperation::insert, 4, 0, type("b"), 1, 4000}});
  CHECK(same(out, encoded({rows[0], inserted("a", 3000), inserted("b", 4000)}, schema)));
  CHECK(origins == std::vector<std::size_t>{0, k_inserted, k_inserted});
  // A time that is not known stays so.
  const Rows gap = {rows[0], {"b", "y", 1, k_no_time}, rows[2]};
  apply_script(std::vector<EventEdit>{{EditOperation::set_time, 0, 0, 0, 3, k_no_time, 10}}, encoded(gap, schema),
               schema, out, origins);
  CHECK(out.time_ms == std::vector<std::int64_t>{1010, k_no_time, 9510});
}

TEST_CASE("a new event has the persistent columns of the event before it that stays, else of the one behind it") {
  EventSchema schema = make_schema();
  schema.columns[1] = {
      "device", ColumnKind::categorical, Vocabulary::from_counts(std::vector<ValueCount>{{"x", 9}, {"y", 3}}), {}};
  schema.columns[1].persistent = true;
  const Rows rows = {{"a", "x", 1, 1000}, {"b", "y", 1, 2000}, {"c", "y", 1, 9000}, {"d", "x", 1, 9500}};
  EncodedEvents out;
  std::vector<std::size_t> origins;
  const auto devices = [&](const std::vector<EventEdit>& script) {
    apply_script(script, encoded(rows, schema), schema, out, origins);
    std::string text;
    for (std::size_t i = 0; i < out.n; ++i)
      if (origins[i] == k_inserted) text += schema.columns[1].vocabulary.token(out.ids[1][i + 1]);
    return text;
  };
  const auto insertion = [](std::size_t position) { return EventEdit{EditOperation::insert, position}; };
  CHECK(devices({insertion(0), insertion(1), insertion(3), insertion(4)}) == "xxyx");
  CHECK(devices({{EditOperation::remove, 1, 0, 0, 2}, insertion(3)}) == "x");
  CHECK(devices({{EditOperation::remove, 0}, insertion(1)}) == "y");
  CHECK(devices({{EditOperation::remove, 0, 0, 0, 4}, insertion(2)}) == "y");
  CHECK(event_beside({}, 4, 4) == 3);
}

TEST_CASE("a script that contradicts itself is refused") {
  const EventSchema schema = make_schema();
  const Rows rows = {{"a", "x", 1, 1000}, {"b", "y", 1, 2000}, {"c", "y", 1, 9000}};
  EncodedEvents out;
  std::vector<std::size_t> origins;
  const auto message = [&](const std::vector<EventEdit>& script, bool with_times = true) {
    try {
      apply_script(script, encoded(rows, schema, with_times), schema, out, origins);
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string("no error");
  };
  constexpr std::int64_t k_most = std::numeric_limits<std::int64_t>::max();
  const EventEdit removal{EditOperation::remove, 1, 0, 0, 2}, shift{EditOperation::set_time, 1, 0, 0, 1, k_no_time, 5};
  CHECK(message({removal, shift}) == "no error");
  CHECK(message({removal, {EditOperation::replace, 2}}).find("event 2 is edited twice") != std::string::npos);
  CHECK(message({shift, shift}).find("event 1 is edited twice") != std::string::npos);
  CHECK(message({{EditOperation::insert, 1}, {EditOperation::insert, 1}}).find("two insertions") != std::string::npos);
  CHECK(message({{EditOperation::remove, 1, 0, 0, 3}}).find("beyond the sequence") != std::string::npos);
  CHECK(message({{EditOperation::remove, 1, 0, 0, 0}}).find("number of its events") != std::string::npos);
  CHECK(message({{EditOperation::replace, 1, 0, 0, 2}}).find("number of its events") != std::string::npos);
  CHECK(message({shift}, false).find("a sequence with times") != std::string::npos);
  CHECK(message({{EditOperation::set_time, 1, 0, 0, 1, k_no_time, k_most}}).find("64 bits") != std::string::npos);
  CHECK(message({{EditOperation::set_time, 1, 0, 0, 1, k_no_time, -k_most}}) == "no error");
}

TEST_CASE("edit operations have names, none of them another's") {
  CHECK(to_string(EditOperation::replace) == "replace");
  CHECK(to_string(EditOperation::remove) == "delete");
  CHECK(to_string(EditOperation::insert) == "insert");
  CHECK(to_string(EditOperation::set_time) == "set_time");
}
