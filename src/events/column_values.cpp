#include "events/column_values.hpp"

#include <algorithm>
#include <cmath>
#include <unordered_set>

#include "core/secret_hash.hpp"
#include "events/parse_value.hpp"
#include "events/reading_choices.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

/// Three of them at most, each once, for a message.
std::string some_of(const std::vector<std::string_view>& values) {
  constexpr std::size_t k_shown = 3;
  std::vector<std::string_view> shown;
  for (const std::string_view value : values) {
    if (shown.size() == k_shown) break;
    if (std::find(shown.begin(), shown.end(), value) == shown.end()) shown.push_back(value);
  }
  std::string text;
  for (const std::string_view value : shown) text += (text.empty() ? "" : ", ") + quoted(value);
  return text;
}

/// What of the sample cannot be read as `parse` does, and how many values are there.
template <class Parse>
std::vector<std::string_view> unread(const std::vector<std::string_view>& values, std::size_t& there,
                                     const Parse& parse) {
  std::vector<std::string_view> bad;
  there = 0;
  for (const std::string_view value : values) {
    const ParseStatus status = parse(value);
    there += status == ParseStatus::missing ? 0 : 1;
    if (status == ParseStatus::bad) bad.push_back(value);
  }
  return bad;
}

double share_of(const std::vector<std::string_view>& bad, std::size_t there) {
  return there == 0 ? 0 : static_cast<double>(bad.size()) / static_cast<double>(there);
}

/// Whether all numbers are as "1,234": no other, and none with a decimal part, shows that the mark parts thousands.
bool is_only_grouped(const std::vector<std::string_view>& values, char decimal) {
  bool is_any = false;
  for (const std::string_view value : values) {
    double number = 0;
    if (parse_number(value, number, decimal) != ParseStatus::ok) continue;
    const std::string_view text = trimmed(value);
    const bool has_fraction = text.find(decimal) != std::string_view::npos;
    if (has_fraction || text.find_first_of(decimal == '.' ? ", '\xC2\xE2" : ". '\xC2\xE2") == std::string_view::npos)
      return false;
    is_any = true;
  }
  return is_any;
}

}  // namespace

std::vector<std::string_view> values_of(std::span<const SourceRow> sample, std::size_t field) {
  std::vector<std::string_view> values;
  values.reserve(sample.size());
  for (const SourceRow& row : sample)
    if (row.problem.empty()) values.push_back(row.fields[field]);
  return values;
}

std::size_t distinct_values(const std::vector<std::string_view>& values) {
  return std::unordered_set<std::string_view, SecretHash>(values.begin(), values.end()).size();
}

ColumnKind infer_kind(const SourceInfo& source, const SourceColumn& column, const std::vector<std::string_view>& values,
                      ColumnPlan& plan) {
  constexpr std::size_t k_few = 20;  // a rating or an hour tells more as a category
  constexpr double k_almost = 0.1;
  if (column.kind) return *column.kind;
  std::size_t there = 0;
  const std::vector<std::string_view> bad = unread(values, there, [&](std::string_view value) {
    double number = 0;
    return parse_number(value, number, source.decimal);
  });
  if (there == 0 || share_of(bad, there) > k_almost || distinct_values(values) <= k_few) return ColumnKind::categorical;
  if (is_only_grouped(values, source.decimal)) {
    plan.findings.push_back({DataFinding::Kind::guessed, column.name, 1, 0,
                             source.name + ": column " + quoted(column.name) +
                                 ": all values could be thousands, numbers with a decimal sign, or names (" +
                                 some_of(values) + "), so they are taken as categories; --columns " + column.name +
                                 ":numeric,.. reads thousands, with --decimal " + (source.decimal == '.' ? "," : ".") +
                                 " numbers with that sign"});
    return ColumnKind::categorical;
  }
  if (bad.empty()) return ColumnKind::numeric;
  plan.findings.push_back({DataFinding::Kind::almost_numbers, column.name, share_of(bad, there), 0,
                           source.name + ": column " + quoted(column.name) + ": " + std::to_string(bad.size()) +
                               " of " + std::to_string(there) + " values are no numbers (" + some_of(bad) +
                               "), so all are taken as categories; --columns " + column.name +
                               ":numeric,.. leaves such rows out instead"});
  return ColumnKind::categorical;
}

bool is_left_out(const SourceInfo& source, const ColumnPlan::Field& field, std::span<const SourceRow> sample,
                 bool is_time, ColumnPlan& plan) {
  constexpr double k_most = 0.5;
  std::size_t there = 0;
  const char *what = is_time ? "a time" : "an order", *flag = is_time ? "--time" : "--order";
  const TimeReading& reading = is_time ? plan.reading.time : plan.reading.order;
  const std::vector<std::string_view> values = values_of(sample, field.field);
  const std::vector<std::string_view> bad = unread(values, there, [&](std::string_view value) {
    OrderKey order;
    TimeForm form = TimeForm::none;
    return parse_order(value, reading, order, form);
  });
  if (share_of(bad, there) <= k_most) return false;
  DateGuess dates;
  dates.add(values);
  const std::string contradiction = dates.contradiction();
  plan.findings.push_back(
      {DataFinding::Kind::unread_column, field.name, share_of(bad, there), 0,
       source.name + ": column " + quoted(field.name) + " is called like " + what + ", but " +
           std::to_string(bad.size()) + " of " + std::to_string(there) + " values cannot be read as one (" +
           some_of(bad) + "); it is left out. " + flag + " " + field.name +
           " reads it all the same, and leaves out the rows; numbers and dates as 2024-05-01 10:20:30, "
           "2024/05/01, 01/May/2024:10:20:30 +0200 are known" +
           (!contradiction.empty() ? ", but " + contradiction + ": --date-order dmy or mdy says which are right"
            : is_time              ? ", and --time-format reads other forms, as strptime does"
                                   : "")});
  plan.ignored.push_back(field.name + " (cannot be read as " + what + ")");
  return true;
}

void choose_date_order(const SourceInfo& source, std::span<const SourceRow> sample, ColumnPlan& plan) {
  DateGuess guess;
  const bool has_order = plan.order && !(plan.time && plan.time->field == plan.order->field);
  const bool may_guess = plan.reading.time.format.empty();
  if (plan.time && may_guess) guess.add(values_of(sample, plan.time->field));
  const bool is_of_time = guess.order() != DateOrder::unknown;
  if (has_order) guess.add(values_of(sample, plan.order->field));
  const DateOrder order = guess.order();
  if (order == DateOrder::unknown || plan.reading.time.date_order != DateOrder::unknown) return;
  if (plan.time && may_guess) plan.reading.time.date_order = order;
  if (has_order) plan.reading.order.date_order = order;
  const std::string& name = is_of_time || !has_order ? plan.time->name : plan.order->name;
  const bool is_day = order == DateOrder::day_first;
  plan.findings.push_back({DataFinding::Kind::guessed, name, 1, 0,
                           source.name + ": column " + quoted(name) + ": dates are read with the " +
                               (is_day ? "day" : "month") + " first, " + guess.reason() + "; --date-order " +
                               (is_day ? "mdy reads the month first, dmy" : "dmy reads the day first, mdy") +
                               " says that this is right"});
}

std::string infer_time_unit(const std::vector<std::string_view>& values, char decimal) {
  std::vector<double> sizes;
  for (const std::string_view value : values) {
    double number = 0;
    if (parse_number(value, number, value.find('.') == std::string_view::npos ? decimal : '.') == ParseStatus::ok)
      sizes.push_back(std::abs(number));
  }
  if (sizes.empty()) return "ms";
  const auto middle = sizes.begin() + static_cast<std::ptrdiff_t>(sizes.size() / 2);
  std::nth_element(sizes.begin(), middle, sizes.end());
  return std::string(guess_time_unit(*middle));
}

}  // namespace v0
}  // namespace seqguard
