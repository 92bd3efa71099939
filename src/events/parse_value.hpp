// Numbers, times and orders as people write them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "seqguard/events/event_row.hpp"

namespace seqguard {
inline namespace v0 {

enum class ParseStatus { ok, missing, bad, out_of_range };

/// Without the blanks and tabs around it.
std::string_view trimmed(std::string_view text);

/// A number; blanks around it, a leading '+' and thousands apart ("1 234 567", "1'234", and "1,234.5" or "1.234,5" by
/// the decimal sign) are allowed. missing: empty, na, n/a, nan, null, none, \N, or infinite.
ParseStatus parse_number(std::string_view text, double& value, char decimal = '.');

/// A point in time: milliseconds since 1970 UTC and the nanoseconds that come on top, 0 .. 999,999.
struct ExactTime {
  std::int64_t ms = k_no_time;
  std::int32_t ns = 0;
  TimeForm form = TimeForm::none;
};

/// The power of ten of a unit ("s", "ms", "us", "ns") in milliseconds.
std::int64_t power_of_unit(std::string_view unit);

/// A number of units, or a date (date.hpp: ISO-8601, slashes, names of months, AM and PM; no zone means UTC), or what
/// the reading has beside them, or only what its format says; rounded down to the nanosecond. missing: as a number.
ParseStatus parse_time(std::string_view text, const TimeReading& reading, ExactTime& time);

/// Whether a time or order is missing: empty, or a word as of parse_number().
bool is_missing_time(std::string_view text);

struct Date;
/// The date that a text is; `is_date` says whether it is meant as one and nothing else.
std::optional<Date> read_date(std::string_view text, const TimeReading& reading, bool& is_date);

/// An order: a number of units, or a time. missing: as a number. out_of_range: it cannot be kept exactly (OrderKey).
ParseStatus parse_order(std::string_view text, const TimeReading& reading, OrderKey& order, TimeForm& form);

/// The unit of plain numbers as times by the size of a typical one: below 10^11 seconds (until the year 5138),
/// below 10^14 milliseconds, below 10^17 microseconds, else nanoseconds.
std::string_view guess_time_unit(double typical);

/// A value as it may stand in a message: in quotes, at most 40 bytes, control characters and bytes above 126 as \xNN.
std::string quoted(std::string_view text);

}  // namespace v0
}  // namespace seqguard
