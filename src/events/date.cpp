#include "events/date.hpp"

#include <chrono>
#include <cstddef>

namespace seqguard {
inline namespace v0 {
namespace {

/// Reads parts of an ISO-8601 text from left to right.
struct IsoScanner {
  std::string_view rest;

  bool eat(char c) {
    if (rest.empty() || rest[0] != c) return false;
    rest.remove_prefix(1);
    return true;
  }
  bool digits(std::size_t count, int& value) {
    if (rest.size() < count) return false;
    value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (rest[i] < '0' || rest[i] > '9') return false;
      value = value * 10 + (rest[i] - '0');
    }
    rest.remove_prefix(count);
    return true;
  }
  /// "", ".5" or ",250".
  bool fraction(std::string_view& found) {
    if (!eat('.') && !eat(',')) return true;
    const std::size_t end = rest.find_first_not_of("0123456789");
    found = rest.substr(0, end);
    rest.remove_prefix(found.size());
    return !found.empty();
  }
  /// "", "Z", "+02:00", "-0530", "+02": minutes east of Greenwich.
  bool zone(int& minutes) {
    minutes = 0;
    if (rest.empty() || eat('Z') || eat('z')) return true;
    const bool west = rest[0] == '-';
    if (!eat('+') && !eat('-')) return false;
    int hour = 0, minute = 0;
    if (!digits(2, hour)) return false;
    if (!rest.empty()) {
      eat(':');
      if (!digits(2, minute)) return false;
    }
    minutes = (west ? -1 : 1) * (hour * 60 + minute);
    return hour <= 23 && minute <= 59;
  }
};

}  // namespace

bool looks_like_date(std::string_view text) noexcept { return text.size() >= 10 && text[4] == '-' && text[7] == '-'; }

std::optional<Date> scan_date(std::string_view text) noexcept {
  IsoScanner scan{text};
  Date result;
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, zone = 0;
  if (!scan.digits(4, year) || !scan.eat('-') || !scan.digits(2, month) || !scan.eat('-') || !scan.digits(2, day))
    return std::nullopt;
  if (!scan.rest.empty()) {
    if (!scan.eat('T') && !scan.eat('t') && !scan.eat(' ')) return std::nullopt;
    if (!scan.digits(2, hour) || !scan.eat(':') || !scan.digits(2, minute)) return std::nullopt;
    if (scan.eat(':') && (!scan.digits(2, second) || !scan.fraction(result.fraction))) return std::nullopt;
    result.has_zone = !scan.rest.empty();
    if (!scan.zone(zone) || !scan.rest.empty()) return std::nullopt;
  }
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok() || hour > 24 || minute > 59 || second > 60) return std::nullopt;
  const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  result.seconds = ((days * 24 + hour) * 60 + minute - zone) * 60 + second;
  return result;
}

}  // namespace v0
}  // namespace seqguard
