#include "events/parse_value.hpp"

#include <charconv>
#include <chrono>
#include <cmath>

namespace seqguard {
inline namespace v0 {
namespace {

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

bool is_missing_word(std::string_view text) {
  constexpr std::string_view words[] = {"na", "n/a", "nan", "null", "none"};
  for (const std::string_view word : words) {
    bool equal = text.size() == word.size();
    for (std::size_t i = 0; equal && i < text.size(); ++i) equal = (text[i] | 0x20) == (word[i] | 0x20);
    if (equal) return true;
  }
  return text.empty();
}

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
  /// ".5" or ",250": milliseconds, further digits are cut off.
  bool fraction(int& ms) {
    ms = 0;
    if (!eat('.') && !eat(',')) return true;
    int scale = 100, digit = 0;
    if (!digits(1, digit)) return false;
    do {
      ms += digit * scale;
      scale /= 10;
    } while (digits(1, digit));
    return true;
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

ParseStatus parse_iso(std::string_view text, std::int64_t& result) {
  IsoScanner scan{text};
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, ms = 0, zone = 0;
  if (!scan.digits(4, year) || !scan.eat('-') || !scan.digits(2, month) || !scan.eat('-') || !scan.digits(2, day))
    return ParseStatus::bad;
  if (!scan.rest.empty()) {
    if (!scan.eat('T') && !scan.eat('t') && !scan.eat(' ')) return ParseStatus::bad;
    if (!scan.digits(2, hour) || !scan.eat(':') || !scan.digits(2, minute)) return ParseStatus::bad;
    if (scan.eat(':') && (!scan.digits(2, second) || !scan.fraction(ms))) return ParseStatus::bad;
    if (!scan.zone(zone) || !scan.rest.empty()) return ParseStatus::bad;
  }
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok() || hour > 24 || minute > 59 || second > 60) return ParseStatus::bad;
  const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  result = (((days * 24 + hour) * 60 + minute - zone) * 60 + second) * 1000 + ms;
  return ParseStatus::ok;
}

}  // namespace

ParseStatus parse_number(std::string_view text, double& value) {
  text = trimmed(text);
  if (is_missing_word(text)) return ParseStatus::missing;
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (end != text.data() + text.size()) return ParseStatus::bad;
  if (error == std::errc::result_out_of_range) return ParseStatus::out_of_range;
  if (error != std::errc()) return ParseStatus::bad;
  return std::isfinite(value) ? ParseStatus::ok : ParseStatus::missing;
}

ParseStatus parse_time(std::string_view text, std::string_view unit, std::int64_t& ms) {
  text = trimmed(text);
  if (text.size() >= 10 && text[4] == '-' && text[7] == '-') return parse_iso(text, ms);
  double number = 0;
  const ParseStatus status = parse_number(text, number);
  if (status != ParseStatus::ok) return status;
  const double scaled = unit == "s" ? number * 1e3 : unit == "us" ? number / 1e3 : unit == "ns" ? number / 1e6 : number;
  // 300,000 years either way; a double holds every millisecond of that exactly
  if (std::abs(scaled) > 9e15) return ParseStatus::out_of_range;
  ms = std::llround(scaled);
  return ParseStatus::ok;
}

ParseStatus parse_order(std::string_view text, OrderKey& order) {
  double number = 0;
  ParseStatus status = parse_number(text, number);
  if (status == ParseStatus::ok) {
    // A double holds 15 digits; 18 fit into 64 bits.
    const bool is_long_integer =
        text.size() >= 16 && text.size() <= 18 && text.find_first_not_of("0123456789") == std::string_view::npos;
    std::int64_t integer = 0;
    if (is_long_integer) std::from_chars(text.data(), text.data() + text.size(), integer);
    order.value_ = is_long_integer ? static_cast<long double>(integer) : static_cast<long double>(number);
  } else if (status == ParseStatus::bad) {
    std::int64_t ms = 0;
    status = parse_time(text, "ms", ms);
    order.value_ = static_cast<long double>(ms);
  }
  return status;
}

std::string_view guess_time_unit(double typical) {
  const double size = std::abs(typical);
  return size < 1e11 ? "s" : size < 1e14 ? "ms" : size < 1e17 ? "us" : "ns";
}

std::string quoted(std::string_view text) {
  constexpr std::size_t k_shown = 40;
  constexpr char digits[] = "0123456789abcdef";
  std::string result = "\"";
  for (const char c : text.substr(0, k_shown)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7F) {
      result += c;
    } else {
      result += "\\x";
      result += digits[byte >> 4];
      result += digits[byte & 15];
    }
  }
  return result + (text.size() > k_shown ? "\"..." : "\"");
}

}  // namespace v0
}  // namespace seqguard
