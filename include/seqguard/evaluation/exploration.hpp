// What is in a data set before anybody has learned from it: how much, how long, when, which values, in which order, and
// whether it stays the same. The exploration page and `inspect --json` show these numbers.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "seqguard/events/dataset.hpp"

namespace seqguard {
inline namespace v0 {

/// Values v with low <= v < high; the last bin of a distribution holds its largest value too.
struct Bin {
  double low = 0, high = 0;
  std::size_t count = 0;
};

/// Numbers in short. A quantile q is the value at place floor(q (count - 1)) of the sorted ones; all are 0 of nothing.
struct Distribution {
  std::size_t count = 0, zeros = 0;
  double min = 0, lower_quartile = 0, median = 0, upper_quartile = 0, p90 = 0, p99 = 0, max = 0, mean = 0;
  bool is_log = false;    ///< bins are equally wide in log10; zeros are in none of them
  std::vector<Bin> bins;  ///< without a gap, ascending; none where there is nothing to divide
  /// Numbers beyond the bins of a linear scale, which run from the 0.5 % to the 99.5 % quantile where the whole range
  /// is more than four times as wide as that.
  std::size_t outside = 0;
};

enum class Scale {
  linear,
  log,        ///< of numbers from 0 on
  automatic,  ///< log where no number is below 0 and the largest is more than 50 times the median, else linear
};
/// Finite numbers in any order; `whole`: bins of a linear scale begin and end at whole numbers.
Distribution describe(std::vector<double> values, Scale scale, bool whole);

struct CountedValue {
  std::string value;
  std::size_t count = 0;
};

struct ColumnFacts {
  std::string name;
  ColumnKind kind = ColumnKind::categorical;
  bool is_primary = false;
  std::size_t missing = 0;              ///< events: empty texts, numbers that are not finite
  std::size_t distinct = 0;             ///< values of a categorical column
  std::size_t once = 0;                 ///< those of them that occur once
  std::vector<CountedValue> top;        ///< the most frequent 20, by count, then by value
  std::optional<Distribution> numbers;  ///< of a numeric column
};

struct TimeFacts {
  std::string column, unit;
  std::size_t unknown = 0;    ///< events without a time
  std::size_t backwards = 0;  ///< events earlier than the one before them
  Distribution gaps;          ///< seconds from one event of a sequence to the next, those that run backwards left out
  std::int64_t first_ms = 0, last_ms = 0;
  /// Nine tenths of the times are dates from 1990 to 2100; else they count from some start, and have no hour or
  /// weekday.
  bool is_calendar = false;
  /// Events in 40 equal stretches of time, ms since 1970, from the 0.2 % to the 99.8 % quantile of the times, so that a
  /// few wrong clocks do not squeeze the rest; none where all times are equal.
  std::vector<Bin> activity;
  std::array<std::array<std::size_t, 24>, 7> rhythm = {};  ///< events by weekday (Monday first) and hour, UTC
};

/// Which value of the primary column follows which.
struct Transitions {
  std::vector<std::string> values;   ///< the most frequent ones, at most 20
  std::vector<std::size_t> counts;   ///< [values, values]: row = value, column = the value of the next event
  std::vector<std::size_t> leaving;  ///< [values] all events that follow a value, whatever they are
  std::size_t pairs = 0;             ///< neighbours of all values
};

/// One of 20 parts of the events, equally many in each, in the order of their times or rows.
struct NoveltySlice {
  std::size_t events = 0;
  std::size_t new_values = 0;  ///< events whose value of the primary column nobody has seen before
  std::int64_t begin_ms = k_no_time;
};

struct ShareChange {
  std::string value;
  double first = 0, last = 0;  ///< share of the events of each half
};

/// The first half of the sequences (by their first event) against the last.
struct HalvesFacts {
  std::size_t first_sequences = 0, last_sequences = 0;
  double median_length_first = 0, median_length_last = 0;
  /// Total variation between the shares of the primary column's values: what share of the events would have to change
  /// their value, 0 .. 1.
  double distance = 0;
  /// The same between every other sequence and the rest: how far apart two halves are without any drift.
  double chance = 0;
  std::vector<ShareChange> changes;  ///< the ten largest
};

struct Exploration {
  std::string file, key_column, order_column;
  std::vector<std::string> ignored;
  std::vector<std::pair<std::string, std::string>> reading;  ///< reading_facts()
  std::size_t sequences = 0, events = 0;
  std::uint64_t blank_lines = 0;
  RejectReport rejected;
  std::vector<DataFinding> findings;
  Distribution lengths;
  std::size_t repeated_sequences = 0;  ///< whose primary column equals that of an earlier one
  std::size_t repeated_events = 0;     ///< equal to the event before them in every column and in time
  std::vector<ColumnFacts> columns;
  std::optional<TimeFacts> time;
  Transitions transitions;
  bool by_time = false;  ///< order of novelty and halves: times, where nine tenths of the events have one; else rows
  std::vector<NoveltySlice> novelty;
  HalvesFacts halves;
};

/// The most frequent values of a categorical column, by count, then by value.
std::vector<CountedValue> top_values(const Dataset& data, std::size_t column, std::size_t most);

/// A pure function of the data. Time: events, sorted once; memory: a few words for each event.
Exploration explore(const Dataset& data);

}  // namespace v0
}  // namespace seqguard
