// What is chosen once for a whole input: how its times are read, and which texts are missing values.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "seqguard/events/event_row.hpp"
#include "seqguard/events/reader.hpp"

namespace seqguard {
inline namespace v0 {

/// Puts what the options give in place of what the plan has. @throws Error invalid_argument: a format that names no
/// date, a choice without effect, a text that is missing twice.
void take_given(const ReadOptions& options, ColumnPlan& plan);

/// Whether dates as 01/02/2024 have the day first or the month.
class DateGuess {
 public:
  /// The texts of a column, in the order of the rows; others than such dates say nothing.
  void add(std::span<const std::string_view> values);

  /// By dates that can only be one of both, of which the others are at most a twentieth; where there is none, by the
  /// order in which dates of neighbouring rows lie closer together; else by the mark: the day first with ".", else the
  /// month. unknown: there are no such dates, or they show both.
  DateOrder order() const;
  /// Why, in words that follow "dates are read with the .. first, ".
  std::string reason() const;
  /// Both, with an example of each; empty: they do not show both.
  std::string contradiction() const;

 private:
  bool shows_both() const;

  std::size_t day_first_ = 0, month_first_ = 0;  ///< dates that can only be that
  std::string_view day_shown_, month_shown_, any_;
  double day_distance_ = 0, month_distance_ = 0;  ///< between neighbours that can be both, in seconds
};

}  // namespace v0
}  // namespace seqguard
