// Times in a form that somebody has named, as strptime does: TimeReading::format.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "events/date.hpp"

namespace seqguard {
inline namespace v0 {

/// What is wrong with a format; empty: nothing. It is to name a day (year, month and day, the day of the year, or %s)
/// and each part once, %I with %p.
std::string problem_of_format(std::string_view format);

/// The time of a text in a sound format. Numbers may lack the zeros in front (but for %Y), blanks of the format stand
/// for any, names and AM for any case. Nothing for another text, and for a day that does not exist.
std::optional<Date> scan_time(std::string_view text, std::string_view format) noexcept;

/// The zone in which a text of that format gives its time; empty where it names none.
std::string zone_in(std::string_view text, std::string_view format);

/// The format of a text that scan_date() reads, by itself or by the order of day and month: 5/1/2024 9:05 PM is
/// "%m/%d/%Y %I:%M %p".
std::string format_like(std::string_view text, DateOrder order);

/// A point in time as the text of a format, numbers with their zeros; `seconds` since 1970 are those of the zone, in
/// which `zone_minutes` are more than UTC. %f writes `digits` of nanoseconds (1 .. 9).
struct TimeParts {
  std::int64_t seconds = 0;
  std::int32_t ns = 0;
  std::size_t digits = 6;
  std::string zone = {};  ///< as written for %z
  std::int32_t zone_minutes = 0;
};
std::string format_time(const TimeParts& time, std::string_view format);

}  // namespace v0
}  // namespace seqguard
