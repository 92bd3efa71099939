#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

#include "events/date.hpp"
#include "events/decimal.hpp"
#include "events/parse_value.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

// A key is value * 10^38 as a two's complement number of 256 bits: every integer of 128 bits, signed or not, with 38
// digits behind the point, which every double of 17 digits down to 1e-21 needs at most.
using Words = std::array<std::uint32_t, 8>;  // the most significant first
constexpr std::int64_t k_decimals = 38;
constexpr std::uint32_t k_sign = 0x80000000;

/// Multiplies and adds; false: the result leaves the positive numbers.
bool multiply_add(Words& words, std::uint32_t factor, std::uint32_t addend) {
  std::uint64_t carry = addend;
  for (std::size_t i = words.size(); i-- > 0; carry >>= 32) {
    carry += std::uint64_t{words[i]} * factor;
    words[i] = static_cast<std::uint32_t>(carry);
  }
  return carry == 0 && (words[0] & k_sign) == 0;
}

Words sum(const Words& a, const Words& b) {
  Words result;
  std::uint64_t carry = 0;
  for (std::size_t i = result.size(); i-- > 0; carry >>= 32) {
    carry += std::uint64_t{a[i]} + b[i];
    result[i] = static_cast<std::uint32_t>(carry);
  }
  return result;
}

void negate(Words& words) {
  for (std::uint32_t& word : words) word = ~word;
  words = sum(words, {0, 0, 0, 0, 0, 0, 0, 1});
}

/// The usual order: a whole number of at most 18 digits, which always fits.
void to_words(std::uint64_t number, bool negative, std::int64_t shift, Words& words) {
  words = {0, 0, 0, 0, 0, 0, static_cast<std::uint32_t>(number >> 32), static_cast<std::uint32_t>(number)};
  for (std::int64_t power = k_decimals + shift; power > 0; power -= 9) {
    std::uint32_t factor = 1;
    for (std::int64_t i = std::min<std::int64_t>(power, 9); i > 0; --i) factor *= 10;
    multiply_add(words, factor, 0);
  }
  if (negative) negate(words);
}

/// number * 10^(shift + 38), from its first digit on, nine at a time.
bool to_words(const Decimal& number, std::int64_t shift, Words& words) {
  words = {};
  const auto first = number.first_power();
  if (!first) return true;
  if (number.fraction.empty() && number.exponent == 0 && number.whole.size() <= 18) {
    std::uint64_t whole = 0;
    for (const char digit : number.whole) whole = whole * 10 + static_cast<std::uint64_t>(digit - '0');
    to_words(whole, number.negative, shift, words);
    return true;
  }
  if (*first + shift > k_decimals || number.last_power() + shift < -k_decimals) return false;
  for (std::int64_t power = *first + shift; power >= -k_decimals;) {
    std::uint32_t factor = 1, digits = 0;
    for (int i = 0; i < 9 && power >= -k_decimals; ++i, --power) {
      factor *= 10;
      digits = digits * 10 + number.digit(power - shift);
    }
    if (!multiply_add(words, factor, digits)) return false;
  }
  if (number.negative) negate(words);
  return true;
}

/// Milliseconds since 1970.
bool to_words(const Date& date, Words& words) {
  char text[24];
  const std::uint64_t size =
      date.seconds < 0 ? 0 - static_cast<std::uint64_t>(date.seconds) : static_cast<std::uint64_t>(date.seconds);
  char* const end = std::to_chars(text, text + sizeof text, size).ptr;
  Words fraction;
  if (!to_words(Decimal{date.seconds < 0, {text, static_cast<std::size_t>(end - text)}, {}, 0}, 3, words) ||
      !to_words(Decimal{false, {}, date.fraction, 0}, 3, fraction))
    return false;
  words = sum(words, fraction);
  return true;
}

}  // namespace

ParseStatus parse_order(std::string_view text, const TimeReading& reading, OrderKey& order, TimeForm& form) {
  text = trimmed(text);
  bool fits = false, is_date = false;
  if (const auto date = read_date(text, reading, is_date)) {
    form = date->has_zone ? TimeForm::zoned_date : TimeForm::date;
    fits = to_words(*date, order.words_);
  } else {
    const auto number = is_date ? std::nullopt : scan_decimal(text, reading.decimal);
    if (!number) return is_missing_time(text) ? ParseStatus::missing : ParseStatus::bad;
    form = TimeForm::number;
    fits = to_words(*number, power_of_unit(reading.unit), order.words_);
  }
  order.words_[0] ^= k_sign;
  return fits ? ParseStatus::ok : ParseStatus::out_of_range;
}

}  // namespace v0
}  // namespace seqguard
