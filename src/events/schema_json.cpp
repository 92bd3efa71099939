// event_schema.json. Example:
//
//   {"format": "event-schema", "version": 1,
//    "sequence": {"key": "user", "order_by": "position", "window": 64, "stride": 64},
//    "columns": [
//      {"name": "event", "kind": "categorical", "role": "primary",
//       "vocabulary": {"kept": 1, "values": ["view", "cart"], "counts": [17, 1]}},
//      {"name": "price", "kind": "numeric", "transform": "signed_log1p", "mean": 2.3, "std": 1.1, "clip": [-8, 8],
//       "missing": "indicator", "dependent_values": [null, "9.99"],
//       "seen": {"quartiles": [4.99, 9.99, 20.0], "missing_share": 0.5}},
//      {"name": "time", "kind": "time", "unit": "ms", "date_order": "day_first",
//       "gap": {"encoding": "log_bucket", "buckets": 64, "unit_ms": 1000, "per_octave": 2.12}}],
//    "missing": ["NA", "-"],
//    "aggregation": "sum"}
//
// "key", "profile_key", "order_by", "dependent_values", "seen" (of numeric columns and of the time), "persistent"
// (true or false, of categorical columns beside the primary one; absent: false), "missing", and how texts become times
// - "date_order" (day_first or month_first) or "format" (of strptime) of the time column, "order_dates" of an order
// column of its own -, "cleaning" (rules, as of --cleaning) and "usual" (of numeric columns whose outliers are cleaned)
// may be absent; dependent values are in the order of the primary column's kept values. A vocabulary lists all values
// known to the statistics, most frequent first; the first `kept` have ids in the encoder (position + 5).
#include <vector>

#include "core/json_tree.hpp"
#include "core/json_writer.hpp"
#include "seqguard/events/schema.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

using Kind = JsonValue::Kind;

void only(const JsonValue& value, std::initializer_list<std::string_view> names) {
  value.allow_only(names, ErrorCode::bad_format);
}

/// A field with only one value so far.
void expect(const JsonValue& object, std::string_view field, std::string_view text) {
  if (const JsonValue value = object.at(field); value.text() != text) value.refuse("\"" + std::string(text) + "\"");
}

Vocabulary read_vocabulary(const JsonValue& json) {
  only(json, {"kept", "values", "counts"});
  const JsonValue values = json.at("values").demand(Kind::array), counts = json.at("counts").demand(Kind::array);
  if (values.size() != counts.size()) counts.refuse("one for each of the " + std::to_string(values.size()) + " values");
  std::vector<ValueCount> entries;
  entries.reserve(values.size());
  values.for_each([&](JsonValue value) { entries.push_back({std::string(value.text()), 0}); });
  std::size_t i = 0;
  counts.for_each([&](JsonValue count) { entries[i++].count = count.natural(); });
  try {
    return Vocabulary::from_ordered(entries, json.at("kept").natural(k_unseen_type - 1));
  } catch (const Error& error) {
    fail(error.code(), json.where(), error.what());
  }
}

std::vector<std::optional<std::string>> read_dependent_values(const JsonValue& column) {
  std::vector<std::optional<std::string>> result;
  const auto values = column.member("dependent_values");
  if (!values) return result;
  result.reserve(values->size());
  values->demand(Kind::array).for_each([&](JsonValue value) {
    if (value.is(Kind::null))
      result.emplace_back();
    else
      result.emplace_back(value.text());
  });
  return result;
}

std::optional<SeenSizes> read_seen(const JsonValue& column) {
  const auto seen = column.member("seen");
  if (!seen) return std::nullopt;
  only(*seen, {"quartiles", "missing_share"});
  const JsonValue quartiles = seen->at("quartiles").demand(Kind::array);
  SeenSizes result;
  if (quartiles.size() != result.quartiles.size()) quartiles.refuse("three numbers");
  std::size_t i = 0;
  quartiles.for_each([&](JsonValue value) { result.quartiles[i++] = value.number(); });
  result.missing_share = seen->at("missing_share").share();
  return result;
}

EventColumn read_categorical(const JsonValue& json) {
  only(json, {"name", "kind", "role", "vocabulary", "dependent_values", "persistent"});
  return {std::string(json.at("name").text()),
          ColumnKind::categorical,
          read_vocabulary(json.at("vocabulary")),
          {},
          read_dependent_values(json),
          {},
          json.boolean_or("persistent", false)};
}

UsualNumbers read_usual(const JsonValue& json) {
  if (json.demand(Kind::array).size() != 2) json.refuse("[low, high]");
  const JsonValue low = *json.first_child(), high = *low.next_sibling();
  return {low.number(), high.number()};
}

EventColumn read_numeric(const JsonValue& json) {
  only(json, {"name", "kind", "transform", "mean", "std", "clip", "missing", "dependent_values", "seen", "usual"});
  expect(json, "transform", "signed_log1p");
  expect(json, "missing", "indicator");
  const JsonValue clip = json.at("clip").demand(Kind::array);
  if (clip.size() != 2) clip.refuse("[low, high]");
  const JsonValue low = *clip.first_child(), high = *low.next_sibling();
  EventColumn column{std::string(json.at("name").text()),
                     ColumnKind::numeric,
                     {},
                     {json.at("mean").number(), json.at("std").number(), low.number(), high.number()},
                     read_dependent_values(json),
                     read_seen(json)};
  if (const auto usual = json.member("usual")) column.usual = read_usual(*usual);
  return column;
}

DateOrder read_date_order(const JsonValue& json, std::string_view field) {
  const auto order = json.member(field);
  if (!order) return DateOrder::unknown;
  if (order->text() != "day_first" && order->text() != "month_first") order->refuse("\"day_first\" or \"month_first\"");
  return order->text() == "day_first" ? DateOrder::day_first : DateOrder::month_first;
}

TimeColumn read_time(const JsonValue& json) {
  only(json, {"name", "kind", "unit", "gap", "seen", "date_order", "format"});
  const JsonValue gap = json.at("gap");
  only(gap, {"encoding", "buckets", "unit_ms", "per_octave"});
  expect(gap, "encoding", "log_bucket");
  return {std::string(json.at("name").text()),
          std::string(json.at("unit").text()),
          {static_cast<std::int32_t>(gap.at("buckets").natural(4096)),
           static_cast<std::int64_t>(gap.at("unit_ms").natural(INT64_MAX)), gap.at("per_octave").number()},
          read_seen(json),
          read_date_order(json, "date_order"),
          json.member("format") ? std::string(json.at("format").text()) : std::string()};
}

SequenceRules read_rules(const JsonValue& json) {
  only(json, {"key", "profile_key", "order_by", "order_dates", "window", "stride"});
  SequenceRules rules;
  if (const auto key = json.member("key")) rules.key = key->text();
  if (const auto profile_key = json.member("profile_key")) rules.profile_key = profile_key->text();
  if (const auto order = json.member("order_by")) rules.order_by = order->text();
  rules.order_dates = read_date_order(json, "order_dates");
  rules.window = json.at("window").natural(1'000'000);
  rules.stride = json.at("stride").natural(1'000'000);
  return rules;
}

void read_column(const JsonValue& json, EventSchema& schema, bool& has_primary) {
  const JsonValue name = json.at("kind");
  ColumnKind kind;
  try {
    kind = column_kind_from_string(name.text());
  } catch (const Error& error) {
    fail(error.code() == ErrorCode::unsupported ? error.code() : ErrorCode::bad_format, name.where(), error.what());
  }
  if (kind == ColumnKind::time) {
    if (schema.time) fail(ErrorCode::bad_format, json.where(), "a second time column");
    schema.time = read_time(json);
    return;
  }
  if (json.member("role")) {
    expect(json, "role", "primary");
    if (has_primary) fail(ErrorCode::bad_format, json.where(), "a second primary column");
    has_primary = true;
    schema.primary = schema.columns.size();
  }
  schema.columns.push_back(kind == ColumnKind::numeric ? read_numeric(json) : read_categorical(json));
}

void write_vocabulary(JsonWriter& json, const Vocabulary& vocabulary) {
  json.begin_object().field("kept", vocabulary.kept()).key("values").begin_array();
  for (TypeId type = 0; type < vocabulary.types(); ++type) json.value(vocabulary.value(type));
  json.end_array().key("counts").begin_array();
  for (TypeId type = 0; type < vocabulary.types(); ++type) json.value(vocabulary.count(type));
  json.end_array().end_object();
}

void write_seen(JsonWriter& json, const std::optional<SeenSizes>& seen) {
  if (!seen) return;
  json.key("seen").begin_object().key("quartiles").begin_array();
  for (const double quartile : seen->quartiles) json.exact(quartile);
  json.end_array().exact_field("missing_share", seen->missing_share).end_object();
}

void write_column(JsonWriter& json, const EventColumn& column, bool primary) {
  json.begin_object().field("name", column.name).field("kind", to_string(column.kind));
  if (primary) json.field("role", "primary");
  if (column.persistent) json.field("persistent", true);
  if (!column.dependent_values.empty()) {
    json.key("dependent_values").begin_array();
    for (const auto& value : column.dependent_values) value ? json.value(*value) : json.null();
    json.end_array();
  }
  if (column.kind == ColumnKind::numeric) {
    const NumericTransform& t = column.transform;
    json.field("transform", "signed_log1p").exact_field("mean", t.mean).exact_field("std", t.std);
    json.key("clip").begin_array().exact(t.low).exact(t.high).end_array().field("missing", "indicator");
  } else {
    write_vocabulary(json.key("vocabulary"), column.vocabulary);
  }
  write_seen(json, column.seen);
  if (column.usual) json.key("usual").begin_array().exact(column.usual->low).exact(column.usual->high).end_array();
  json.end_object();
}

void write_date_order(JsonWriter& json, std::string_view field, DateOrder order) {
  if (order != DateOrder::unknown) json.field(field, order == DateOrder::day_first ? "day_first" : "month_first");
}

void write_time(JsonWriter& json, const TimeColumn& time) {
  json.begin_object().field("name", time.name).field("kind", "time").field("unit", time.unit);
  write_date_order(json, "date_order", time.date_order);
  if (!time.format.empty()) json.field("format", time.format);
  json.key("gap").begin_object();
  json.field("encoding", "log_bucket").field("buckets", time.gap.buckets).field("unit_ms", time.gap.unit_ms);
  json.exact_field("per_octave", time.gap.per_octave).end_object();
  write_seen(json, time.seen);
  json.end_object();
}

}  // namespace

std::string to_json(const EventSchema& schema) {
  check(schema);
  JsonWriter json(1);
  json.begin_object().field("format", "event-schema").field("version", 1).key("sequence").begin_object();
  if (!schema.sequence.key.empty()) json.field("key", schema.sequence.key);
  if (!schema.sequence.profile_key.empty()) json.field("profile_key", schema.sequence.profile_key);
  if (!schema.sequence.order_by.empty()) json.field("order_by", schema.sequence.order_by);
  write_date_order(json, "order_dates", schema.sequence.order_dates);
  json.field("window", schema.sequence.window).field("stride", schema.sequence.stride).end_object();
  json.key("columns").begin_array();
  for (std::size_t c = 0; c < schema.columns.size(); ++c) write_column(json, schema.columns[c], c == schema.primary);
  if (schema.time) write_time(json, *schema.time);
  json.end_array();
  if (!schema.missing.empty()) json.key("missing").values(schema.missing);
  if (!schema.cleaning.empty()) json.field("cleaning", schema.cleaning);
  json.field("aggregation", "sum").end_object().end_line();
  return json.text();
}

EventSchema schema_from_json(std::string_view text, std::string_view where) {
  const JsonTree tree(text, std::string(where), ErrorCode::bad_format);
  const JsonValue root = tree.root();
  only(root, {"format", "version", "sequence", "columns", "missing", "cleaning", "aggregation"});
  expect(root, "format", "event-schema");
  if (const JsonValue version = root.at("version"); version.natural() != 1) version.refuse_unsupported("1");
  expect(root, "aggregation", "sum");
  EventSchema schema;
  schema.sequence = read_rules(root.at("sequence"));
  const JsonValue columns = root.at("columns").demand(Kind::array);
  bool has_primary = false;
  columns.for_each([&](JsonValue column) { read_column(column, schema, has_primary); });
  if (const auto missing = root.member("missing"))
    missing->demand(Kind::array).for_each([&](JsonValue value) { schema.missing.emplace_back(value.text()); });
  if (const auto cleaning = root.member("cleaning")) schema.cleaning = cleaning->text();
  if (!has_primary) fail(ErrorCode::bad_format, columns.where(), "no column has the role \"primary\"");
  try {
    check(schema);
  } catch (const Error& error) {
    fail(error.code(), where, error.what());
  }
  return schema;
}

}  // namespace v0
}  // namespace seqguard
