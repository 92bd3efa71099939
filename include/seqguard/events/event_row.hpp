// What a row says under a plan of columns: data sets, and whoever takes events one by one, are built from these.
//
//   const auto source = open_rows("events.csv");           // reader.hpp
//   const RowParser parser(plan_from_schema(source->info(), schema));
//   SourceRow row;
//   EventRow event;
//   while (source->next(row)) {
//     parser.parse(row, event);
//     if (event.problem.empty()) take(event); else reject(event.line, event.problem);
//   }
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "seqguard/events/cleaning.hpp"
#include "seqguard/events/data_finding.hpp"
#include "seqguard/events/events_view.hpp"
#include "seqguard/events/row_source.hpp"
#include "seqguard/events/schema.hpp"

namespace seqguard {
inline namespace v0 {

enum class ParseStatus;

/// How texts are read as times where they do not say it themselves.
struct TimeReading {
  std::string unit = "ms";                    ///< of plain numbers: "s", "ms", "us" or "ns"
  char decimal = '.';                         ///< of plain numbers, beside the point
  DateOrder date_order = DateOrder::unknown;  ///< of 01/02/2024, 1.2.2024 ..; unknown: such texts are no times
  /// As of strptime, in English whatever the host's locale: %Y %y %m %d %e %j %b %B %a %A %H %k %I %l %p %M %S %f
  /// (digits of a fraction) %z (Z, UTC, GMT, +02:00) %s %T %R %D %F %n %t %%; a blank stands for any white space.
  /// Without %z and %s: UTC. Empty: the forms that are known (parse_time() in src/events).
  std::string format = {};
};

/// What is chosen once for a whole input, and holds for later ones: event_schema.json keeps it.
struct ReadingChoices {
  TimeReading time, order;           ///< that of an order column which is the time column is `time`
  std::vector<std::string> missing;  ///< texts that mean a missing value, beside the empty one: of keys and categories
  CleaningRules cleaning = {};       ///< what is done to the events before anything else is
};

/// How a time, or an order that may be one, is written.
enum class TimeForm : std::uint8_t {
  none,        ///< missing
  number,      ///< a plain number, which counts units
  date,        ///< ISO-8601 that names no time zone: UTC
  zoned_date,  ///< ISO-8601 with one
};

/// The place of an event among those of its sequence, as the order column says it. Keys compare exactly as the values
/// of the column do: integers of up to 128 bits, decimal numbers of up to 38 digits behind the point, times to the last
/// digit that is written. Plain numbers beside dates are milliseconds since 1970, in the time column its unit.
class OrderKey {
 public:
  OrderKey() = default;
  friend std::strong_ordering operator<=>(const OrderKey&, const OrderKey&) = default;

 private:
  friend ParseStatus parse_order(std::string_view text, const TimeReading& reading, OrderKey& order, TimeForm& form);
  std::array<std::uint32_t, 8> words_ = {};  // value * 10^38, the sign bit inverted; the most significant first
};

/// The value of one column.
struct RowValue {
  std::string_view text;                                   ///< as written
  float number = std::numeric_limits<float>::quiet_NaN();  ///< of a numeric column; NaN: missing
};

/// An event. Its texts last as long as those of the row that was parsed.
struct EventRow : RowOrigin {
  std::string_view key;          ///< empty for lines without key
  std::string_view profile_key;  ///< empty where there is no such column
  OrderKey order;                ///< equal for all events where there is no order column
  std::string_view order_text;   ///< as written; empty without order column
  std::int64_t time_ms = k_no_time;
  std::int32_t time_ns = 0;  ///< nanoseconds that come on top of time_ms, 0 .. 999,999
  /// Of a plain number that is too large to be a time in the plan's unit: "us", "ns", in which it is one of today; its
  /// time is unknown. Else empty.
  std::string_view likelier_unit;
  TimeForm order_form = TimeForm::none, time_form = TimeForm::none;
  std::vector<RowValue> values;  ///< one per ColumnPlan::columns
};

/// Which field of a row is what.
struct ColumnPlan {
  struct Field {
    std::string name;
    std::size_t field = 0;
  };
  std::vector<DataColumn> columns;  ///< categorical and numeric ones
  std::size_t primary = 0;          ///< index into columns
  std::optional<Field> key, profile_key, order, time;
  ReadingChoices reading;
  char decimal = '.';  ///< of numeric columns
  std::vector<DataFinding> findings;
  std::vector<std::string> ignored;  ///< columns of the source that are not used, with the reason
};

/// The columns of a schema, in its order, and what it says of reading them; for lines of events, their one column.
/// @throws Error bad_format naming a column that the source lacks.
ColumnPlan plan_from_schema(const SourceInfo& source, const EventSchema& schema);

/// Reads fields as keys, orders, times and numbers. Thread-safe.
class RowParser {
 public:
  explicit RowParser(ColumnPlan plan) : plan_(std::move(plan)) {}
  const ColumnPlan& plan() const noexcept { return plan_; }

  /// What `row` says. Its problem stays, or becomes one: an empty key, an order that is missing or none, a time or
  /// number that cannot be read. Reuses the capacity of `event`.
  void parse(const SourceRow& row, EventRow& event) const;

 private:
  std::string read_fields(const SourceRow& row, EventRow& event) const;
  bool is_missing(std::string_view text) const;

  ColumnPlan plan_;
};

}  // namespace v0
}  // namespace seqguard
