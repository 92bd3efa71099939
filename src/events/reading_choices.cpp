#include "events/reading_choices.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>

#include "events/date.hpp"
#include "events/parse_value.hpp"
#include "events/time_format.hpp"
#include "seqguard/core/error.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

void check_missing(const std::vector<std::string>& missing) {
  constexpr std::size_t k_most = 100;
  std::set<std::string_view> texts;
  for (const std::string& text : missing)
    if (text.empty() || !texts.insert(text).second || texts.size() > k_most)
      fail(ErrorCode::invalid_argument, "missing (--missing)", "the texts", "up to 100, none twice or empty",
           quoted(text));
}

}  // namespace

void take_given(const ReadOptions& options, ColumnPlan& plan) {
  TimeReading &time = plan.reading.time, &order = plan.reading.order;
  time.decimal = order.decimal = plan.decimal;
  check_missing(options.missing);
  if (!options.missing.empty()) plan.reading.missing = options.missing;
  const bool gives_order = options.date_order != DateOrder::unknown;
  if (!options.time_format.empty()) {
    if (gives_order)
      fail(ErrorCode::invalid_argument, "--date-order", "without effect beside --time-format, which says all");
    if (const std::string problem = problem_of_format(options.time_format); !problem.empty())
      fail(ErrorCode::invalid_argument, "--time-format", problem, "a format of strptime, as \"%d.%m.%y %H:%M\"",
           quoted(options.time_format));
    if (!plan.time) fail(ErrorCode::invalid_argument, "--time-format", "there is no column of times; --time names it");
    time.format = options.time_format;
    time.date_order = DateOrder::unknown;
  }
  if (!gives_order) return;
  if (!plan.time && !plan.order)
    fail(ErrorCode::invalid_argument, "--date-order", "there is no column of times or of an order; --time names it");
  time.date_order = order.date_order = options.date_order;
  time.format.clear();
}

void DateGuess::add(std::span<const std::string_view> values) {
  std::optional<std::int64_t> day_before, month_before;
  for (const std::string_view value : values) {
    const std::string_view text = trimmed(value);
    if (!day_and_month(text)) continue;
    const auto by_day = scan_date(text, DateOrder::day_first), by_month = scan_date(text, DateOrder::month_first);
    if (by_day && !by_month && day_first_++ == 0) day_shown_ = text;
    if (by_month && !by_day && month_first_++ == 0) month_shown_ = text;
    if (!by_day || !by_month) continue;
    if (any_.empty()) any_ = text;
    if (day_before) {
      day_distance_ += std::abs(static_cast<double>(by_day->seconds - *day_before));
      month_distance_ += std::abs(static_cast<double>(by_month->seconds - *month_before));
    }
    day_before = by_day->seconds;
    month_before = by_month->seconds;
  }
}

bool DateGuess::shows_both() const {
  constexpr std::size_t k_few = 20;
  return std::min(day_first_, month_first_) * k_few > day_first_ + month_first_;
}

DateOrder DateGuess::order() const {
  if (shows_both() || (any_.empty() && day_first_ + month_first_ == 0)) return DateOrder::unknown;
  bool is_day = day_first_ > month_first_;
  if (day_first_ == month_first_)
    is_day = day_distance_ != month_distance_ ? day_distance_ < month_distance_ : any_.find('.') != any_.npos;
  return is_day ? DateOrder::day_first : DateOrder::month_first;
}

std::string DateGuess::reason() const {
  if (day_first_ != month_first_)
    return "as " + quoted(day_first_ > month_first_ ? day_shown_ : month_shown_) + " shows";
  return std::string("though none shows it (") + quoted(any_) + "): " +
         (day_distance_ != month_distance_ ? "so neighbouring rows lie closer together" : "as is usual with that mark");
}

std::string DateGuess::contradiction() const {
  return shows_both() ? quoted(day_shown_) + " has the day first, " + quoted(month_shown_) + " the month" : "";
}

}  // namespace v0
}  // namespace seqguard
