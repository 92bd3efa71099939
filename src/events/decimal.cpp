#include "events/decimal.hpp"

#include <algorithm>

namespace seqguard {
inline namespace v0 {
namespace {

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

std::string_view take_digits(std::string_view& rest) noexcept {
  std::size_t count = 0;
  while (count < rest.size() && is_digit(rest[count])) ++count;
  const std::string_view digits = rest.substr(0, count);
  rest.remove_prefix(count);
  return digits;
}

/// "e5", "E-12". Beyond any power that a reader accepts it stops counting, so that powers never overflow.
bool take_exponent(std::string_view& rest, std::int64_t& exponent) noexcept {
  constexpr std::int64_t k_enough = std::int64_t{1} << 40;
  if (rest.empty() || (rest[0] != 'e' && rest[0] != 'E')) return true;
  rest.remove_prefix(1);
  const bool negative = !rest.empty() && rest[0] == '-';
  if (!rest.empty() && (rest[0] == '-' || rest[0] == '+')) rest.remove_prefix(1);
  const std::string_view digits = take_digits(rest);
  for (const char digit : digits) exponent = std::min(k_enough, exponent * 10 + (digit - '0'));
  if (negative) exponent = -exponent;
  return !digits.empty();
}

std::int64_t length(std::string_view digits) noexcept { return static_cast<std::int64_t>(digits.size()); }

}  // namespace

unsigned Decimal::digit(std::int64_t power) const noexcept {
  const std::int64_t place = power - exponent;  // 0: before the point
  if (place >= length(whole) || place < -length(fraction)) return 0;
  const char c = place >= 0 ? whole[whole.size() - 1 - static_cast<std::size_t>(place)]
                            : fraction[static_cast<std::size_t>(-place - 1)];
  return static_cast<unsigned>(c - '0');
}

std::optional<std::int64_t> Decimal::first_power() const noexcept {
  if (const std::size_t at = whole.find_first_not_of('0'); at != std::string_view::npos)
    return exponent + length(whole) - 1 - static_cast<std::int64_t>(at);
  if (const std::size_t at = fraction.find_first_not_of('0'); at != std::string_view::npos)
    return exponent - 1 - static_cast<std::int64_t>(at);
  return std::nullopt;
}

std::int64_t Decimal::last_power() const noexcept {
  if (const std::size_t at = fraction.find_last_not_of('0'); at != std::string_view::npos)
    return exponent - 1 - static_cast<std::int64_t>(at);
  const std::size_t at = whole.find_last_not_of('0');
  return at == std::string_view::npos ? exponent : exponent + length(whole) - 1 - static_cast<std::int64_t>(at);
}

std::optional<Decimal> scan_decimal(std::string_view text, char decimal) noexcept {
  Decimal result;
  if (!text.empty() && (text[0] == '+' || text[0] == '-')) {
    result.negative = text[0] == '-';
    text.remove_prefix(1);
  }
  result.whole = take_digits(text);
  if (!text.empty() && (text[0] == '.' || text[0] == decimal)) {
    text.remove_prefix(1);
    result.fraction = take_digits(text);
  }
  if (result.whole.empty() && result.fraction.empty()) return std::nullopt;
  if (!take_exponent(text, result.exponent) || !text.empty()) return std::nullopt;
  return result;
}

}  // namespace v0
}  // namespace seqguard
