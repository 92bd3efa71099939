// Dates as people write them, of which no digit is lost.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "seqguard/events/schema.hpp"

namespace seqguard {
inline namespace v0 {

/// A point in time; `fraction` is a view of the text it was read from.
struct Date {
  std::int64_t seconds = 0;   ///< since 1970 UTC, rounded down
  std::string_view fraction;  ///< digits of the part of a second that comes on top
  bool has_zone = false;      ///< the text names one; without, UTC is assumed
};

/// Whether a text is meant as a date: it begins like one, and no number does.
bool looks_like_date(std::string_view text) noexcept;

/// Reads 2024-05-01, 2024-05-01T10:20, 2024-05-01 10:20:30.5+02:00, the same with slashes, 01/May/2024:10:20:30 +0200
/// of Apache's logs (also with '-' or blanks), and behind the time AM or PM, Z, UTC, GMT or an offset. Nothing for
/// another text: 05/01/2024 may be a day in May or in January.
std::optional<Date> scan_date(std::string_view text) noexcept;

/// The two numbers in front of 5/1/2024, 05.01.2024, 05-01-2024 10:20 ..: a day and a month, in this order or the
/// other. Nothing for another text.
struct DayAndMonth {
  int first = 0, second = 0;
};
std::optional<DayAndMonth> day_and_month(std::string_view text) noexcept;

/// Reads such a text, and behind the date a time as scan_date() does, of which the hour may have one digit.
std::optional<Date> scan_date(std::string_view text, DateOrder order) noexcept;

/// 1 .. 12 for the first three letters of an English name of a month, else 0.
int month_of(std::string_view text) noexcept;

/// "", "Z", "UTC", "GMT", "+02:00", "-0530", "+02" in front of `rest`, which it is taken from: minutes east of
/// Greenwich. Nothing for another text.
std::optional<int> take_zone(std::string_view& rest) noexcept;

/// Seconds since 1970 of a time of a day that exists, an hour of 0 .. 24, a minute of 0 .. 59, a second of 0 .. 60.
std::optional<std::int64_t> seconds_of(int year, int month, int day, int hour, int minute, int second) noexcept;

}  // namespace v0
}  // namespace seqguard
