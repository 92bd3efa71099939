#include "report/number_text.hpp"

#include <chrono>
#include <cmath>
#include <cstdio>

#include "sequence_scorer/number_words.hpp"

namespace seqguard {
inline namespace v0 {

std::string with_commas(std::size_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t i = digits.size(); i > 3; i -= 3) digits.insert(i - 3, ",");
  return digits;
}

std::string fixed(double number, int decimals) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", decimals, number);
  return text;
}

std::string percent(double share) {
  const double number = 100 * share;
  if (std::abs(std::round(10 * number) / 10 - number) <= 0.05 * number) return fixed(number, 1) + " %";
  char text[64];
  std::snprintf(text, sizeof text, "%.2g %%", number);
  return text;
}

std::string counted(std::size_t number, std::string_view noun) {
  return with_commas(number) + " " + std::string(noun) + (number == 1 ? "" : "s");
}

std::string p_value_text(double p) {
  char text[32];
  std::snprintf(text, sizeof text, p < 0.001 ? "%.0e" : "%.3f", p);
  return text;
}

std::string tidy(double number) {
  const double size = std::abs(number);
  if (size >= 1e15) return short_number(number);
  if (size >= 100 || number == std::floor(number))
    return (number < 0 ? "-" : "") + with_commas(static_cast<std::size_t>(std::llround(size)));
  return short_number(number);
}

std::string seconds_text(double seconds) { return duration_words(1000 * seconds); }

std::string date_text(std::int64_t time_ms) {
  const auto day = std::chrono::floor<std::chrono::days>(
      std::chrono::sys_time<std::chrono::milliseconds>(std::chrono::milliseconds(time_ms)));
  const std::chrono::year_month_day date(day);
  char text[40];
  std::snprintf(text, sizeof text, "%04d-%02u-%02u", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()));
  return text;
}

}  // namespace v0
}  // namespace seqguard
