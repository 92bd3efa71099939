#include "events/time_findings.hpp"

#include <algorithm>
#include <cmath>

#include "events/parse_value.hpp"
#include "events/seen_sizes.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

using Kind = DataFinding::Kind;

std::string number(std::uint64_t count) { return std::to_string(count); }

/// `rows` of `all` show it; the message begins with the place of the first.
DataFinding finding(const Dataset& data, Kind kind, const std::string& column, const NamedRows& rows, std::uint64_t all,
                    const std::string& what) {
  const RowPlace first = data.place(rows.lines[0]);
  return {kind, column, static_cast<double>(rows.count) / static_cast<double>(all), first.line,
          first.text() + ": column " + quoted(column) + ": " + number(rows.count) + " of " + number(all) + " " + what};
}

void find_backwards(const Dataset& data, std::vector<DataFinding>& found) {
  if (!data.order_column().empty()) return;
  NamedRows rows;
  std::size_t keys = 0, end = 0;  // end: one behind the last sequence with such a row
  for_each_gap(data, [&](std::size_t sequence, std::size_t event, double gap) {
    if (gap >= 0) return;
    rows.add(data.row(event));
    keys += sequence >= end ? 1 : 0;
    end = sequence + 1;
  });
  if (rows.count == 0) return;
  found.push_back(finding(data, Kind::rows_run_backwards, data.time_column(), rows, data.events(),
                          "rows are earlier than the row before them of the same " + data.key_column() + ", in " +
                              number(keys) + " of " + number(data.sequences().size()) + " keys (" + rows.text(data) +
                              "); there is no order column, so the events stay in the order of the rows, and these "
                              "gaps count as unknown; fit with --order " +
                              data.time_column() + " sorts them"));
}

/// An order that most rows share, as that of a day, or one that was lost, orders little.
void find_ties(const Dataset& data, const NamedRows& ties, std::vector<DataFinding>& found) {
  const std::uint64_t followers = data.events() - data.sequences().size();  // rows that have one before them
  if (2 * ties.count <= followers) return;
  found.push_back(finding(data, Kind::order_ties, data.order_column(), ties, followers,
                          "rows have the order of the row before them of the same " + data.key_column() + " (" +
                              ties.text(data) + "); among themselves they stay in the order of the file"));
}

void find_fine_gaps(const Dataset& data, std::vector<DataFinding>& found) {
  NamedRows rows;
  std::uint64_t gaps = 0;
  for_each_gap(data, [&](std::size_t, std::size_t event, double gap) {
    ++gaps;
    if (gap > 0 && gap < 1) rows.add(data.row(event));
  });
  if (rows.count == 0) return;
  found.push_back(finding(data, Kind::gaps_below_ms, data.time_column(), rows, gaps,
                          "gaps are shorter than a millisecond, the finest step that a model knows (" +
                              rows.text(data) + "); they count as 0 or 1 ms"));
}

/// Numbers beside dates, and dates with a time zone beside others without.
void find_mixed_forms(const Dataset& data, const std::string& column, std::string_view unit, const RowsByForm& rows,
                      std::vector<DataFinding>& found) {
  const NamedRows &numbers = rows.of(TimeForm::number), &dates = rows.of(TimeForm::date),
                  &zoned = rows.of(TimeForm::zoned_date);
  const std::uint64_t all_dates = dates.count + zoned.count;
  if (numbers.count > 0 && all_dates > 0)
    found.push_back(finding(data, Kind::numbers_among_dates, column, numbers, numbers.count + all_dates,
                            "values are plain numbers, the others dates (" + numbers.text(data) +
                                "); the numbers are taken as " + std::string(unit) + " since 1970"));
  if (dates.count > 0 && zoned.count > 0)
    found.push_back(
        finding(data, Kind::mixed_time_zones, column, dates, all_dates,
                "dates name no time zone, the others do (" + dates.text(data) + "); they are taken as UTC"));
}

/// The order of sizes tells the unit only of times of today: counted from 1970, these differ by less than the factor
/// of 1,000 between two units.
void find_mixed_units(const Dataset& data, std::vector<DataFinding>& found) {
  NamedRows rows;
  std::uint64_t known = 0;
  std::string_view first;
  for (std::size_t s = 0; s < data.sequences().size(); ++s) {
    const std::span<const std::int64_t> times = data.view(s).time_ms;
    for (std::size_t i = 0; i < times.size(); ++i) {
      known += times[i] != k_no_time ? 1 : 0;
      const auto unit = likelier_unit(times[i], data.time_unit());
      if (!unit) continue;
      if (first.empty()) first = *unit;
      rows.add(data.row(data.sequences()[s].first + i));
    }
  }
  if (rows.count == 0 || rows.count == known) return;  // all are of another unit: compare_with_schema()
  found.push_back(finding(data, Kind::mixed_time_units, data.time_column(), rows, known,
                          "times look like " + std::string(first) + ", but all are taken as " + data.time_unit() +
                              " (" + rows.text(data) +
                              "), so these lie decades or millennia from the others; write all times in one unit"));
}

/// Times that are too large to be counted in the unit, and that could be in a finer one.
void find_too_large(const Dataset& data, const RowsOfNote& rows, std::vector<DataFinding>& found) {
  if (rows.too_large.count == 0) return;
  std::uint64_t known = 0;
  for (const TimeForm form : {TimeForm::number, TimeForm::date, TimeForm::zoned_date})
    known += rows.times.of(form).count;
  found.push_back(finding(data, Kind::time_unit, data.time_column(), rows.too_large, known,
                          "times look like " + std::string(rows.likelier_unit) + ", too large for plain numbers as " +
                              data.time_unit() + ", which they are taken for (" + rows.too_large.text(data) +
                              "): they count as unknown; give the times in " + data.time_unit() +
                              " or as dates (--strict refuses them)"));
}

void find_empty(const Dataset& data, const NamedRows& rows, std::vector<DataFinding>& found) {
  if (rows.count == 0) return;
  const std::string& column = data.columns()[data.primary()].name;
  found.push_back(finding(data, Kind::no_events, column, rows, data.events(),
                          "events have no value of the judged column (" + rows.text(data) +
                              "): they count as one event of their own, \"\"; leave such rows out, or name another "
                              "column with --columns"));
}

void find_grouped(const Dataset& data, const std::string& column, const NamedRows& rows,
                  std::vector<DataFinding>& found) {
  if (rows.count == 0) return;
  const bool is_point = data.row_style().decimal == '.';
  found.push_back(finding(data, Kind::guessed, column, rows, data.events(),
                          std::string("values are read as thousands, as ") +
                              (is_point ? "\"1,234\" for 1234" : "\"1.234\" for 1234") + " (" + rows.text(data) +
                              "); where that sign is the decimal one, --decimal " + (is_point ? "," : ".") +
                              " says so"));
}

}  // namespace

std::string_view to_string(Kind kind) noexcept {
  switch (kind) {
    case Kind::rows_run_backwards:
      return "rows_run_backwards";
    case Kind::order_ties:
      return "order_ties";
    case Kind::gaps_below_ms:
      return "gaps_below_ms";
    case Kind::numbers_among_dates:
      return "numbers_among_dates";
    case Kind::unread_column:
      return "unread_column";
    case Kind::guessed:
      return "guessed";
    case Kind::late_field:
      return "late_field";
    case Kind::no_events:
      return "no_events";
    case Kind::almost_numbers:
      return "almost_numbers";
    case Kind::cleaned:
      return "cleaned";
    case Kind::mixed_time_zones:
      return "mixed_time_zones";
    case Kind::mixed_time_units:
      return "mixed_time_units";
    case Kind::time_unit:
      return "time_unit";
    case Kind::gap_scale:
      return "gap_scale";
    case Kind::value_scale:
      return "value_scale";
    case Kind::missing:
      return "missing";
    case Kind::vocabulary:
      return "vocabulary";
  }
  return "";
}

void NamedRows::add(std::uint64_t line) {
  ++count;
  // Sorted, the free places behind.
  for (std::uint64_t& place : lines)
    if (place == 0 || line < place) std::swap(place, line);
}

std::string NamedRows::text(const Dataset& data) const {
  const std::size_t named = std::min<std::size_t>(count, lines.size());
  const bool is_one_file = data.files().empty();
  std::string result = !is_one_file ? "" : named > 1 ? "lines " : "line ";
  for (std::size_t i = 0; i < named; ++i)
    result += (i == 0 ? "" : ", ") + (is_one_file ? number(lines[i]) : data.place(lines[i]).text());
  return result + (count > named ? " and " + number(count - named) + " more" : "");
}

bool is_of_today(std::int64_t time_ms) {
  constexpr std::int64_t k_1980 = 315'532'800'000, k_2100 = 4'102'444'800'000;
  return k_1980 <= time_ms && time_ms < k_2100;
}

std::optional<std::string_view> likelier_unit(std::int64_t time_ms, std::string_view unit) {
  if (time_ms == k_no_time || is_of_today(time_ms)) return std::nullopt;
  for (const std::string_view other : {"s", "ms", "us", "ns"}) {
    const double factor = std::pow(10.0, static_cast<double>(power_of_unit(other) - power_of_unit(unit)));
    const double time = static_cast<double>(time_ms) * factor;
    if (std::abs(time) < 9e15 && is_of_today(static_cast<std::int64_t>(time))) return other;
  }
  return std::nullopt;
}

std::vector<DataFinding> find_in_rows(const Dataset& data, const RowsOfNote& rows) {
  std::vector<DataFinding> found;
  find_empty(data, rows.empty, found);
  for (std::size_t c = 0; c < rows.grouped.size(); ++c)
    find_grouped(data, data.columns()[c].name, rows.grouped[c], found);
  if (!data.time_column().empty()) {
    find_backwards(data, found);
    find_mixed_forms(data, data.time_column(), data.time_unit(), rows.times, found);
    if (rows.times.of(TimeForm::number).count > 0) find_mixed_units(data, found);
    find_too_large(data, rows, found);
    find_fine_gaps(data, found);
  }
  if (!data.order_column().empty() && data.order_column() != data.time_column())
    find_mixed_forms(data, data.order_column(), "ms", rows.orders, found);
  find_ties(data, rows.ties, found);
  return found;
}

}  // namespace v0
}  // namespace seqguard
