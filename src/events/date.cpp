#include "events/date.hpp"

#include <chrono>
#include <cstddef>

namespace seqguard {
inline namespace v0 {
namespace {

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

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
      if (!is_digit(rest[i])) return false;
      value = value * 10 + (rest[i] - '0');
    }
    rest.remove_prefix(count);
    return true;
  }
  /// One or two.
  bool few_digits(int& value) { return digits(rest.size() > 1 && is_digit(rest[1]) ? 2 : 1, value); }
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
  /// What stands behind a date and the mark after it, to the end of the text.
  std::optional<Date> time_of(int year, int month, int day, bool has_short_hours) {
    Date result;
    int hour = 0, minute = 0, second = 0;
    if (!(has_short_hours ? few_digits(hour) : digits(2, hour)) || !eat(':') || !digits(2, minute)) return std::nullopt;
    if (eat(':') && (!digits(2, second) || !fraction(result.fraction))) return std::nullopt;
    if (!half_of_day(hour)) return std::nullopt;
    if (rest.size() > 1) eat(' ');
    result.has_zone = !rest.empty();
    const auto zone = take_zone(rest);
    const auto seconds = seconds_of(year, month, day, hour, minute, second);
    if (!zone || !rest.empty() || !seconds) return std::nullopt;
    result.seconds = *seconds - 60 * *zone;
    return result;
  }
};

std::optional<Date> midnight(int year, int month, int day) {
  const auto seconds = seconds_of(year, month, day, 0, 0, 0);
  return seconds ? std::optional(Date{*seconds, {}, false}) : std::nullopt;
}

/// The numbers of 5/1/2024; `scan` stands behind them then.
bool scan_numbers(Scanner& scan, int& first, int& second, int& year) {
  if (!scan.few_digits(first) || scan.rest.empty()) return false;
  const char mark = scan.rest[0];
  return (mark == '/' || mark == '.' || mark == '-') && scan.eat(mark) && scan.few_digits(second) && scan.eat(mark) &&
         scan.digits(4, year) && (scan.rest.empty() || !is_digit(scan.rest[0]));
}

}  // namespace

int month_of(std::string_view text) noexcept {
  constexpr std::string_view k_months = "janfebmaraprmayjunjulaugsepoctnovdec";
  if (text.size() != 3) return 0;
  for (std::size_t at = 0; at < k_months.size(); at += 3)
    if (lower(text[0]) == k_months[at] && lower(text[1]) == k_months[at + 1] && lower(text[2]) == k_months[at + 2])
      return static_cast<int>(at / 3) + 1;
  return 0;
}

std::optional<int> take_zone(std::string_view& rest) noexcept {
  Scanner scan{rest};
  int hour = 0, minute = 0;
  const bool west = rest.starts_with('-');
  if (rest.empty() || scan.eat('Z') || scan.eat('z')) {
  } else if (rest.starts_with("UTC") || rest.starts_with("GMT")) {
    scan.rest.remove_prefix(3);
  } else {
    if ((!scan.eat('+') && !scan.eat('-')) || !scan.digits(2, hour)) return std::nullopt;
    if (!scan.rest.empty() && (scan.rest[0] == ':' || is_digit(scan.rest[0]))) {
      scan.eat(':');
      if (!scan.digits(2, minute)) return std::nullopt;
    }
    if (hour > 23 || minute > 59) return std::nullopt;
  }
  rest = scan.rest;
  return (west ? -1 : 1) * (hour * 60 + minute);
}

std::optional<std::int64_t> seconds_of(int year, int month, int day, int hour, int minute, int second) noexcept {
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok() || hour > 24 || minute > 59 || second > 60) return std::nullopt;
  const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  return ((days * 24 + hour) * 60 + minute) * 60 + second;
}

bool looks_like_date(std::string_view text) noexcept {
  if (text.size() < 10) return false;
  if ((text[4] == '-' || text[4] == '/') && text[7] == text[4]) return true;
  return month_of(text.substr(3, 3)) != 0 && (text[2] == '/' || text[2] == '-' || text[2] == ' ');
}

std::optional<Date> scan_date(std::string_view text) noexcept {
  Scanner scan{text};
  int year = 0, month = 0, day = 0;
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
  if (scan.rest.empty()) return midnight(year, month, day);
  if (!scan.eat('T') && !scan.eat('t') && !scan.eat(' ') && (is_iso || !scan.eat(':'))) return std::nullopt;
  return scan.time_of(year, month, day, false);
}

std::optional<DayAndMonth> day_and_month(std::string_view text) noexcept {
  Scanner scan{text};
  DayAndMonth found;
  int year = 0;
  return scan_numbers(scan, found.first, found.second, year) ? std::optional(found) : std::nullopt;
}

std::optional<Date> scan_date(std::string_view text, DateOrder order) noexcept {
  Scanner scan{text};
  int first = 0, second = 0, year = 0;
  if (order == DateOrder::unknown || !scan_numbers(scan, first, second, year)) return std::nullopt;
  const int day = order == DateOrder::day_first ? first : second,
            month = order == DateOrder::day_first ? second : first;
  if (scan.rest.empty()) return midnight(year, month, day);
  if (scan.eat(',') && !scan.rest.starts_with(' ')) return std::nullopt;
  if (!scan.eat(' ') && !scan.eat('T')) return std::nullopt;
  return scan.time_of(year, month, day, true);
}

}  // namespace v0
}  // namespace seqguard
