#include "sequence_scorer/number_words.hpp"

#include <cmath>
#include <cstdio>

namespace seqguard {
inline namespace v0 {
namespace {

std::string formatted(const char* format, double value) {
  char text[40];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

}  // namespace

std::string short_number(double value) { return formatted("%.3g", value); }

std::string percent_words(double share) {
  const double percent = 100 * share;
  if (percent >= 9.95) return formatted("%.0f %%", percent);
  return formatted(percent >= 0.0995 ? "%.2g %%" : "%.1g %%", percent);
}

std::string count_words(std::size_t count, std::string_view noun) {
  return std::to_string(count) + " " + std::string(noun) + (count == 1 ? "" : "s");
}

std::string duration_words(double ms) {
  if (ms < 0) return "-" + duration_words(-ms);
  constexpr double k_second = 1000, k_minute = 60 * k_second, k_hour = 60 * k_minute, k_day = 24 * k_hour;
  const auto in = [&](double unit, const char* name) {
    const double value = ms / unit;
    return formatted(value < 9.95 ? "%.2g " : "%.0f ", value) + name;
  };
  if (ms < k_second) return in(1, "ms");
  if (ms < 2 * k_minute) return in(k_second, "s");
  if (ms < 2 * k_hour) return in(k_minute, "min");
  if (ms < 2 * k_day) return in(k_hour, "h");
  return in(k_day, "days");
}

}  // namespace v0
}  // namespace seqguard
