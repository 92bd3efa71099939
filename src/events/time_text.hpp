// Points in time, written as their neighbours in a file are.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "events/parse_value.hpp"

namespace seqguard {
inline namespace v0 {

/// How a time is written: as a plain number of a unit, as a date with its parts, marks and zone, or by a format.
struct TimeStyle {
  TimeForm form = TimeForm::none;
  std::string unit = "ms";   ///< of plain numbers
  std::size_t digits = 0;    ///< behind the point, of the unit or of the second
  bool keeps_zeros = false;  ///< all of the digits are written, zeros at the end too
  char separator = 0;        ///< of a date, between day and time; 0: it is only a day
  bool has_seconds = false;  ///< of a date with a time
  char mark = '.';           ///< before the digits
  std::string format = {};   ///< as of strptime; empty: one of the other two
  std::string zone = {};     ///< as written; empty: UTC without saying so
  std::int32_t zone_minutes = 0;
};

/// The style of a text that parse_time() reads; nullopt: it is no time. Days, months and hours get their zeros.
std::optional<TimeStyle> time_style(std::string_view text, const TimeReading& reading);

/// Adapts the digits of `style` to another text of the same column: the most that one of them has; zeros at the end are
/// kept only if all have as many.
void widen(TimeStyle& style, const TimeStyle& other);

/// The time of `ms` milliseconds since 1970 and `ns` more nanoseconds, 0 .. 999,999, rounded down to what the style
/// can say. @throws Error out_of_range: a date of a year outside 0 .. 9999.
std::string time_text(const TimeStyle& style, std::int64_t ms, std::int32_t ns);

}  // namespace v0
}  // namespace seqguard
