#include "events/time_text.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdio>

#include "events/date.hpp"
#include "events/decimal.hpp"
#include "events/time_format.hpp"
#include "seqguard/core/error.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

constexpr std::int64_t floor_div(std::int64_t a, std::int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

/// More digits behind the point than a time that is kept has.
constexpr std::size_t k_most_digits = 18;

/// Digits behind the point of a plain number: "1.50" has two, "15e-1" one.
std::size_t digits_of(const Decimal& number) {
  const std::int64_t written = static_cast<std::int64_t>(number.fraction.size()) - number.exponent;
  return static_cast<std::size_t>(std::clamp<std::int64_t>(written, 0, k_most_digits));
}

std::optional<TimeStyle> date_style(std::string_view text) {
  const auto date = scan_date(text);
  if (!date || text[4] != '-') return std::nullopt;
  TimeStyle style{.form = date->has_zone ? TimeForm::zoned_date : TimeForm::date};
  style.keeps_zeros = true;
  if (text.size() == 10) return style;
  style.separator = text[10];
  std::string_view rest = text.substr(16);  // behind "2024-05-01T10:20"
  style.has_seconds = rest.starts_with(':');
  if (style.has_seconds) rest.remove_prefix(3);
  style.digits = date->fraction.size();
  if (style.digits > 0) {
    style.mark = rest[0];
    rest.remove_prefix(1 + style.digits);
    style.digits = std::min(style.digits, k_most_digits);
  }
  if (!rest.empty() && std::string_view("Zz+-").find(rest[0]) == std::string_view::npos) return std::nullopt;
  style.zone = rest;
  style.zone_minutes = take_zone(rest).value_or(0);
  return style;
}

std::optional<TimeStyle> style_of_format(std::string_view text, const std::string& format) {
  const auto date = scan_time(text, format);
  if (!date) return std::nullopt;
  TimeStyle style{.form = date->has_zone ? TimeForm::zoned_date : TimeForm::date, .format = format};
  constexpr std::size_t k_most = 9;  // nanoseconds
  style.digits = std::min(date->fraction.size(), k_most);
  style.keeps_zeros = true;
  style.zone = zone_in(text, format);
  std::string_view zone = style.zone;
  style.zone_minutes = take_zone(zone).value_or(0);
  return style;
}

/// Without the zeros at the end, and without a point that nothing follows.
void drop_zeros(std::string& text, char mark) {
  const std::size_t point = text.rfind(mark);
  if (point == std::string::npos) return;
  const std::size_t last = text.find_last_not_of('0');
  text.resize(last == point ? point : last + 1);
}

/// Nanoseconds as digits, with zeros at the end beyond the ninth.
std::string fraction_digits(std::int64_t ns, std::size_t count, std::size_t all) {
  std::string digits = std::to_string(ns);
  digits.insert(0, all - digits.size(), '0');
  digits.resize(count, '0');
  return digits;
}

std::string number_text(const TimeStyle& style, std::int64_t ms, std::int32_t ns) {
  const std::size_t in_unit = static_cast<std::size_t>(6 + power_of_unit(style.unit));  // digits of a unit's ns
  const std::size_t digits = std::min(style.digits, in_unit);
  // Rounded down to the last digit that is written.
  std::int64_t step = 1;  // in nanoseconds
  for (std::size_t i = digits; i < in_unit; ++i) step *= 10;
  constexpr std::int64_t k_ns_of_ms = 1'000'000;
  if (step < k_ns_of_ms) {
    ns = static_cast<std::int32_t>(ns / step * step);
  } else {
    ms = floor_div(ms, step / k_ns_of_ms) * (step / k_ns_of_ms);
    ns = 0;
  }
  const bool negative = ms < 0;
  if (negative) {
    ms = ns > 0 ? -ms - 1 : -ms;
    ns = ns > 0 ? static_cast<std::int32_t>(k_ns_of_ms) - ns : 0;
  }
  std::string all = std::to_string(ms) + fraction_digits(ns, 6, 6);
  if (all.size() <= in_unit) all.insert(0, in_unit + 1 - all.size(), '0');
  const std::size_t point = all.size() - in_unit;
  std::string whole = all.substr(0, point);
  whole.erase(0, std::min(whole.find_first_not_of('0'), whole.size() - 1));
  std::string text = (negative ? "-" : "") + whole;
  if (style.digits > 0) {
    std::string behind = all.substr(point);
    behind.resize(style.digits, '0');
    text += style.mark + behind;
    if (!style.keeps_zeros) drop_zeros(text, style.mark);
  }
  return text;
}

std::string date_text(const TimeStyle& style, std::int64_t ms, std::int32_t ns) {
  const std::int64_t seconds = floor_div(ms, 1000) + 60 * std::int64_t{style.zone_minutes};
  const std::int64_t second_ns = (ms - floor_div(ms, 1000) * 1000) * 1'000'000 + ns;
  const std::int64_t day = floor_div(seconds, 86400), of_day = seconds - day * 86400;
  if (day < -719'528 || day > 2'932'896)  // 0000-01-01, 9999-12-31
    fail(ErrorCode::out_of_range, "time", "its year", "0 .. 9999", std::to_string(ms) + " ms since 1970");
  if (!style.format.empty())
    return format_time({seconds, static_cast<std::int32_t>(second_ns), std::max<std::size_t>(style.digits, 1),
                        style.zone, style.zone_minutes},
                       style.format);
  const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{day}}};
  char text[48];
  std::snprintf(text, sizeof text, "%04d-%02u-%02u", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()));
  std::string result = text;
  if (style.separator == 0) return result;
  const int of = static_cast<int>(of_day);
  std::snprintf(text, sizeof text, "%c%02d:%02d", style.separator, of / 3600, of / 60 % 60);
  result += text;
  if (style.has_seconds) {
    std::snprintf(text, sizeof text, ":%02d", of % 60);
    result += text;
    if (style.digits > 0) {
      result += style.mark + fraction_digits(second_ns, style.digits, 9);
      if (!style.keeps_zeros) drop_zeros(result, style.mark);
    }
  }
  return result + style.zone;
}

}  // namespace

std::optional<TimeStyle> time_style(std::string_view text, const TimeReading& reading) {
  text = trimmed(text);
  if (!reading.format.empty()) return style_of_format(text, reading.format);
  if (const auto style = date_style(text)) return style;
  if (looks_like_date(text) || day_and_month(text)) {
    bool is_date = false;
    return read_date(text, reading, is_date) ? style_of_format(text, format_like(text, reading.date_order))
                                             : std::nullopt;
  }
  const auto number = scan_decimal(text, reading.decimal);
  if (!number) return std::nullopt;
  TimeStyle style{.form = TimeForm::number, .unit = reading.unit, .digits = digits_of(*number), .keeps_zeros = true};
  if (text.find(',') != std::string_view::npos) style.mark = ',';
  return style;
}

void widen(TimeStyle& style, const TimeStyle& other) {
  if (style.form != other.form || style.format != other.format || style.separator != other.separator ||
      style.has_seconds != other.has_seconds)
    return;
  style.keeps_zeros = style.keeps_zeros && other.keeps_zeros && style.digits == other.digits;
  if (other.digits > style.digits) style.mark = other.mark;
  style.digits = std::max(style.digits, other.digits);
}

std::string time_text(const TimeStyle& style, std::int64_t ms, std::int32_t ns) {
  return style.form == TimeForm::number ? number_text(style, ms, ns) : date_text(style, ms, ns);
}

}  // namespace v0
}  // namespace seqguard
