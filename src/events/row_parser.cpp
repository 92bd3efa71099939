#include <algorithm>
#include <cmath>

#include "events/date.hpp"
#include "events/parse_value.hpp"
#include "events/time_findings.hpp"
#include "seqguard/events/event_row.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

std::string explain(const std::string& column, ParseStatus status, std::string_view expected, std::string_view text) {
  const std::string what = status == ParseStatus::missing ? "empty"
                           : status == ParseStatus::bad   ? "not "
                                                          : "out of range for ";
  return "column " + quoted(column) + ": " + what + (status == ParseStatus::missing ? "" : std::string(expected)) +
         ": " + quoted(text);
}

std::string explain_key(const std::string& column, const std::string& what, std::string_view text) {
  return "column " + quoted(column) + ": " + (text.empty() ? "empty " + what : "missing " + what + ": " + quoted(text));
}

/// The same as explain() of a time or an order, which is read by what was chosen for its column.
std::string explain(const std::string& column, ParseStatus status, const std::string& expected, std::string_view text,
                    const TimeReading& reading) {
  if (status != ParseStatus::bad) return explain(column, status, expected, text);
  if (!reading.format.empty()) return explain(column, status, expected + " as " + reading.format, text);
  if (!day_and_month(trimmed(text))) return explain(column, status, expected, text);
  if (reading.date_order == DateOrder::unknown)
    return explain(column, status, expected + " (--date-order dmy or mdy says whether the day comes first)", text);
  return explain(column, status,
                 expected +
                     (reading.date_order == DateOrder::day_first ? " with the day first" : " with the month first") +
                     " (--date-order)",
                 text);
}

/// The unit in which a number is a time of today; empty: in none.
std::string_view unit_of_today(std::string_view text, TimeReading reading) {
  ExactTime time;
  for (const std::string_view unit : {"s", "ms", "us", "ns"}) {
    reading.unit = unit;
    if (parse_time(text, reading, time) == ParseStatus::ok && is_of_today(time.ms)) return unit;
  }
  return {};
}

}  // namespace

void RowParser::parse(const SourceRow& row, EventRow& event) const {
  static_cast<RowOrigin&>(event) = row;
  if (event.problem.empty()) event.problem = read_fields(row, event);
}

bool RowParser::is_missing(std::string_view text) const {
  const std::vector<std::string>& missing = plan_.reading.missing;
  return std::find(missing.begin(), missing.end(), text) != missing.end();
}

std::string RowParser::read_fields(const SourceRow& row, EventRow& event) const {
  const auto text_of = [&](const ColumnPlan::Field& field) { return row.fields[field.field]; };
  const bool has_missing = !plan_.reading.missing.empty();
  const auto is_no_key = [&](std::string_view key) { return key.empty() || (has_missing && is_missing(key)); };
  if (plan_.key) {
    event.key = text_of(*plan_.key);
    if (is_no_key(event.key)) return explain_key(plan_.key->name, "key", event.key);
  }
  if (plan_.profile_key) {
    event.profile_key = text_of(*plan_.profile_key);
    if (is_no_key(event.profile_key))
      return explain_key(plan_.profile_key->name, "key of a profile", event.profile_key);
  }
  const TimeReading& of_times = plan_.reading.time;
  if (plan_.order) {
    event.order_text = text_of(*plan_.order);
    const TimeReading& reading = plan_.time && plan_.time->field == plan_.order->field ? of_times : plan_.reading.order;
    const ParseStatus status = parse_order(event.order_text, reading, event.order, event.order_form);
    if (status != ParseStatus::ok) return explain(plan_.order->name, status, "an order", event.order_text, reading);
  }
  ExactTime time;
  event.likelier_unit = {};
  if (plan_.time) {
    const std::string_view text = text_of(*plan_.time);
    const ParseStatus status = parse_time(text, of_times, time);
    if (status == ParseStatus::out_of_range) event.likelier_unit = unit_of_today(text, of_times);
    if (event.likelier_unit.empty() && status != ParseStatus::ok && status != ParseStatus::missing)
      return explain(plan_.time->name, status,
                     status == ParseStatus::out_of_range ? "a time in " + of_times.unit : "a time", text, of_times);
  }
  event.time_ms = time.ms;
  event.time_ns = time.ns;
  event.time_form = time.form;
  event.values.resize(plan_.columns.size());
  for (std::size_t c = 0; c < plan_.columns.size(); ++c) {
    RowValue& value = event.values[c];
    value.text = row.fields[plan_.columns[c].field];
    if (plan_.columns[c].kind != ColumnKind::numeric) {
      if (has_missing && is_missing(value.text)) value.text = {};
      continue;
    }
    double number = 0;
    ParseStatus status = parse_number(value.text, number, plan_.decimal);
    if (status == ParseStatus::ok && std::abs(number) > std::numeric_limits<float>::max())
      status = ParseStatus::out_of_range;
    if (status != ParseStatus::ok && status != ParseStatus::missing)
      return explain(plan_.columns[c].name, status, "a number", value.text);
    value.number = status == ParseStatus::ok ? static_cast<float>(number) : std::numeric_limits<float>::quiet_NaN();
  }
  return {};
}

}  // namespace v0
}  // namespace seqguard
