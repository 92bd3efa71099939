#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdio>

#include "events/time_format.hpp"
#include "events/time_format_parts.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

void append_number(std::string& text, int value, int width, char pad) {
  char digits[16];
  const int count = std::snprintf(digits, sizeof digits, "%d", value);
  if (count < width) text.append(static_cast<std::size_t>(width - count), pad);
  text += digits;
}

/// Writes the parts of a time.
struct FormatWriter {
  const TimeParts& time;
  std::int64_t days;
  int of_day;  // seconds
  std::chrono::year_month_day date;
  std::string text = {};

  int hour_of_half() const { return of_day / 3600 % 12 == 0 ? 12 : of_day / 3600 % 12; }
  void part(char letter) {
    const auto zeros = [&](int value, int width = 2) { append_number(text, value, width, '0'); };
    const auto blanks = [&](int value) { append_number(text, value, 2, ' '); };
    const int year = static_cast<int>(date.year()), month = static_cast<int>(static_cast<unsigned>(date.month())),
              day = static_cast<int>(static_cast<unsigned>(date.day()));
    const std::string_view month_name = k_months[static_cast<std::size_t>(month - 1)];
    // 1970-01-01 was a Thursday.
    const std::string_view day_name = k_days[static_cast<std::size_t>(((days + 4) % 7 + 7) % 7)];
    const std::chrono::sys_days new_year = date.year() / std::chrono::January / 1;
    switch (letter) {
      case 'Y':
        return zeros(year, 4);
      case 'y':
        return zeros(year % 100);
      case 'm':
        return zeros(month);
      case 'b':
      case 'h':
        text += month_name.substr(0, k_short_name);
        return;
      case 'B':
        text += month_name;
        return;
      case 'd':
        return zeros(day);
      case 'e':
        return blanks(day);
      case 'j':
        return zeros(static_cast<int>(days - new_year.time_since_epoch().count()) + 1, 3);
      case 'H':
        return zeros(of_day / 3600);
      case 'k':
        return blanks(of_day / 3600);
      case 'I':
        return zeros(hour_of_half());
      case 'l':
        return blanks(hour_of_half());
      case 'p':
        text += of_day < 43'200 ? "AM" : "PM";
        return;
      case 'M':
        return zeros(of_day / 60 % 60);
      case 'S':
        return zeros(of_day % 60);
      case 'f': {
        std::string digits = std::to_string(time.ns);
        constexpr std::size_t k_nano = 9;
        digits.insert(0, k_nano - digits.size(), '0');
        digits.resize(time.digits, '0');
        text += digits;
        return;
      }
      case 'z':
        text += time.zone;
        return;
      case 's':
        text += std::to_string(time.seconds - 60 * std::int64_t{time.zone_minutes});
        return;
      case 'A':
        text += day_name;
        return;
      default:
        text += day_name.substr(0, k_short_name);
    }
  }
};

/// How the rest of a date is written, behind its day.
std::string format_of_time(std::string_view rest) {
  constexpr std::string_view k_digits = "0123456789";
  std::string format;
  const auto skip = [&](std::string_view what) {
    rest.remove_prefix(std::min(rest.find_first_not_of(what), rest.size()));
  };
  const auto copy = [&](std::string_view marks) {
    while (!rest.empty() && marks.find(rest[0]) != std::string_view::npos) {
      format += rest[0];
      rest.remove_prefix(1);
    }
  };
  copy(" ,Tt:");
  const std::size_t half = rest.find_first_of("mM");  // of AM and PM, not of GMT
  const bool has_half = half != std::string_view::npos && rest[half - 1] != 'G';
  format += has_half ? "%I:%M" : "%H:%M";
  skip(k_digits);
  rest.remove_prefix(1);  // ':'
  skip(k_digits);
  if (rest.starts_with(':')) {
    format += ":%S";
    rest.remove_prefix(1);
    skip(k_digits);
    if (rest.starts_with('.') || rest.starts_with(',')) {
      copy(".,");
      format += "%f";
      skip(k_digits);
    }
  }
  copy(" ");
  if (has_half) {
    format += "%p";
    rest.remove_prefix(2);
    copy(" ");
  }
  return format + (rest.empty() ? "" : "%z");
}

}  // namespace

std::string format_like(std::string_view text, DateOrder order) {
  std::size_t end = 10;  // of the day: "2024/05/01", "07 Apr 2014" has one more
  std::string format;
  if (!looks_like_date(text)) {
    const std::size_t mark = text.find_first_of("/.-");
    end = text.find(text[mark], mark + 1) + 5;
    format = order == DateOrder::day_first ? "%d" : "%m";
    format += text[mark] + std::string(order == DateOrder::day_first ? "%m" : "%d") + text[mark] + "%Y";
  } else if (text[4] == '-' || text[4] == '/') {
    format = std::string("%Y") + text[4] + "%m" + text[4] + "%d";
  } else {
    ++end;
    format = std::string("%d") + text[2] + "%b" + text[2] + "%Y";
  }
  return text.size() > end ? format + format_of_time(text.substr(end)) : format;
}

std::string format_time(const TimeParts& time, std::string_view format) {
  constexpr std::int64_t k_day = 86'400;
  const std::int64_t days = time.seconds / k_day - (time.seconds % k_day < 0 ? 1 : 0);
  FormatWriter writer{time, days, static_cast<int>(time.seconds - days * k_day),
                      std::chrono::year_month_day{std::chrono::sys_days{std::chrono::days{days}}}};
  for_each_part(
      format,
      [&](char letter) {
        writer.part(letter);
        return true;
      },
      [&](char c) {
        writer.text += c;
        return true;
      });
  return writer.text;
}

}  // namespace v0
}  // namespace seqguard
