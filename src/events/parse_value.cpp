#include "events/parse_value.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "events/date.hpp"
#include "events/decimal.hpp"
#include "events/time_format.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

bool is_missing_word(std::string_view text) {
  constexpr std::string_view words[] = {"na", "n/a", "nan", "null", "none", "\\n"};
  for (const std::string_view word : words) {
    bool equal = text.size() == word.size();
    for (std::size_t i = 0; equal && i < text.size(); ++i) equal = (text[i] | 0x20) == (word[i] | 0x20);
    if (equal) return true;
  }
  return text.empty();
}

/// Milliseconds and nanoseconds of number * 10^shift milliseconds, rounded down.
ParseStatus to_time(const Decimal& number, std::int64_t shift, ExactTime& time) {
  const auto first = number.first_power();
  if (!first) {
    time.ms = time.ns = 0;
    return ParseStatus::ok;
  }
  constexpr std::int64_t k_most = 9'000'000'000'000'000;  // 300,000 years either way
  if (!number.negative && number.fraction.empty() && number.exponent == 0 && (shift == 0 || shift == 3) &&
      static_cast<std::int64_t>(number.whole.size()) + shift <= 15) {  // the usual time
    std::int64_t whole = 0;
    for (const char digit : number.whole) whole = whole * 10 + (digit - '0');
    time.ms = whole * (shift == 0 ? 1 : 1000);
    time.ns = 0;
    return ParseStatus::ok;
  }
  if (*first + shift > 15) return ParseStatus::out_of_range;
  std::int64_t ms = 0, ns = 0;
  for (std::int64_t power = *first + shift; power >= 0; --power) ms = ms * 10 + number.digit(power - shift);
  for (std::int64_t power = -1; power >= -6; --power) ns = ns * 10 + number.digit(power - shift);
  if (ms > k_most) return ParseStatus::out_of_range;
  if (number.negative) {
    const bool is_finer = number.last_power() + shift < -6;
    ns += is_finer ? 1 : 0;
    ms = ns > 0 ? -ms - 1 : -ms;
    ns = ns > 0 ? 1'000'000 - ns : 0;
  }
  time.ms = ms;
  time.ns = static_cast<std::int32_t>(ns);
  return ParseStatus::ok;
}

ExactTime time_of(const Date& date) {
  const Decimal fraction{false, {}, date.fraction, 0};
  std::int64_t ms = 0;
  std::int32_t ns = 0;
  for (std::int64_t power = -1; power >= -3; --power) ms = ms * 10 + fraction.digit(power);
  for (std::int64_t power = -4; power >= -9; --power) ns = ns * 10 + static_cast<std::int32_t>(fraction.digit(power));
  return {date.seconds * 1000 + ms, ns, date.has_zone ? TimeForm::zoned_date : TimeForm::date};
}

ParseStatus parse_plain(std::string_view text, double& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (end != text.data() + text.size()) return ParseStatus::bad;
  if (error == std::errc::result_out_of_range) return ParseStatus::out_of_range;
  if (error != std::errc()) return ParseStatus::bad;
  return std::isfinite(value) ? ParseStatus::ok : ParseStatus::missing;
}

/// What stands between thousands at the beginning of `text`: a blank (also one that does not break, or a narrow one),
/// an apostrophe, or that of comma and point that is not the decimal sign. Empty: nothing.
std::string_view mark_of_thousands(std::string_view text, char decimal) {
  for (const std::string_view mark : {" ", "'", "\xC2\xA0", "\xE2\x80\xAF", decimal == '.' ? "," : "."})
    if (text.starts_with(mark)) return mark;
  return {};
}

constexpr std::size_t k_longest_number = 64;

/// A number with its thousands together and a point; empty: it is none.
std::string_view as_plain(std::string_view text, char decimal, char (&plain)[k_longest_number]) {
  if (text.size() >= k_longest_number) return {};
  char* end = plain;
  const auto take_digits = [&] {
    const std::size_t count = std::min(text.find_first_not_of("0123456789"), text.size());
    end = std::copy_n(text.data(), count, end);
    text.remove_prefix(count);
    return count;
  };
  if (text.starts_with('-')) *end++ = '-', text.remove_prefix(1);
  const std::size_t first = take_digits();
  const std::string_view mark = mark_of_thousands(text, decimal);
  if (!mark.empty() && (first == 0 || first > 3)) return {};
  while (!mark.empty() && text.starts_with(mark)) {
    text.remove_prefix(mark.size());
    if (take_digits() != 3) return {};
  }
  if (text.starts_with(decimal)) {
    *end++ = '.';
    text.remove_prefix(1);
    if (first == 0 && (text.empty() || text[0] < '0' || text[0] > '9')) return {};
    take_digits();
  }
  if (end == plain || !(text.empty() || text[0] == 'e' || text[0] == 'E')) return {};
  end = std::copy(text.begin(), text.end(), end);  // an exponent
  return {plain, static_cast<std::size_t>(end - plain)};
}

}  // namespace

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

ParseStatus parse_number(std::string_view text, double& value, char decimal) {
  text = trimmed(text);
  if (is_missing_word(text)) return ParseStatus::missing;
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
  if (decimal == '.' || text.find_first_of(",.") == std::string_view::npos)
    if (const ParseStatus status = parse_plain(text, value); status != ParseStatus::bad) return status;
  char plain[k_longest_number];
  const std::string_view rewritten = as_plain(text, decimal, plain);
  return rewritten.empty() ? ParseStatus::bad : parse_plain(rewritten, value);
}

std::int64_t power_of_unit(std::string_view unit) {
  return unit == "s" ? 3 : unit == "us" ? -3 : unit == "ns" ? -6 : 0;
}

bool is_missing_time(std::string_view text) {
  double number = 0;
  return parse_number(text, number) == ParseStatus::missing;
}

std::optional<Date> read_date(std::string_view text, const TimeReading& reading, bool& is_date) {
  is_date = true;
  if (!reading.format.empty()) return scan_time(text, reading.format);
  if (looks_like_date(text)) return scan_date(text);
  is_date = day_and_month(text).has_value();
  return is_date ? scan_date(text, reading.date_order) : std::nullopt;
}

ParseStatus parse_time(std::string_view text, const TimeReading& reading, ExactTime& time) {
  text = trimmed(text);
  time = {};
  bool is_date = false;
  if (const auto date = read_date(text, reading, is_date)) {
    time = time_of(*date);
    return ParseStatus::ok;
  }
  const auto number = is_date ? std::nullopt : scan_decimal(text, reading.decimal);
  if (!number) return is_missing_time(text) ? ParseStatus::missing : ParseStatus::bad;
  time.form = TimeForm::number;
  return to_time(*number, power_of_unit(reading.unit), time);
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
