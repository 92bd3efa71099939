#include "events/date.hpp"

#include <chrono>
#include <cstddef>

namespace seqguard {
inline namespace v0 {
namespace {

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

/// 1 .. 12 for the first three letters of its English name, else 0.
int month_of(std::string_view text) {
  constexpr std::string_view k_months = "janfebmaraprmayjunjulaugsepoctnovdec";
  if (text.size() != 3) return 0;
  for (std::size_t at = 0; at < k_months.size(); at += 3)
    if (lower(text[0]) == k_months[at] && lower(text[1]) == k_months[at + 1] && lower(text[2]) == k_months[at + 2])
      return static_cast<int>(at / 3) + 1;
  return 0;
}

/// Reads parts of a date from left to right.
struct Scanner {
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
  /// "", " PM", "am": of the hours 1 .. 12.
  bool half_of_day(int& hour) {
    std::string_view text = rest;
    if (text.starts_with(' ')) text.remove_prefix(1);
    if (text.size() < 2 || lower(text[1]) != 'm' || (lower(text[0]) != 'a' && lower(text[0]) != 'p')) return true;
    if (hour < 1 || hour > 12) return false;
    hour = hour % 12 + (lower(text[0]) == 'p' ? 12 : 0);
    rest = text.substr(2);
    return true;
  }
  /// "", "Z", "UTC", "GMT", "+02:00", "-0530", "+02": minutes east of Greenwich.
  bool zone(int& minutes) {
    minutes = 0;
    if (rest.empty() || eat('Z') || eat('z')) return true;
    if (rest == "UTC" || rest == "GMT") {
      rest = {};
      return true;
    }
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

bool looks_like_date(std::string_view text) noexcept {
  if (text.size() < 10) return false;
  if ((text[4] == '-' || text[4] == '/') && text[7] == text[4]) return true;
  return month_of(text.substr(3, 3)) != 0 && (text[2] == '/' || text[2] == '-' || text[2] == ' ');
}

std::optional<Date> scan_date(std::string_view text) noexcept {
  Scanner scan{text};
  Date result;
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, zone = 0;
  if (!looks_like_date(text)) return std::nullopt;
  const bool is_iso = text[4] == '-' || text[4] == '/';
  const char mark = is_iso ? text[4] : text[2];
  if (is_iso) {
    if (!scan.digits(4, year) || !scan.eat(mark) || !scan.digits(2, month) || !scan.eat(mark) || !scan.digits(2, day))
      return std::nullopt;
  } else {  // 07/Apr/2014
    month = month_of(text.substr(3, 3));
    if (!scan.digits(2, day) || !scan.eat(mark)) return std::nullopt;
    scan.rest.remove_prefix(3);
    if (!scan.eat(mark) || !scan.digits(4, year)) return std::nullopt;
  }
  if (!scan.rest.empty()) {
    if (!scan.eat('T') && !scan.eat('t') && !scan.eat(' ') && (is_iso || !scan.eat(':'))) return std::nullopt;
    if (!scan.digits(2, hour) || !scan.eat(':') || !scan.digits(2, minute)) return std::nullopt;
    if (scan.eat(':') && (!scan.digits(2, second) || !scan.fraction(result.fraction))) return std::nullopt;
    if (!scan.half_of_day(hour)) return std::nullopt;
    if (scan.rest.size() > 1) scan.eat(' ');
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
