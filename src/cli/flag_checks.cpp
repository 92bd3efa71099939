#include "cli/flag_checks.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

#include "seqguard/core/error.hpp"
#include "seqguard/core/load_options.hpp"

namespace seqguard::cli {
namespace {

template <class T>
std::optional<T> number(const std::string& value) {
  T result{};
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), result);
  return error == std::errc() && end == value.data() + value.size() ? std::optional(result) : std::nullopt;
}

std::string expected(std::string_view what, const std::string& value) {
  return "expected " + std::string(what) + ", found " + value;
}

/// `holds` is false for a NaN too.
template <class T, class Holds>
std::string check_number(const std::string& value, std::string_view what, const Holds& holds) {
  const std::optional<T> parsed = number<T>(value);
  return parsed && holds(*parsed) ? "" : expected(what, value);
}

/// What parse(value) throws.
template <class Parse>
std::string refusal(const Parse& parse, const std::string& value) {
  try {
    parse(value);
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}

}  // namespace

std::string check_whole_number(const std::string& value) {
  return check_number<std::uint64_t>(value, "a whole number, 0 or more", [](std::uint64_t) { return true; });
}

std::string check_positive_number(const std::string& value) {
  return check_number<std::uint64_t>(value, "a whole number, 1 or more", [](std::uint64_t n) { return n > 0; });
}

std::string check_window(const std::string& value) {
  return check_number<std::uint64_t>(value, "3 .. 1000000 events, two marks included",
                                     [](std::uint64_t n) { return n >= 3 && n <= 1'000'000; });
}

std::string check_target_fpr(const std::string& value) {
  return check_number<double>(value, "a share between 0 and 1", [](double x) { return x > 0 && x < 1; });
}

std::string check_max_false_edits(const std::string& value) { return check_target_fpr(value); }

std::string check_valid_fraction(const std::string& value) { return check_share(value); }

std::string check_probability(const std::string& value) {
  return check_number<double>(value, "a number from 0 to 1", [](double x) { return x >= 0 && x <= 1; });
}

std::string check_minutes(const std::string& value) {
  return check_number<double>(value, "minutes, 0 or more", [](double x) { return x >= 0; });
}

std::string check_share(const std::string& value) {
  return check_number<double>(value, "a share, at least 0 and below 1", [](double x) { return x >= 0 && x < 1; });
}

std::string check_above_zero(const std::string& value) {
  return check_number<double>(value, "a number above 0", [](double x) { return x > 0; });
}

std::string check_not_negative(const std::string& value) {
  return check_number<double>(value, "a number, 0 or more", [](double x) { return x >= 0; });
}

std::string check_folds(const std::string& value) {
  return check_number<std::uint64_t>(value, "a whole number, 2 or more", [](std::uint64_t n) { return n >= 2; });
}

std::string check_precision(const std::string& value) { return refusal(precision_from_string, value); }

std::string check_isa(const std::string& value) {
  return refusal(
      [](const std::string& name) {
        const Isa isa = isa_from_string(name);
        std::string names;
        for (const Isa available : available_isas()) {
          if (available == isa) return;
          names += (names.empty() ? "" : ", ") + std::string(to_string(available));
        }
        fail(ErrorCode::unsupported_isa, "instruction set", "not available here", names, name);
      },
      value);
}

std::string check_matmul(const std::string& value) { return refusal(matmul_backend_from_string, value); }

}  // namespace seqguard::cli
