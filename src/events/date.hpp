// Dates as people write them, of which no digit is lost.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

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

}  // namespace v0
}  // namespace seqguard
