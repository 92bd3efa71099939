// event_schema.json. Example:
//
//   {"format": "event-schema", "version": 1,
//    "sequence": {"key": "user", "order_by": "position", "window": 64, "stride": 64},
//    "columns": [
//      {"name": "event", "kind": "categorical", "role": "primary",
//       "vocabulary": {"kept": 1, "values": ["view", "cart"], "counts": [17, 1]}},
//      {"name": "price", "kind": "numeric", "transform": "signed_log1p", "mean": 2.3, "std": 1.1, "clip": [-8, 8],
//       "missing": "indicator", "dependent_values": [null, "9.99"]},
//      {"name": "time", "kind": "time", "unit": "ms",
//       "gap": {"encoding": "log_bucket", "buckets": 64, "unit_ms": 1000, "per_octave": 2.12}}],
//    "aggregation": "sum"}
//
// "key", "order_by" and "dependent_values" may be absent; the last are in the order of the primary column's kept
// values. A vocabulary lists all values known to the statistics, most frequent first; the first `kept` have ids in the
// encoder (position + 5).
#include <algorithm>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <vector>

#include "core/strict_json.hpp"
#include "seqguard/core/error.hpp"
#include "seqguard/events/schema.hpp"

namespace seqguard {
namespace {

using Json = nlohmann::ordered_json;

/// A value of the file with its place in it, for errors.
struct Node {
  const nlohmann::json& json;
  std::string place;

  [[noreturn]] void refuse(std::string_view what, std::string_view expected) const {
    const std::string text = json.is_structured() ? std::string(json.type_name()) : json.dump();
    fail(ErrorCode::bad_format, place, what, expected, text.substr(0, 100));
  }
  void only(std::initializer_list<std::string_view> names) const {
    if (!json.is_object()) refuse("wrong type", "an object");
    for (const auto& item : json.items())
      if (std::find(names.begin(), names.end(), item.key()) == names.end())
        fail(ErrorCode::bad_format, place, "unknown field \"" + item.key() + "\"");
  }
  bool has(const std::string& name) const { return json.contains(name); }
  Node at(const std::string& name) const {
    if (!has(name)) fail(ErrorCode::bad_format, place, "missing field \"" + name + "\"");
    return {json.at(name), place + "." + name};
  }
  Node at(std::size_t i) const { return {json.at(i), place + "[" + std::to_string(i) + "]"}; }

  std::string text() const {
    if (!json.is_string()) refuse("wrong type", "a string");
    return json.get<std::string>();
  }
  double number() const {
    if (!json.is_number()) refuse("wrong type", "a number");
    return json.get<double>();
  }
  std::uint64_t natural(std::uint64_t largest) const {
    if (!json.is_number_unsigned() || json.get<std::uint64_t>() > largest)
      refuse("wrong value", "an integer, 0 .. " + std::to_string(largest));
    return json.get<std::uint64_t>();
  }
  const Node& array() const {
    if (!json.is_array()) refuse("wrong type", "an array");
    return *this;
  }
  void equals(const std::string& name, std::string_view expected) const {
    const Node field = at(name);
    if (field.text() != expected) field.refuse("not supported", "\"" + std::string(expected) + "\"");
  }
};

Vocabulary read_vocabulary(const Node& node) {
  node.only({"kept", "values", "counts"});
  const Node values = node.at("values"), counts = node.at("counts");
  values.array();
  counts.array();
  if (values.json.size() != counts.json.size())
    fail(ErrorCode::bad_format, node.place, "values and counts differ in length", std::to_string(values.json.size()),
         std::to_string(counts.json.size()));
  std::vector<ValueCount> entries;
  entries.reserve(values.json.size());
  for (std::size_t i = 0; i < values.json.size(); ++i)
    entries.push_back({values.at(i).text(), counts.at(i).natural(UINT64_MAX)});
  try {
    return Vocabulary::from_ordered(entries, node.at("kept").natural(k_unseen_type - 1));
  } catch (const Error& error) {
    fail(error.code(), node.place, error.what());
  }
}

std::vector<std::optional<std::string>> read_dependent_values(const Node& column) {
  std::vector<std::optional<std::string>> result;
  if (!column.has("dependent_values")) return result;
  const Node values = column.at("dependent_values");
  result.reserve(values.array().json.size());
  for (std::size_t i = 0; i < values.json.size(); ++i)
    result.push_back(values.json[i].is_null() ? std::nullopt : std::optional(values.at(i).text()));
  return result;
}

EventColumn read_categorical(const Node& node) {
  node.only({"name", "kind", "role", "vocabulary", "dependent_values"});
  return {node.at("name").text(),
          ColumnKind::categorical,
          read_vocabulary(node.at("vocabulary")),
          {},
          read_dependent_values(node)};
}

EventColumn read_numeric(const Node& node) {
  node.only({"name", "kind", "transform", "mean", "std", "clip", "missing", "dependent_values"});
  node.equals("transform", "signed_log1p");
  node.equals("missing", "indicator");
  const Node clip = node.at("clip");
  if (clip.array().json.size() != 2) clip.refuse("wrong length", "[low, high]");
  return {node.at("name").text(),
          ColumnKind::numeric,
          {},
          {node.at("mean").number(), node.at("std").number(), clip.at(0).number(), clip.at(1).number()},
          read_dependent_values(node)};
}

TimeColumn read_time(const Node& node) {
  node.only({"name", "kind", "unit", "gap"});
  const Node gap = node.at("gap");
  gap.only({"encoding", "buckets", "unit_ms", "per_octave"});
  gap.equals("encoding", "log_bucket");
  return {node.at("name").text(),
          node.at("unit").text(),
          {static_cast<std::int32_t>(gap.at("buckets").natural(4096)),
           static_cast<std::int64_t>(gap.at("unit_ms").natural(INT64_MAX)), gap.at("per_octave").number()}};
}

SequenceRules read_rules(const Node& node) {
  node.only({"key", "order_by", "window", "stride"});
  SequenceRules rules;
  if (node.has("key")) rules.key = node.at("key").text();
  if (node.has("order_by")) rules.order_by = node.at("order_by").text();
  rules.window = node.at("window").natural(1'000'000);
  rules.stride = node.at("stride").natural(1'000'000);
  return rules;
}

void read_column(const Node& node, EventSchema& schema, bool& has_primary) {
  if (!node.json.is_object()) node.refuse("wrong type", "an object");
  const Node kind_node = node.at("kind");
  ColumnKind kind;
  try {
    kind = column_kind_from_string(kind_node.text());
  } catch (const Error& error) {
    fail(error.code() == ErrorCode::unsupported ? error.code() : ErrorCode::bad_format, kind_node.place, error.what());
  }
  if (kind == ColumnKind::time) {
    if (schema.time) fail(ErrorCode::bad_format, node.place, "a second time column");
    schema.time = read_time(node);
    return;
  }
  if (node.has("role")) {
    node.equals("role", "primary");
    if (has_primary) fail(ErrorCode::bad_format, node.place, "a second primary column");
    has_primary = true;
    schema.primary = schema.columns.size();
  }
  schema.columns.push_back(kind == ColumnKind::numeric ? read_numeric(node) : read_categorical(node));
}

Json column_json(const EventColumn& column, bool primary) {
  Json json = {{"name", column.name}, {"kind", to_string(column.kind)}};
  if (primary) json["role"] = "primary";
  for (const auto& value : column.dependent_values) json["dependent_values"].push_back(value ? Json(*value) : Json());
  if (column.kind == ColumnKind::numeric) {
    const NumericTransform& t = column.transform;
    json.update({{"transform", "signed_log1p"},
                 {"mean", t.mean},
                 {"std", t.std},
                 {"clip", {t.low, t.high}},
                 {"missing", "indicator"}});
    return json;
  }
  Json values = Json::array(), counts = Json::array();
  for (TypeId type = 0; type < column.vocabulary.types(); ++type) {
    values.push_back(column.vocabulary.value(type));
    counts.push_back(column.vocabulary.count(type));
  }
  json["vocabulary"] = {
      {"kept", column.vocabulary.kept()}, {"values", std::move(values)}, {"counts", std::move(counts)}};
  return json;
}

}  // namespace

std::string to_json(const EventSchema& schema) {
  check(schema);
  Json sequence = Json::object();
  if (!schema.sequence.key.empty()) sequence["key"] = schema.sequence.key;
  if (!schema.sequence.order_by.empty()) sequence["order_by"] = schema.sequence.order_by;
  sequence["window"] = schema.sequence.window;
  sequence["stride"] = schema.sequence.stride;
  Json columns = Json::array();
  for (std::size_t c = 0; c < schema.columns.size(); ++c)
    columns.push_back(column_json(schema.columns[c], c == schema.primary));
  if (schema.time) {
    const GapBuckets& gap = schema.time->gap;
    columns.push_back({{"name", schema.time->name},
                       {"kind", "time"},
                       {"unit", schema.time->unit},
                       {"gap",
                        {{"encoding", "log_bucket"},
                         {"buckets", gap.buckets},
                         {"unit_ms", gap.unit_ms},
                         {"per_octave", gap.per_octave}}}});
  }
  const Json json = {{"format", "event-schema"},
                     {"version", 1},
                     {"sequence", std::move(sequence)},
                     {"columns", std::move(columns)},
                     {"aggregation", "sum"}};
  return json.dump(1) + "\n";
}

EventSchema schema_from_json(std::string_view text, std::string_view where) {
  const nlohmann::json json = parse_strict_json(text, std::string(where), ErrorCode::bad_format);
  const Node root{json, std::string(where)};
  root.only({"format", "version", "sequence", "columns", "aggregation"});
  root.equals("format", "event-schema");
  if (root.at("version").natural(UINT32_MAX) != 1)
    fail(ErrorCode::unsupported, where, "unknown version", "1", root.at("version").json.dump());
  root.equals("aggregation", "sum");
  EventSchema schema;
  schema.sequence = read_rules(root.at("sequence"));
  const Node columns = root.at("columns");
  bool has_primary = false;
  for (std::size_t c = 0; c < columns.array().json.size(); ++c) read_column(columns.at(c), schema, has_primary);
  if (!has_primary) fail(ErrorCode::bad_format, columns.place, "no column has the role \"primary\"");
  try {
    check(schema);
  } catch (const Error& error) {
    fail(error.code(), where, error.what());
  }
  return schema;
}

}  // namespace seqguard
