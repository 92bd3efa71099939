// A repaired file, read again, holds what apply_script() makes of the sequences: all formats, orders, forms of times
// and layouts of a file, random scripts.
#include <doctest/doctest.h>

#include <algorithm>
#include <limits>
#include <map>
#include <numeric>
#include <string>
#include <vector>

#include "cli/rewrite_input.hpp"
#include "core/json_writer.hpp"
#include "events/json_line.hpp"
#include "events/time_text.hpp"
#include "seqguard/core/error.hpp"
#include "seqguard/core/random.hpp"
#include "seqguard/events/reader.hpp"
#include "sequence_scorer/edit_words.hpp"

using namespace seqguard;

namespace {

const std::vector<std::string> k_items = {"a", "b,\"c", "d e", "f"};

/// How times stand in the file: a text to imitate, its unit, and the step of its last digit in ms (0: finer).
struct TimeColumnStyle {
  const char* text;
  const char* unit;
  std::int64_t step_ms;
  const char* format = "";  // as of strptime
  DateOrder dates = DateOrder::unknown;

  TimeReading reading() const { return {unit, '.', dates, format}; }
};
const std::vector<TimeColumnStyle> k_time_styles = {
    {"1714557600", "s", 1000},
    {"1714557600.5", "s", 100},
    {"1714557600.000", "s", 1},
    {"1714557600123", "ms", 1},
    {"1714557600123456", "us", 0},
    {"1714557600123456789", "ns", 0},
    {"-86400", "s", 1000},
    {"2024-05-01T10:20:30Z", "ms", 1000},
    {"2024-05-01 10:20:30.250", "ms", 1},
    {"2024-05-01T10:20:30,123456+02:00", "s", 0},
    {"2024-05-01t10:20-0530", "ms", 60'000},
    {"2024-05-01", "ms", 86'400'000},
    {"01.05.24 10:20:30", "ms", 1000, "%d.%m.%y %T"},
    {"Wed May  1 10:20:30.250 AM 2024 +0530", "ms", 1, "%a %b %e %I:%M:%S.%f %p %Y %z"},
    {"1714557600", "ms", 1000, "%s"},
    {"25/12/2023 09:05:30 PM", "ms", 1000, "", DateOrder::day_first},
    {"12-25-2023", "ms", 86'400'000, "", DateOrder::month_first},
    {"07/Apr/2014:10:51:00 +0200", "ms", 1000},
    {"2014/04/07 10:51:00.250 GMT", "ms", 1}};

enum class Order { rows, consecutive, sparse, decimal, dates, time };
enum class Layout { by_key, by_time, shuffled };

struct Case {
  DataFormat format;
  Order order;
  Layout layout;
  const TimeColumnStyle* time;  // null: no time column
  const char* line_end;
  bool ends_line;
};

struct Row {
  std::string key, order, time, item, kind, price, device, note;
  std::int64_t time_ms;
  std::size_t in_sequence;
};

EventSchema make_schema(const Case& c) {
  std::vector<ValueCount> counts;
  for (std::size_t i = 0; i < k_items.size(); ++i) counts.push_back({k_items[i], 9 - i});
  EventSchema schema = lines_schema(Vocabulary::from_counts(counts));
  if (c.format == DataFormat::lines) return schema;
  schema.sequence.key = "user";
  if (c.format == DataFormat::jsonl) schema.columns[0].name = "item.name";
  schema.columns.push_back({"kind",
                            ColumnKind::categorical,
                            Vocabulary::from_counts(std::vector<ValueCount>{{"x", 9}, {"y,", 3}, {"", 1}}),
                            {},
                            {"x", "y,", std::nullopt, ""}});
  schema.columns.push_back({"price", ColumnKind::numeric, {}, {1.0, 0.5, -2, 2}, {"3.5", "", std::nullopt, "7"}});
  schema.columns.push_back({"device",
                            ColumnKind::categorical,
                            Vocabulary::from_counts(std::vector<ValueCount>{{"app", 9}, {"web", 3}}),
                            {}});
  schema.columns.back().persistent = true;
  if (c.order == Order::time)
    schema.sequence.order_by = "at";
  else if (c.order != Order::rows)
    schema.sequence.order_by = "position";
  if (c.time != nullptr)
    schema.time = TimeColumn{"at", c.time->unit, {64, 1000, 2.0}, {}, c.time->dates, c.time->format};
  check(schema);
  return schema;
}

std::string order_text(Order order, std::size_t i) {
  switch (order) {
    case Order::consecutive:
      return std::to_string(i);
    case Order::sparse:
      return std::to_string(10 * i - 15 * (i / 2));  // 0 10 5 15 ..: ties and steps back
    case Order::decimal:
      return std::to_string(i) + ".25";
    case Order::dates:
      return "2024-01-" + std::to_string(10 + i / 2);  // two a day
    default:
      return "";
  }
}

std::vector<Row> make_rows(const Case& c, Random& random) {
  std::vector<Row> rows;
  const std::size_t users = 1 + random.below(3);
  for (std::size_t u = 0; u < users; ++u) {
    const std::size_t n = 1 + random.below(7);
    ExactTime time;
    TimeStyle style;
    if (c.time != nullptr) {
      REQUIRE(parse_time(c.time->text, c.time->reading(), time) == ParseStatus::ok);
      style = *time_style(c.time->text, c.time->reading());
    }
    for (std::size_t i = 0; i < n; ++i) {
      Row row{"u" + std::to_string(u),
              order_text(c.order, i),
              "",
              k_items[random.below(k_items.size())],
              random.uniform() < 0.5 ? "x" : "y,",
              random.uniform() < 0.3 ? "" : "2.5",
              random.uniform() < 0.5 ? "app" : "web",
              "a \"note\"",
              k_no_time,
              i};
      if (c.time != nullptr) {
        const std::int64_t step = std::max<std::int64_t>(1, c.time->step_ms);
        time.ms += step * static_cast<std::int64_t>(random.below(4));  // ties too
        if (c.order != Order::time && c.layout != Layout::by_time && random.uniform() < 0.2) time.ms -= 5 * step;
        if (c.time->step_ms == 0 && c.order != Order::time)
          time.ns = static_cast<std::int32_t>(random.below(1000)) * 1000;  // of µs
        row.time = time_text(style, time.ms, time.ns);
        row.time_ms = time.ms;
        if (c.order != Order::time && random.uniform() < 0.1) row.time.clear(), row.time_ms = k_no_time;
      }
      rows.push_back(row);
    }
  }
  if (c.layout == Layout::by_time) {
    // Times that are not known: at that of the row before.
    std::vector<std::int64_t> at;
    for (const Row& row : rows)
      at.push_back(row.time_ms != k_no_time ? row.time_ms : row.in_sequence > 0 ? at.back() : k_no_time);
    std::vector<std::size_t> order(rows.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return at[a] < at[b]; });
    std::vector<Row> sorted;
    for (const std::size_t i : order) sorted.push_back(rows[i]);
    return sorted;
  }
  if (c.layout == Layout::shuffled)
    for (std::size_t i = rows.size(); i > 1; --i) std::swap(rows[i - 1], rows[random.below(i)]);
  return rows;
}

std::string quoted_field(DataFormat format, const std::string& value) {
  if (format != DataFormat::csv || value.find_first_of(",\"") == std::string::npos) return value;
  std::string text = "\"";
  for (const char c : value) text += (c == '"' ? "\"" : "") + std::string(1, c);
  return text + "\"";
}

/// Numbers bare where the column has them; the item inside of an object.
std::string json_row(const Row& row) {
  const auto number = [](const std::string& text) {
    return text.empty() ? std::string("null") : is_json_number(text) ? text : '"' + text + '"';
  };
  JsonWriter json;
  json.begin_object().field("note", row.note).key("position").raw(number(row.order));
  json.key("item").begin_object().field("name", row.item).field("id", 7).end_object();
  json.field("at", row.time).key("price").raw(number(row.price)).field("user", row.key);
  json.field("kind", row.kind).field("device", row.device).end_object();
  return json.text();
}

/// The file and its rows, without line ends.
std::string file_text(const Case& c, const std::vector<Row>& rows) {
  std::string text;
  if (c.format == DataFormat::lines) {
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (i > 0) text += rows[i].key == rows[i - 1].key ? "  " : c.line_end;
      text += "abdf"[std::find(k_items.begin(), k_items.end(), rows[i].item) - k_items.begin()];
    }
    return text + (c.ends_line ? c.line_end : "");
  }
  if (c.format == DataFormat::jsonl) {
    for (const Row& row : rows) text += (text.empty() ? "" : c.line_end) + json_row(row);
    return text + (c.ends_line ? c.line_end : "");
  }
  const char separator = c.format == DataFormat::csv ? ',' : '\t';
  const auto add = [&](std::initializer_list<std::string> fields) {
    bool is_first = true;
    for (const std::string& field : fields) {
      if (!is_first) text += separator;
      text += quoted_field(c.format, field);
      is_first = false;
    }
  };
  add({"note", "position", "event", "at", "price", "user", "kind", "device"});
  for (const Row& row : rows) {
    text += c.line_end;
    add({row.note, row.order, row.item, row.time, row.price, row.key, row.kind, row.device});
  }
  return text + (c.ends_line ? c.line_end : "");
}

/// Random edits of a sequence of n events with these times. Times of new events lie between their neighbours'.
std::vector<EventEdit> make_script(const Case& c, std::vector<std::int64_t> times, std::size_t n, Random& random) {
  std::vector<EventEdit> script;
  std::vector<bool> is_removed(n);
  const std::int64_t step = c.time == nullptr ? 0 : std::max<std::int64_t>(1, c.time->step_ms);
  if (!times.empty() && random.uniform() < 0.4) {
    EventEdit shift{EditOperation::set_time, random.below(n)};
    shift.count = 1 + random.below(n - shift.position);
    shift.shift_ms = step * (static_cast<std::int64_t>(random.below(9)) - 4);
    if (c.order == Order::time) {  // what reorders is refused: all that follows moves on
      shift.count = n - shift.position;
      shift.shift_ms = step * static_cast<std::int64_t>(random.below(4));
    }
    for (std::size_t i = shift.position; i < shift.position + shift.count; ++i)
      if (times[i] != k_no_time) times[i] += shift.shift_ms;
    script.push_back(shift);
  }
  for (std::size_t i = 0; i < n; ++i) {
    if (random.uniform() < 0.25) {
      script.push_back({EditOperation::replace, i, 0, static_cast<TypeId>(random.below(k_items.size()))});
    } else if (random.uniform() < 0.25) {
      const std::size_t count = 1 + random.below(std::min<std::size_t>(3, n - i));
      script.push_back({EditOperation::remove, i, 0, 0, count});
      for (std::size_t k = 0; k < count; ++k) is_removed[i + k] = true;
      i += count - 1;
    }
  }
  std::int64_t latest = k_no_time;  // of what stays before
  for (std::size_t i = 0; i <= n; ++i) {
    if (random.uniform() < 0.3) {
      std::int64_t next = k_no_time;
      for (std::size_t k = n; k-- > i;)
        if (!is_removed[k] && !times.empty()) next = times[k];
      const std::size_t count = 1 + random.below(3);
      for (std::size_t rank = 0; rank < count; ++rank) {
        EventEdit insertion{EditOperation::insert, i, rank, static_cast<TypeId>(random.below(k_items.size()))};
        const std::int64_t from = latest != k_no_time ? latest : next;
        if (!times.empty() && from != k_no_time && (c.order == Order::time || random.uniform() < 0.7)) {
          insertion.time_ms =
              next == k_no_time || random.uniform() < 0.3 ? from : from + (next - from) / step / 2 * step;
          if (next != k_no_time && random.uniform() < 0.2) insertion.time_ms = next;
          latest = insertion.time_ms;
        } else if (c.order == Order::time) {
          break;  // nothing is left to take a time from
        }
        script.push_back(insertion);
      }
    }
    if (i < n && !is_removed[i] && !times.empty() && times[i] != k_no_time) latest = times[i];
  }
  return script;
}

bool same(const EncodedEvents& a, const EncodedEvents& b) {
  return a.n == b.n && a.types == b.types && a.ids == b.ids && a.values == b.values && a.missing == b.missing &&
         a.gaps == b.gaps && a.time_ms == b.time_ms;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

/// Reads, edits, writes and reads again.
void check_case(const Case& c, std::uint64_t seed) {
  Random random(seed);
  EventSchema schema = make_schema(c);
  std::vector<Row> rows = make_rows(c, random);
  if (c.format == DataFormat::lines)  // words
    schema.columns[0].vocabulary =
        Vocabulary::from_counts(std::vector<ValueCount>{{"a", 9}, {"b", 8}, {"d", 7}, {"f", 6}});
  const std::string text = file_text(c, rows);
  const ReadOptions options{.format = c.format, .schema = &schema, .keep_raw = true, .strict = true};
  const Dataset data = read_events_from_text(text, "before", options);
  std::vector<Repair> repairs(data.sequences().size());
  std::vector<EncodedEvents> expected;
  std::vector<std::string> names;
  std::vector<std::string> untouched;  // rows
  std::size_t events_after = 0;
  std::vector<bool> is_touched(data.events());
  for (std::size_t s = 0; s < repairs.size(); ++s) {
    const EventsView view = data.view(s);
    const std::vector<EventEdit> script = make_script(c, {view.time_ms.begin(), view.time_ms.end()}, view.n, random);
    for (const EventEdit& edit : script) {
      repairs[s].edits.push_back(in_words(edit, script, view, schema));
      if (has_before(edit.operation))
        for (std::size_t i = 0; i < edit.count; ++i) is_touched[data.sequences()[s].first + edit.position + i] = true;
    }
    EncodedEvents original, edited;
    std::vector<std::size_t> origins;
    encode(view, schema, original);
    apply_script(script, original, schema, edited, origins);
    events_after += edited.n;
    if (edited.n == 0) continue;
    expected.push_back(edited);
    names.emplace_back(data.sequences()[s].key);
  }
  const std::string written = cli::rewrite_input(data, repairs);
  CAPTURE(text);
  CAPTURE(written);
  if (expected.empty()) {
    CHECK(read_events_from_text(written, "after", options).events() == 0);
    return;
  }
  const Dataset after = read_events_from_text(written, "after", options);
  REQUIRE(after.sequences().size() == expected.size());
  for (std::size_t s = 0; s < expected.size(); ++s) {
    const std::size_t e =
        c.format == DataFormat::lines
            ? s
            : static_cast<std::size_t>(std::find(names.begin(), names.end(), after.sequences()[s].key) - names.begin());
    REQUIRE(e < expected.size());
    EncodedEvents found;
    encode(after.view(s), schema, found);
    REQUIRE(found.types == expected[e].types);
    REQUIRE(found.time_ms == expected[e].time_ms);
    REQUIRE(same(found, expected[e]));
  }
  if (c.format == DataFormat::lines) return;
  // Rows that no edit names stand there as they were, in their order, and no others but the new ones.
  const std::vector<std::string> all = lines_of(written);
  REQUIRE(all.size() == (c.format == DataFormat::jsonl ? 0 : 1) + events_after);
  auto at = all.begin();
  for (const std::size_t event : data.file_order()) {
    if (is_touched[event]) continue;
    const std::string row = lines_of(std::string(data.raw(event))).front();
    // The last row of a file without a line end may get one.
    at = std::find_if(at, all.end(),
                      [&](const std::string& line) { return line == row || line == row + "\r" || line + "\r" == row; });
    REQUIRE(at != all.end());
    ++at;
  }
  CHECK((written.ends_with('\n') || !c.ends_line));
}

}  // namespace

TEST_CASE("a repaired table, read again, is the edited sequences") {
  std::uint64_t seed = 0;
  for (const DataFormat format : {DataFormat::csv, DataFormat::recbole, DataFormat::jsonl})
    for (const Order order :
         {Order::rows, Order::consecutive, Order::sparse, Order::decimal, Order::dates, Order::time})
      for (const Layout layout : {Layout::by_key, Layout::by_time, Layout::shuffled})
        for (std::size_t t = 0; t <= k_time_styles.size(); ++t) {
          const TimeColumnStyle* time = t < k_time_styles.size() ? &k_time_styles[t] : nullptr;
          if (time == nullptr && (order == Order::time || layout == Layout::by_time)) continue;
          for (int round = 0; round < 12; ++round) {
            CAPTURE(static_cast<int>(order));
            CAPTURE(static_cast<int>(layout));
            CAPTURE(t);
            CAPTURE(seed);
            check_case({format, order, layout, time, round % 2 == 0 ? "\n" : "\r\n", round % 3 != 0}, seed++);
          }
        }
}

TEST_CASE("repaired lines, read again, are the edited sequences") {
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    CAPTURE(seed);
    check_case({DataFormat::lines, Order::rows, Layout::by_key, nullptr, seed % 2 == 0 ? "\n" : "\r\n", seed % 3 != 0},
               seed);
  }
}

TEST_CASE("a table with a byte order mark, with a header or without: an edit changes its cell alone") {
  for (const bool has_header : {true, false}) {
    const std::string head = std::string("\xEF\xBB\xBF") + (has_header ? "\"user\";event;n\r\n" : "");
    ReadOptions options{.keep_raw = true};
    options.no_header = !has_header;
    if (!has_header) options.header = {{"user"}, {"event"}, {"n"}};
    const Dataset data = read_events_from_text(head + "\"a;b\";x;1\r\n\"a;b\";y;2\r\n", "x.csv", options);
    REQUIRE(data.events() == 2);
    std::vector<Repair> repairs(1);
    Edit edit;
    edit.operation = EditOperation::replace;
    edit.position = 0;
    edit.after = "z";
    repairs[0].edits.push_back(edit);
    CHECK(cli::rewrite_input(data, repairs) == head + "\"a;b\";z;1\r\n\"a;b\";y;2\r\n");
    edit.operation = EditOperation::insert;
    edit.position = 0;
    repairs[0].edits = {edit};
    CHECK(cli::rewrite_input(data, repairs) == head + "\"a;b\";z;\r\n\"a;b\";x;1\r\n\"a;b\";y;2\r\n");
  }
}
