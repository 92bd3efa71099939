#include "events/order_between.hpp"

#include <cstdint>
#include <limits>

#include "events/decimal.hpp"
#include "events/parse_value.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

/// Differences of two numbers below it fit into 64 bits; nanoseconds since 1970 are, until 2116.
constexpr std::int64_t k_most = std::numeric_limits<std::int64_t>::max() / 2;
constexpr std::int64_t k_most_decimals = 18;

/// floor(number * 10^decimals), and whether it is exact.
struct Scaled {
  std::int64_t floor = 0;
  bool is_exact = true;

  std::int64_t ceiling() const { return floor + (is_exact ? 0 : 1); }
};

std::optional<Scaled> scaled(const Decimal& number, std::int64_t decimals) {
  const auto first = number.first_power();
  if (!first) return Scaled{};
  Scaled result;
  for (std::int64_t power = *first; power >= -decimals; --power) {
    if (result.floor > (k_most - 9) / 10) return std::nullopt;
    result.floor = result.floor * 10 + number.digit(power);
  }
  result.is_exact = number.last_power() >= -decimals;
  if (number.negative) result.floor = -result.floor - (result.is_exact ? 0 : 1);
  return result;
}

std::string text_of(std::int64_t value, std::int64_t decimals) {
  std::string digits = std::to_string(value < 0 ? -value : value);
  const auto behind = static_cast<std::size_t>(decimals);
  if (digits.size() <= behind) digits.insert(0, behind + 1 - digits.size(), '0');
  if (behind > 0) digits.insert(digits.size() - behind, ".");
  return (value < 0 ? "-" : "") + digits;
}

}  // namespace

std::optional<std::vector<std::string>> numbers_between(std::optional<std::string_view> low,
                                                        std::optional<std::string_view> high, std::size_t count) {
  const auto low_number = low ? scan_decimal(trimmed(*low)) : std::nullopt,
             high_number = high ? scan_decimal(trimmed(*high)) : std::nullopt;
  if (low.has_value() != low_number.has_value() || high.has_value() != high_number.has_value() || (!low && !high))
    return std::nullopt;
  const auto n = static_cast<std::int64_t>(count);
  for (std::int64_t decimals = 0; decimals <= k_most_decimals; ++decimals) {
    std::int64_t first = 0, end = 0;
    if (low) {
      const auto below = scaled(*low_number, decimals);
      if (!below) return std::nullopt;
      first = below->floor;
      end = first + n + 1;
    }
    if (high) {
      const auto above = scaled(*high_number, decimals);
      if (!above) return std::nullopt;
      end = above->ceiling();
      if (!low) first = end - n - 1;
    }
    if (end - first <= n) continue;
    std::vector<std::string> numbers;
    for (std::int64_t i = 1; i <= n; ++i) numbers.push_back(text_of(first + i * ((end - first) / (n + 1)), decimals));
    return numbers;
  }
  return std::nullopt;
}

}  // namespace v0
}  // namespace seqguard
