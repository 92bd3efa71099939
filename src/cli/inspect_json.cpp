#include "cli/inspect.hpp"

namespace seqguard::cli {
namespace {

void write_distribution(std::string_view name, const Distribution& d, JsonWriter& json) {
  json.key(name).begin_object().field("count", d.count).field("zeros", d.zeros).field("min", d.min);
  json.field("lower_quartile", d.lower_quartile).field("median", d.median).field("upper_quartile", d.upper_quartile);
  json.field("p90", d.p90).field("p99", d.p99).field("max", d.max).field("mean", d.mean).field("is_log", d.is_log);
  json.field("outside_bins", d.outside);
  json.key("bins").begin_array();
  for (const Bin& bin : d.bins) json.begin_array().value(bin.low).value(bin.high).value(bin.count).end_array();
  json.end_array().end_object();
}

void write_column(const ColumnFacts& column, JsonWriter& json) {
  json.begin_object().field("name", column.name).field("kind", to_string(column.kind));
  json.field("is_primary", column.is_primary).field("missing", column.missing);
  if (column.numbers) {
    write_distribution("numbers", *column.numbers, json);
  } else {
    json.field("distinct", column.distinct).field("once", column.once).key("top").begin_array();
    for (const CountedValue& value : column.top) json.begin_array().value(value.value).value(value.count).end_array();
    json.end_array();
  }
  json.end_object();
}

void write_time(const TimeFacts& time, JsonWriter& json) {
  json.key("time").begin_object().field("column", time.column).field("unit", time.unit);
  json.field("unknown", time.unknown).field("backwards", time.backwards).field("is_calendar", time.is_calendar);
  json.field("first_ms", time.first_ms).field("last_ms", time.last_ms);
  write_distribution("gaps_seconds", time.gaps, json);
  json.key("activity").begin_array();
  for (const Bin& bin : time.activity) json.begin_array().value(bin.low).value(bin.high).value(bin.count).end_array();
  json.end_array().key("weekday_hour_utc").begin_array();
  for (const auto& day : time.rhythm) json.values(day);
  json.end_array().end_object();
}

void write_transitions(const Transitions& t, JsonWriter& json) {
  json.key("transitions").begin_object().field("pairs", t.pairs).key("values").values(t.values);
  json.key("leaving").values(t.leaving).key("counts").begin_array();
  const std::size_t n = t.values.size();
  for (std::size_t r = 0; r < n; ++r) {
    json.begin_array();
    for (std::size_t c = 0; c < n; ++c) json.value(t.counts[r * n + c]);
    json.end_array();
  }
  json.end_array().end_object();
}

void write_stability(const Exploration& e, JsonWriter& json) {
  json.field("by_time", e.by_time).key("novelty").begin_array();
  for (const NoveltySlice& slice : e.novelty)
    json.begin_object().field("events", slice.events).field("new_values", slice.new_values).end_object();
  json.end_array();
  const HalvesFacts& halves = e.halves;
  json.key("halves").begin_object().field("first_sequences", halves.first_sequences);
  json.field("last_sequences", halves.last_sequences).field("median_length_first", halves.median_length_first);
  json.field("median_length_last", halves.median_length_last).field("distance", halves.distance);
  json.field("chance", halves.chance).key("changes").begin_array();
  for (const ShareChange& change : halves.changes)
    json.begin_array().value(change.value).value(change.first).value(change.last).end_array();
  json.end_array().end_object();
}

}  // namespace

void write_exploration(const Exploration& e, JsonWriter& json) {
  json.begin_object().field("sequences", e.sequences).field("events", e.events);
  json.field("rejected_rows", e.rejected.count).field("blank_lines", e.blank_lines);
  json.key("rejected").begin_array();
  for (const RejectedRow& row : e.rejected.rows) {
    json.begin_object();
    if (!row.file.empty()) json.field("file", row.file);
    json.field("line", row.line).field("reason", row.reason).end_object();
  }
  json.end_array();
  json.field("repeated_sequences", e.repeated_sequences).field("repeated_events", e.repeated_events);
  write_distribution("lengths", e.lengths, json);
  json.key("columns").begin_array();
  for (const ColumnFacts& column : e.columns) write_column(column, json);
  json.end_array();
  if (e.time) write_time(*e.time, json);
  write_transitions(e.transitions, json);
  write_stability(e, json);
  write_findings(e.findings, json);
  json.end_object();
}

void write_judged(const JudgedData& judged, JsonWriter& json) {
  json.begin_object().key("scores").values(judged.scores).key("p_values").values(judged.p_values);
  if (judged.map) {
    json.key("map").begin_object().key("explained").begin_array();
    for (const MapAxis& axis : judged.map->axes) json.value(axis.explained);
    json.end_array().key("points").begin_array();
    for (const MapPoint& point : judged.map->points)
      json.begin_array().value(point.sequence).value(point.x).value(point.y).end_array();
    json.end_array().key("neighbours").begin_array();
    for (const MapPoint& point : judged.map->neighbours)
      json.begin_array().value(point.sequence).value(point.x).value(point.y).end_array();
    json.end_array().end_object();
  }
  json.key("worst").begin_array();
  for (const SequenceCard& card : judged.worst)
    json.begin_object().field("name", card.name).field("facts", card.facts).end_object();
  json.end_array().end_object();
}

}  // namespace seqguard::cli
