#include "events/time_format.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>

#include "core/utf8.hpp"
#include "events/time_format_parts.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

/// The part of a time that a letter names, by the letter that stands for it here; 0: none.
char part_of(char letter) {
  switch (letter) {
    case 'y':
      return 'Y';
    case 'b':
    case 'B':
    case 'h':
      return 'm';
    case 'e':
      return 'd';
    case 'k':
      return 'H';
    case 'l':
      return 'I';
    case 'A':
      return 'a';
    default:
      return std::string_view("YmdjHIpMSfzsa").find(letter) != std::string_view::npos ? letter : '\0';
  }
}

/// The names among which a text begins with one, whole or its first three letters; takes it.
template <std::size_t Count>
std::optional<int> take_name(std::string_view& rest, const std::array<std::string_view, Count>& names) {
  const auto begins = [&](std::string_view name) {
    return rest.size() >= name.size() &&
           std::equal(name.begin(), name.end(), rest.begin(), [](char a, char b) { return lower(a) == lower(b); });
  };
  for (std::size_t i = 0; i < Count; ++i) {
    if (!begins(names[i].substr(0, k_short_name))) continue;
    rest.remove_prefix(begins(names[i]) ? names[i].size() : k_short_name);
    return static_cast<int>(i);
  }
  return std::nullopt;
}

/// Reads a text part by part.
struct FormatScanner {
  std::string_view rest;
  int year = 1970, month = 1, day = 1, day_of_year = 0, hour = 0, minute = 0, second = 0, zone = 0;
  bool is_afternoon = false, has_half = false, has_zone = false;
  std::optional<std::int64_t> epoch = {};
  std::string_view fraction = {}, zone_text = {};

  bool number(std::size_t least, std::size_t most, int& value) {
    std::size_t count = 0;
    value = 0;
    for (; count < most && count < rest.size() && is_digit(rest[count]); ++count)
      value = value * 10 + (rest[count] - '0');
    rest.remove_prefix(count);
    return count >= least;
  }
  bool padded(int& value) {
    if (rest.starts_with(' ')) rest.remove_prefix(1);
    return number(1, 2, value);
  }
  bool month_name() {
    const auto found = take_name(rest, k_months);
    month = found.value_or(0) + 1;
    return found.has_value();
  }
  bool half_of_day() {
    if (rest.size() < 2 || lower(rest[1]) != 'm' || (lower(rest[0]) != 'a' && lower(rest[0]) != 'p')) return false;
    has_half = true;
    is_afternoon = lower(rest[0]) == 'p';
    rest.remove_prefix(2);
    return true;
  }
  bool digits_of_second() {
    fraction = rest.substr(0, std::min(rest.find_first_not_of("0123456789"), rest.size()));
    rest.remove_prefix(fraction.size());
    return !fraction.empty();
  }
  bool zone_name() {
    const std::string_view before = rest;
    const auto found = take_zone(rest);
    zone = found.value_or(0);
    zone_text = before.substr(0, before.size() - rest.size());
    has_zone = true;
    return found && !zone_text.empty();
  }
  bool seconds() {
    constexpr std::size_t k_most = 12;  // thirty thousand years
    const bool negative = rest.starts_with('-');
    if (negative) rest.remove_prefix(1);
    std::int64_t value = 0;
    std::size_t count = 0;
    for (; count < rest.size() && is_digit(rest[count]); ++count)
      if (count < k_most) value = value * 10 + (rest[count] - '0');
    rest.remove_prefix(count);
    epoch = negative ? -value : value;
    has_zone = true;
    return count > 0 && count <= k_most;
  }
  bool part(char letter) {
    switch (letter) {
      case 'Y':
        return number(4, 4, year);
      case 'y':
        if (!number(2, 2, year)) return false;
        year += year < 69 ? 2000 : 1900;  // as POSIX has it
        return true;
      case 'm':
        return number(1, 2, month);
      case 'b':
      case 'B':
      case 'h':
        return month_name();
      case 'd':
        return number(1, 2, day);
      case 'e':
        return padded(day);
      case 'j':
        return number(1, 3, day_of_year) && day_of_year > 0;
      case 'H':
        return number(1, 2, hour);
      case 'I':
        return number(1, 2, hour) && hour >= 1 && hour <= 12;
      case 'k':
        return padded(hour);
      case 'l':
        return padded(hour) && hour >= 1 && hour <= 12;
      case 'p':
        return half_of_day();
      case 'M':
        return number(1, 2, minute);
      case 'S':
        return number(1, 2, second);
      case 'f':
        return digits_of_second();
      case 'z':
        return zone_name();
      case 's':
        return seconds();
      default:  // the day of the week says nothing new
        return take_name(rest, k_days).has_value();
    }
  }
  bool literal(char c) {
    if (is_space(c)) {
      while (!rest.empty() && is_space(rest[0])) rest.remove_prefix(1);
      return true;
    }
    if (rest.empty() || rest[0] != c) return false;
    rest.remove_prefix(1);
    return true;
  }
  bool read(std::string_view format) {
    return for_each_part(
               format, [&](char letter) { return part(letter); }, [&](char c) { return literal(c); }) &&
           rest.empty();
  }
};

}  // namespace

std::string problem_of_format(std::string_view format) {
  constexpr std::size_t k_longest = 100;
  if (format.size() > k_longest || !is_valid_utf8(format)) return "longer than 100 bytes, or no UTF-8";
  std::string parts, problem;
  for_each_part(
      format,
      [&](char letter) {
        const char part = part_of(letter);
        const std::string name = letter == '\0' ? "% at the end" : std::string("%") + letter;
        if (letter == 'Z')
          problem = "%Z is not read, since names of zones are not unique: give the letters as they stand, or %z";
        else if (part == '\0')
          problem = name + " is not known";
        else if (part != 'a' && parts.find(part) != std::string::npos)
          problem = name + " names a part of the time that stands there already";
        parts += part;
        return problem.empty();
      },
      [](char) { return true; });
  if (!problem.empty()) return problem;
  const auto has = [&](char part) { return parts.find(part) != std::string::npos; };
  if (has('s'))
    return parts.find_first_of("YmdjHIpMSz") == std::string::npos ? "" : "%s stands for all, and beside other parts";
  if (!has('Y') || !(has('j') || (has('m') && has('d'))))
    return "it names no day: %Y (or %y) with %m (or %b) and %d, or with %j, or %s alone";
  if (has('j') && (has('m') || has('d'))) return "%j beside a month or a day of it";
  if (has('I') != has('p') || (has('H') && has('I'))) return "%I and %p go together, and without %H";
  if ((has('M') && !has('H') && !has('I')) || (has('S') && !has('M')) || (has('f') && !has('S')))
    return "minutes without hours, seconds without minutes, or %f without %S";
  return {};
}

std::optional<Date> scan_time(std::string_view text, std::string_view format) noexcept {
  FormatScanner scan{text};
  if (!scan.read(format)) return std::nullopt;
  Date result{0, scan.fraction, scan.has_zone};
  if (scan.epoch) {
    result.seconds = *scan.epoch;
    // A fraction comes on top, which of a negative number it does not.
    if (*scan.epoch < 0 && scan.fraction.find_first_not_of('0') != std::string_view::npos) return std::nullopt;
    return result;
  }
  if (scan.has_half) scan.hour = scan.hour % 12 + (scan.is_afternoon ? 12 : 0);
  if (scan.day_of_year > 0) scan.month = scan.day = 1;
  const auto seconds = seconds_of(scan.year, scan.month, scan.day, scan.hour, scan.minute, scan.second);
  if (!seconds) return std::nullopt;
  result.seconds = *seconds - 60 * scan.zone;
  if (scan.day_of_year == 0) return result;
  if (scan.day_of_year > (std::chrono::year(scan.year).is_leap() ? 366 : 365)) return std::nullopt;
  constexpr std::int64_t k_day = 86'400;
  result.seconds += k_day * (scan.day_of_year - 1);
  return result;
}

std::string zone_in(std::string_view text, std::string_view format) {
  FormatScanner scan{text};
  return scan.read(format) ? std::string(scan.zone_text) : std::string();
}

}  // namespace v0
}  // namespace seqguard
