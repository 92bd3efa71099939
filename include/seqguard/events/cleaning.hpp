// What is left out of a data set, or put right in it, before anything is learned from it or judged: rules that the user
// names, each with a count of what it did. Nothing is cleaned unless it is asked for, because what is odd may be what
// one looks for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace seqguard {
inline namespace v0 {

/// What becomes of a time or number that cannot be.
enum class OddValue {
  keep,
  missing,  ///< it counts as not known
  clip,     ///< numbers only: the nearest usual one
  drop,     ///< its event is left out
};

struct CleaningRules {
  /// Events that equal the one before them of their sequence in all columns, time and order are left out.
  bool duplicates = false;
  /// Those that equal the last one that stayed in all columns, and come at most so many milliseconds later.
  std::optional<std::int64_t> repeats_ms = {};
  /// Times before 1990, or more than a day after the data are read.
  OddValue times = OddValue::keep;
  /// Numbers beyond the quartiles of their column by more than three times what lies between these; the bounds are
  /// those of the fit.
  OddValue outliers = OddValue::keep;
  bool empty = false;  ///< events without a value in the primary column are left out
  /// Sequences of fewer or more events are left out, after the rules above.
  std::size_t least_events = 0, most_events = std::numeric_limits<std::size_t>::max();
  bool only_report = false;  ///< what the rules would do is said, and nothing is done

  bool operator==(const CleaningRules&) const = default;
  bool any() const { return *this != CleaningRules(); }
};

/// Rules by commas: duplicates, repeats=500ms (or s), times=missing|drop, outliers=clip|missing|drop, empty,
/// min-events=N, max-events=N; `report` alone: duplicates, times, outliers and empty, only_report; "" is none.
/// @throws Error invalid_argument naming the rule.
CleaningRules cleaning_from_string(std::string_view text);
/// The text that cleaning_from_string() reads as these rules.
std::string to_string(const CleaningRules& rules);

}  // namespace v0
}  // namespace seqguard
