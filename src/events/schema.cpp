#include "seqguard/events/schema.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include "events/dependent_values.hpp"
#include "events/time_format.hpp"
#include "seqguard/core/error.hpp"
#include "seqguard/events/cleaning.hpp"
#include "seqguard/events/events_view.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

void require(bool holds, const std::string& where, std::string_view what, std::string_view expected,
             const std::string& found) {
  if (!holds) fail(ErrorCode::bad_format, where, what, expected, found);
}

void check_numeric(const std::string& where, const NumericTransform& t) {
  for (const double value : {t.mean, t.std, t.low, t.high})
    require(std::isfinite(value), where, "a number of the transform is not finite", "a finite number",
            std::to_string(value));
  require(t.std > 0, where, "std out of range", "above 0", std::to_string(t.std));
  // Beyond it the encoder's sums of squares leave the range of float.
  constexpr double k_largest = 1e6;
  require(std::abs(t.low) <= k_largest && std::abs(t.high) <= k_largest, where, "clip out of range", "-1e6 .. 1e6",
          std::to_string(t.low) + ", " + std::to_string(t.high));
  require(t.low < t.high, where, "clip is empty", "low < high", std::to_string(t.low) + ", " + std::to_string(t.high));
}

void check_dependent_values(const std::string& where, const EventSchema& schema, std::size_t c) {
  const EventColumn& column = schema.columns[c];
  const auto& values = column.dependent_values;
  if (values.empty()) return;
  require(c != schema.primary, where, "dependent values", "none of the primary column", std::to_string(values.size()));
  const std::size_t kept = schema.primary_column().vocabulary.kept();
  require(values.size() == kept, where, "dependent values", std::to_string(kept), std::to_string(values.size()));
  for (const auto& value : values)
    require(!value || column.kind != ColumnKind::numeric || number_of(*value), where, "dependent value", "a number",
            value.value_or(""));
}

void check_seen(const std::string& where, const std::optional<SeenSizes>& seen) {
  if (!seen) return;
  const auto& [first, middle, last] = seen->quartiles;
  require(std::isfinite(last) && 0 <= first && first <= middle && middle <= last, where, "quartiles",
          "three finite numbers from 0 on that do not fall",
          std::to_string(first) + ", " + std::to_string(middle) + ", " + std::to_string(last));
  require(seen->missing_share >= 0 && seen->missing_share <= 1, where, "missing_share out of range", "0 .. 1",
          std::to_string(seen->missing_share));
}

void check_missing(const std::vector<std::string>& missing) {
  constexpr std::size_t k_most = 100;
  const std::string where = "event schema, missing";
  require(missing.size() <= k_most, where, "texts that mean a missing value", "at most 100",
          std::to_string(missing.size()));
  std::set<std::string_view> texts;
  for (const std::string& text : missing)
    require(!text.empty() && texts.insert(text).second, where, "an empty text, or one that stands twice",
            "distinct texts", "\"" + text + "\"");
}

void check_time(const TimeColumn& time) {
  const std::string where = "event schema, time column \"" + time.name + "\"";
  check_seen(where, time.seen);
  constexpr std::string_view units[] = {"s", "ms", "us", "ns"};
  require(std::find(std::begin(units), std::end(units), time.unit) != std::end(units), where, "unknown unit",
          "s, ms, us or ns", time.unit);
  if (!time.format.empty()) {
    const std::string problem = problem_of_format(time.format);
    require(problem.empty(), where, "format of its texts: " + problem, "a format of strptime", time.format);
    require(time.date_order == DateOrder::unknown, where, "a date order beside a format", "one of them", time.format);
  }
  require(time.gap.buckets >= 8 && time.gap.buckets <= 4096, where, "buckets out of range", "8 .. 4096",
          std::to_string(time.gap.buckets));
  require(time.gap.unit_ms >= 1, where, "unit_ms out of range", "at least 1", std::to_string(time.gap.unit_ms));
  require(std::isfinite(time.gap.per_octave) && time.gap.per_octave > 0, where, "per_octave out of range", "above 0",
          std::to_string(time.gap.per_octave));
}

}  // namespace

std::string_view to_string(ColumnKind kind) noexcept {
  switch (kind) {
    case ColumnKind::categorical:
      return "categorical";
    case ColumnKind::numeric:
      return "numeric";
    case ColumnKind::time:
      return "time";
  }
  return "";
}

ColumnKind column_kind_from_string(std::string_view name) {
  for (const ColumnKind kind : {ColumnKind::categorical, ColumnKind::numeric, ColumnKind::time})
    if (name == to_string(kind)) return kind;
  if (name == "hash")
    fail(ErrorCode::unsupported, "column kind \"hash\"", "not built yet; use categorical (rare values become UNK)");
  fail(ErrorCode::invalid_argument, "column kind", "unknown", "categorical, numeric or time", name);
}

float NumericTransform::operator()(float value) const noexcept {
  const double x = value;
  const double scaled = (std::copysign(std::log1p(std::abs(x)), x) - mean) / std;
  return static_cast<float>(std::clamp(scaled, low, high));
}

std::int32_t GapBuckets::operator()(std::int64_t before_ms, std::int64_t time_ms) const noexcept {
  if (before_ms == k_no_time || time_ms == k_no_time || time_ms < before_ms) return k_gap_unknown;
  // The difference of two int64 can overflow; as unsigned it is exact.
  const auto gap = static_cast<double>(static_cast<std::uint64_t>(time_ms) - static_cast<std::uint64_t>(before_ms));
  const double step = std::floor(std::log2(1.0 + gap / static_cast<double>(unit_ms)) * per_octave);
  return k_gap_values + static_cast<std::int32_t>(std::min(step, static_cast<double>(buckets - k_gap_values - 1)));
}

EventSchema lines_schema(Vocabulary vocabulary) {
  EventSchema schema;
  schema.columns.push_back({"event", ColumnKind::categorical, std::move(vocabulary), {}});
  return schema;
}

void check(const EventSchema& schema) {
  const std::string where = "event schema";
  require(schema.primary < schema.columns.size(), where, "no primary column", "one categorical column", "none");
  require(schema.columns[schema.primary].kind == ColumnKind::categorical, where,
          "the primary column has the wrong kind", "categorical",
          std::string(to_string(schema.columns[schema.primary].kind)));
  std::set<std::string_view> names;
  for (std::size_t c = 0; c < schema.columns.size(); ++c) {
    const EventColumn& column = schema.columns[c];
    const std::string place = where + ", column \"" + column.name + "\"";
    require(!column.name.empty(), where, "a column has no name", "a name", "\"\"");
    require(names.insert(column.name).second, place, "the name stands twice", "distinct names", column.name);
    require(column.kind != ColumnKind::time, place, "the time column stands apart", "categorical or numeric", "time");
    if (column.kind == ColumnKind::numeric) check_numeric(place, column.transform);
    require(!column.persistent || (column.kind == ColumnKind::categorical && c != schema.primary), place,
            "the column cannot be persistent", "a categorical column beside the primary one",
            c == schema.primary ? "the primary column" : std::string(to_string(column.kind)));
    check_dependent_values(place, schema, c);
    check_seen(place, column.seen);
    if (column.usual)
      require(column.kind == ColumnKind::numeric && std::isfinite(column.usual->low) &&
                  std::isfinite(column.usual->high) && column.usual->low < column.usual->high,
              place, "usual numbers", "low < high of a numeric column",
              std::to_string(column.usual->low) + ", " + std::to_string(column.usual->high));
  }
  if (schema.time) {
    require(!schema.time->name.empty(), where, "the time column has no name", "a name", "\"\"");
    require(names.insert(schema.time->name).second, where, "the time column is another column too", "distinct names",
            schema.time->name);
    check_time(*schema.time);
  }
  check_missing(schema.missing);
  try {
    const CleaningRules cleaning = cleaning_from_string(schema.cleaning);
    require(!cleaning.only_report, where, "rules of cleaning", "rules that do something", schema.cleaning);
  } catch (const Error& error) {
    fail(ErrorCode::bad_format, where, error.what());
  }
  const SequenceRules& rules = schema.sequence;
  require(rules.window >= 3 && rules.window <= 1'000'000, where, "window out of range", "3 .. 1000000",
          std::to_string(rules.window));
  require(rules.stride >= 1 && rules.stride <= rules.window, where, "stride out of range", "1 .. window",
          std::to_string(rules.stride));
}

}  // namespace v0
}  // namespace seqguard
