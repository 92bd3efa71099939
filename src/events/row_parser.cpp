#include <cmath>

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

/// The unit in which a number is a time of today; empty: in none.
std::string_view unit_of_today(std::string_view text) {
  ExactTime time;
  for (const std::string_view unit : {"s", "ms", "us", "ns"})
    if (parse_time(text, unit, time) == ParseStatus::ok && is_of_today(time.ms)) return unit;
  return {};
}

}  // namespace

void RowParser::parse(const SourceRow& row, EventRow& event) const {
  static_cast<RowOrigin&>(event) = row;
  if (event.problem.empty()) event.problem = read_fields(row, event);
}

std::string RowParser::read_fields(const SourceRow& row, EventRow& event) const {
  const auto text_of = [&](const ColumnPlan::Field& field) { return row.fields[field.field]; };
  if (plan_.key) {
    event.key = text_of(*plan_.key);
    if (event.key.empty()) return "column " + quoted(plan_.key->name) + ": empty key";
  }
  if (plan_.profile_key) {
    event.profile_key = text_of(*plan_.profile_key);
    if (event.profile_key.empty()) return "column " + quoted(plan_.profile_key->name) + ": empty key of a profile";
  }
  if (plan_.order) {
    event.order_text = text_of(*plan_.order);
    const bool is_time = plan_.time && plan_.time->field == plan_.order->field;
    const ParseStatus status =
        parse_order(event.order_text, is_time ? plan_.time_unit : "ms", event.order, event.order_form);
    if (status != ParseStatus::ok) return explain(plan_.order->name, status, "an order", event.order_text);
  }
  ExactTime time;
  event.likelier_unit = {};
  if (plan_.time) {
    const ParseStatus status = parse_time(text_of(*plan_.time), plan_.time_unit, time);
    if (status == ParseStatus::out_of_range) event.likelier_unit = unit_of_today(text_of(*plan_.time));
    if (event.likelier_unit.empty() && status != ParseStatus::ok && status != ParseStatus::missing)
      return explain(plan_.time->name, status,
                     status == ParseStatus::out_of_range ? "a time in " + plan_.time_unit : "a time",
                     text_of(*plan_.time));
  }
  event.time_ms = time.ms;
  event.time_ns = time.ns;
  event.time_form = time.form;
  event.values.resize(plan_.columns.size());
  for (std::size_t c = 0; c < plan_.columns.size(); ++c) {
    RowValue& value = event.values[c];
    value.text = row.fields[plan_.columns[c].field];
    if (plan_.columns[c].kind != ColumnKind::numeric) continue;
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
