#include "seqguard/events/compare_with_schema.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string>

#include "events/parse_value.hpp"
#include "events/seen_sizes.hpp"
#include "events/time_findings.hpp"
#include "seqguard/core/error.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

using Kind = DataFinding::Kind;

/// Values of one sequence resemble each other: one or two odd visitors do not make another kind of data.
constexpr std::size_t k_least_values = 10, k_least_sequences = 3;
/// Sizes vary more than what is there at all. Of the test sequences of three public data sets with gaps and numbers
/// (traders, accounts, mice), 3 at random were taken for another scale in up to 2.7 % of 300 draws, 5 in 0.7 %, 10 in
/// none.
constexpr std::size_t k_least_sized_sequences = 10;
/// A wrong unit moves all quartiles by 1,000 or more; 100 leaves it room for gaps that are ten times as long besides.
/// Other visitors move one or two of the three: robots are fast within a session and pause between sessions.
constexpr double k_gap_factor = 100;
/// Cents for euros are a factor of 100, grams for kilograms 1,000; other goods, seasons and currencies move all
/// quartiles by 10 at most. About the middle of 10 and 100, as factors go.
constexpr double k_value_factor = 30;
/// Always and never, with room for single rows.
constexpr double k_nearly_always = 0.95, k_hardly_ever = 0.05;
/// New items and users appear in any file; where they are most of the events, the fit has seen that most values do not
/// come again. Of another shop's vocabulary only words are known that both have by chance.
constexpr double k_nearly_unknown = 0.9, k_mostly_unknown = 0.5;

double share_of(std::size_t part, std::size_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

/// Four digits, and no exponent where people can count without one.
std::string short_text(double number) {
  if (number >= 1e4 && number < 1e12) return std::to_string(std::llround(number));
  char text[32];
  return {text, std::to_chars(text, text + sizeof text, number, std::chars_format::general, 4).ptr};
}

std::string percent(double share) { return short_text(100 * share) + " %"; }

/// Events of the fit with values that came at least so often.
std::uint64_t count_all(const Vocabulary& values, std::uint64_t least) {
  std::uint64_t sum = 0;
  for (TypeId type = 0; type < values.types(); ++type) sum += values.count(type) >= least ? values.count(type) : 0;
  return sum;
}
std::uint64_t events_at_fit(const EventSchema& schema) { return count_all(schema.primary_column().vocabulary, 0); }

/// How a finding about a column of the file begins.
std::string place(const Dataset& data, const std::string& column) {
  return data.rejected().file + ": column " + quoted(column) + ": ";
}

using Findings = std::vector<DataFinding>;

/// A column that was there and is missing.
bool find_missing(const Dataset& data, const std::string& column, double now, double at_fit, Findings& found) {
  if (data.events() < k_least_values || data.sequences().size() < k_least_sequences) return false;
  if (now < k_nearly_always || at_fit > k_hardly_ever) return false;
  found.push_back({Kind::missing, column, now, 0,
                   place(data, column) + "missing in " + percent(now) + " of " + std::to_string(data.events()) +
                       " events, in " + percent(at_fit) + " of those that the model was fitted on"});
  return true;
}

/// Sizes that are larger or smaller by orders of magnitude. All three quartiles must be: of two populations mixed in
/// other shares, one stays where it is.
void find_scale(const Dataset& data, Kind kind, const std::string& column, const SeenSizes& fit,
                const MeasuredSizes& now, const std::string& what, Findings& found) {
  if (now.sizes.size() < k_least_values || now.sequences < k_least_sized_sequences || fit.quartiles[0] <= 0) return;
  double least = now.seen.quartiles[0] / fit.quartiles[0], most = least;
  for (std::size_t q = 1; q < fit.quartiles.size(); ++q) {
    const double ratio = now.seen.quartiles[q] / fit.quartiles[q];
    least = std::min(least, ratio);
    most = std::max(most, ratio);
  }
  const double factor = kind == Kind::gap_scale ? k_gap_factor : k_value_factor;
  const bool larger = least >= factor;
  if (!larger && most > 1 / factor) return;
  const auto outside = std::count_if(now.sizes.begin(), now.sizes.end(), [&](double size) {
    return larger ? size > fit.quartiles[2] : size < fit.quartiles[0];
  });
  const double share = share_of(static_cast<std::size_t>(outside), now.sizes.size());
  const double median = now.seen.quartiles[1], before = fit.quartiles[1];
  found.push_back({kind, column, share, 0,
                   place(data, column) + what + " about " + short_text(larger ? median / before : before / median) +
                       (larger ? " times as large as" : " times smaller than") +
                       " those that the model was fitted on (median " + short_text(median) + " against " +
                       short_text(before) + "; " + percent(share) + " of " + std::to_string(now.sizes.size()) +
                       (larger ? " are above its upper quartile" : " are below its lower quartile") +
                       "): is the unit another one?"});
}

/// A column that was 0 wherever it was there: the encoder has never seen another number, and there is no size to
/// compare with. Of n numbers that are all 0, up to 3 / n of their source may be others (rule of three, 95 %).
void find_never_seen(const Dataset& data, const std::string& column, double zeros_at_fit, const MeasuredSizes& now,
                     Findings& found) {
  if (now.sizes.size() < k_least_values || now.sequences < k_least_sequences) return;
  const double values = std::round((1 - now.seen.missing_share) * static_cast<double>(data.events()));
  const double share = static_cast<double>(now.sizes.size()) / values;
  if (share * zeros_at_fit <= 3) return;
  found.push_back({Kind::value_scale, column, share, 0,
                   place(data, column) + percent(share) + " of " + short_text(values) +
                       " values are not 0, but all those that the model was fitted on are: it cannot tell usual ones "
                       "from others; fit on data that have them"});
}

/// Times that were read as a unit which they are not.
bool find_unit(const Dataset& data, Findings& found) {
  std::size_t known = 0, of_today = 0, others = 0;
  std::string_view unit;
  for (std::size_t s = 0; s < data.sequences().size(); ++s)
    for (const std::int64_t time : data.view(s).time_ms) {
      known += time != k_no_time ? 1 : 0;
      of_today += is_of_today(time) ? 1 : 0;
      const auto likelier = likelier_unit(time, data.time_unit());
      if (!likelier) continue;
      unit = *likelier;
      ++others;
    }
  if (others == 0 || others < of_today) return false;
  const double share = share_of(others, known);
  found.push_back({Kind::time_unit, data.time_column(), share, 0,
                   place(data, data.time_column()) + percent(share) + " of " + std::to_string(known) +
                       " times look like " + std::string(unit) + ", but the model takes plain numbers as " +
                       data.time_unit() + ": every gap is wrong; give the times in " + data.time_unit() +
                       " or as dates"});
  return true;
}

void compare_times(const Dataset& data, const TimeColumn& time, Findings& found) {
  const auto is_of_unit = [](const DataFinding& finding) { return finding.kind == Kind::time_unit; };
  if (std::any_of(data.findings().begin(), data.findings().end(), is_of_unit)) return;  // why times are missing
  const MeasuredSizes gaps = measure_gaps(data);
  if (time.seen && find_missing(data, time.name, gaps.seen.missing_share, time.seen->missing_share, found)) return;
  if (find_unit(data, found) || !time.seen) return;
  find_scale(data, Kind::gap_scale, time.name, *time.seen, gaps, "the gaps in ms are", found);
}

void compare_numbers(const Dataset& data, std::size_t c, const EventSchema& schema, Findings& found) {
  const EventColumn& column = schema.columns[c];
  if (!column.seen) return;
  const MeasuredSizes values = measure_values(data, c);
  if (find_missing(data, column.name, values.seen.missing_share, column.seen->missing_share, found)) return;
  if (column.seen->quartiles[2] > 0)
    find_scale(data, Kind::value_scale, column.name, *column.seen, values, "the values are", found);
  else
    find_never_seen(data, column.name, (1 - column.seen->missing_share) * static_cast<double>(events_at_fit(schema)),
                    values, found);
}

/// What the fit says of the values of a categorical column: the share of empty ones, and of the others the share that
/// may be expected to be unknown. Each value that was seen once stands for one that will be seen for the first time
/// (Good and Turing), and rare values of columns that are not judged were left out of the vocabulary.
struct ExpectedValues {
  double empty = 0, unknown = 1;

  ExpectedValues(const EventSchema& schema, const Vocabulary& vocabulary) {
    const std::uint64_t events = events_at_fit(schema);
    const TypeId none = vocabulary.type("");
    const std::uint64_t empty_events = none < vocabulary.types() ? vocabulary.count(none) : 0;
    if (events == 0) return;
    empty = share_of(empty_events, events);
    if (events <= empty_events) return;
    const std::uint64_t repeated = count_all(vocabulary, 2) - (empty_events >= 2 ? empty_events : 0);
    unknown = 1 - share_of(repeated, events - empty_events);
  }
};

void compare_texts(const Dataset& data, std::size_t c, const EventSchema& schema, Findings& found) {
  const EventColumn& column = schema.columns[c];
  std::size_t empty = 0, unknown = 0, sequences = 0;
  for (std::size_t s = 0; s < data.sequences().size(); ++s) {
    const ColumnView values = data.view(s).columns[c];
    std::size_t empty_here = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
      const std::string_view value = values.text(i);
      empty_here += value.empty() ? 1 : 0;
      unknown += !value.empty() && column.vocabulary.type(value) >= column.vocabulary.types() ? 1 : 0;
    }
    sequences += empty_here < values.size() ? 1 : 0;
    empty += empty_here;
  }
  const ExpectedValues expected(schema, column.vocabulary);
  if (find_missing(data, column.name, share_of(empty, data.events()), expected.empty, found)) return;
  const std::size_t values = data.events() - empty;
  const double share = share_of(unknown, values);
  if (values < k_least_values || sequences < k_least_sequences) return;
  if (share < k_nearly_unknown || expected.unknown > k_mostly_unknown) return;
  found.push_back({Kind::vocabulary, column.name, share, 0,
                   place(data, column.name) + percent(share) + " of " + std::to_string(values) +
                       " values are unknown to the model (expected of its own traffic: " + percent(expected.unknown) +
                       "): are these data of another source?"});
}

void check_columns(const Dataset& data, const EventSchema& schema) {
  const auto same = [](const DataColumn& a, const EventColumn& b) { return a.name == b.name && a.kind == b.kind; };
  if (std::equal(data.columns().begin(), data.columns().end(), schema.columns.begin(), schema.columns.end(), same) &&
      (!schema.time || schema.time->name == data.time_column()))
    return;
  fail(ErrorCode::bad_format, data.rejected().file,
       "its columns are not those of the schema; read it under the schema (ReadOptions::schema)");
}

}  // namespace

std::vector<DataFinding> compare_with_schema(const Dataset& data, const EventSchema& schema) {
  check_columns(data, schema);
  Findings found;
  if (data.events() == 0) return found;
  if (schema.time) compare_times(data, *schema.time, found);
  for (std::size_t c = 0; c < schema.columns.size(); ++c) {
    if (schema.columns[c].kind == ColumnKind::numeric)
      compare_numbers(data, c, schema, found);
    else
      compare_texts(data, c, schema, found);
  }
  return found;
}

}  // namespace v0
}  // namespace seqguard
