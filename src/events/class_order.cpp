#include "events/class_order.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iterator>
#include <optional>
#include <system_error>

namespace seqguard {
inline namespace v0 {
namespace {

constexpr std::string_view k_normal_labels[] = {"normal", "none", "0", ""};

}  // namespace

bool means_normal(std::string_view label) noexcept {
  return std::find(std::begin(k_normal_labels), std::end(k_normal_labels), label) != std::end(k_normal_labels);
}

bool class_precedes(const std::string& a, const std::string& b) {
  const auto number = [](const std::string& text) -> std::optional<double> {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    // "nan" has no size: as a number it would break the order.
    const bool is_number = error == std::errc() && end == text.data() + text.size() && std::isfinite(value);
    return is_number ? std::optional(value) : std::nullopt;
  };
  const auto x = number(a), y = number(b);
  if (x && y && *x != *y) return *x < *y;
  if (x.has_value() != y.has_value()) return x.has_value();
  return a < b;
}

}  // namespace v0
}  // namespace seqguard
