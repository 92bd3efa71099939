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

/// A number; blanks around it and a leading '+' are allowed. missing: empty, na, n/a, nan, null, none, or infinite.
ParseStatus parse_number(std::string_view text, double& value);

/// A time in milliseconds since 1970 UTC: a number of units ("s", "ms", "us", "ns") or ISO-8601
/// (2024-05-01, 2024-05-01T10:20, 2024-05-01 10:20:30.5+02:00; no zone means UTC).
ParseStatus parse_time(std::string_view text, std::string_view unit, std::int64_t& ms);

/// An order: a number, or a time as parse_time() reads it. missing: as a number.
ParseStatus parse_order(std::string_view text, OrderKey& order);

/// The unit of plain numbers as times by the size of a typical one: below 10^11 seconds (until the year 5138),
/// below 10^14 milliseconds, below 10^17 microseconds, else nanoseconds.
std::string_view guess_time_unit(double typical);

/// A value as it may stand in a message: in quotes, at most 40 bytes, control characters and bytes above 126 as \xNN.
std::string quoted(std::string_view text);

}  // namespace v0
}  // namespace seqguard
