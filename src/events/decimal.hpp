// Decimal numbers as they are written, of which no digit is lost.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace seqguard {
inline namespace v0 {

/// A view of the text it was read from: [-]whole.fraction * 10^exponent.
struct Decimal {
  bool negative = false;
  std::string_view whole, fraction;  ///< digits before and behind the point
  std::int64_t exponent = 0;

  /// The digit that counts 10^power.
  unsigned digit(std::int64_t power) const noexcept;
  /// Powers of the first and of the last digit that is not 0; nothing for the number 0.
  std::optional<std::int64_t> first_power() const noexcept;
  std::int64_t last_power() const noexcept;
};

/// Reads "12", "+012.50", "-.5e-3": one sign, digits with at most one point, or the other decimal sign, an exponent.
/// Nothing for another text.
std::optional<Decimal> scan_decimal(std::string_view text, char decimal = '.') noexcept;

}  // namespace v0
}  // namespace seqguard
