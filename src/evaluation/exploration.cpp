#include "seqguard/evaluation/exploration.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "core/secret_hash.hpp"
#include "events/seen_sizes.hpp"
#include "seqguard/evaluation/reading_facts.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

constexpr std::size_t k_top = 20, k_slices = 20, k_changes = 10;

using Counts = std::unordered_map<std::string_view, std::size_t, SecretHash>;

Counts count_values(const Dataset& data, std::size_t column) {
  Counts counts;
  for (std::size_t s = 0; s < data.sequences().size(); ++s) {
    const ColumnView values = data.view(s).columns[column];
    for (std::size_t i = 0; i < values.size(); ++i) ++counts[values.text(i)];
  }
  return counts;
}

std::vector<CountedValue> most_frequent(const Counts& counts, std::size_t most) {
  std::vector<std::pair<std::string_view, std::size_t>> top(counts.begin(), counts.end());
  const auto end = top.begin() + static_cast<std::ptrdiff_t>(std::min(most, top.size()));
  std::partial_sort(top.begin(), end, top.end(), [](const auto& a, const auto& b) {
    return a.second != b.second ? a.second > b.second : a.first < b.first;
  });
  std::vector<CountedValue> result;
  for (auto value = top.begin(); value != end; ++value) result.push_back({std::string(value->first), value->second});
  return result;
}

ColumnFacts categorical_facts(const Dataset& data, std::size_t c) {
  ColumnFacts facts;
  const Counts counts = count_values(data, c);
  facts.distinct = counts.size();
  for (const auto& [value, count] : counts) {
    facts.once += count == 1 ? 1 : 0;
    if (value.empty()) facts.missing = count;
  }
  facts.top = most_frequent(counts, k_top);
  return facts;
}

ColumnFacts numeric_facts(const Dataset& data, std::size_t c) {
  ColumnFacts facts;
  std::vector<double> present;
  bool whole = true;
  for (std::size_t s = 0; s < data.sequences().size(); ++s)
    for (const float value : data.view(s).columns[c].floats()) {
      if (!std::isfinite(value)) {
        ++facts.missing;
        continue;
      }
      present.push_back(value);
      whole = whole && value == std::floor(value);
    }
  facts.numbers = describe(std::move(present), Scale::automatic, whole);
  return facts;
}

void add_rhythm(TimeFacts& facts, std::int64_t time_ms) {
  constexpr std::int64_t k_hour = 3'600'000;
  const std::int64_t hours = time_ms >= 0 ? time_ms / k_hour : (time_ms - k_hour + 1) / k_hour;
  const std::int64_t hour = ((hours % 24) + 24) % 24, days = (hours - hour) / 24;
  const std::int64_t weekday = ((days + 3) % 7 + 7) % 7;  // 1970 began on a Thursday
  ++facts.rhythm[static_cast<std::size_t>(weekday)][static_cast<std::size_t>(hour)];
}

std::vector<Bin> activity(std::vector<std::int64_t> times) {
  constexpr std::size_t k_stretches = 40;
  std::vector<Bin> bins;
  std::sort(times.begin(), times.end());
  const auto at = [&](double q) { return times[static_cast<std::size_t>(q * static_cast<double>(times.size() - 1))]; };
  if (times.empty() || at(0.002) == at(0.998)) return bins;
  const double begin = static_cast<double>(at(0.002)),
               width = (static_cast<double>(at(0.998)) - begin) / static_cast<double>(k_stretches);
  for (std::size_t k = 0; k < k_stretches; ++k)
    bins.push_back({begin + static_cast<double>(k) * width, begin + static_cast<double>(k + 1) * width, 0});
  for (const std::int64_t time : times) {
    const double place = (static_cast<double>(time) - begin) / width;
    if (place >= 0 && time <= at(0.998)) ++bins[std::min(k_stretches - 1, static_cast<std::size_t>(place))].count;
  }
  return bins;
}

TimeFacts time_facts(const Dataset& data) {
  constexpr std::int64_t k_1990 = 631'152'000'000, k_2100 = 4'102'444'800'000;
  TimeFacts facts;
  facts.column = data.time_column();
  facts.unit = data.time_unit();
  std::size_t known = 0, dates = 0;
  std::vector<std::int64_t> times;
  for (std::size_t s = 0; s < data.sequences().size(); ++s)
    for (const std::int64_t time : data.view(s).time_ms) {
      if (time == k_no_time) {
        ++facts.unknown;
        continue;
      }
      facts.first_ms = known == 0 ? time : std::min(facts.first_ms, time);
      facts.last_ms = known == 0 ? time : std::max(facts.last_ms, time);
      ++known;
      dates += time >= k_1990 && time < k_2100 ? 1 : 0;
      add_rhythm(facts, time);
      times.push_back(time);
    }
  facts.activity = activity(std::move(times));
  facts.is_calendar = known > 0 && 10 * dates >= 9 * known;
  std::vector<double> gaps;
  for_each_gap(data, [&](std::size_t, std::size_t, double gap) {
    if (gap < 0)
      ++facts.backwards;
    else
      gaps.push_back(gap / 1000);
  });
  facts.gaps = describe(std::move(gaps), Scale::log, false);
  return facts;
}

Transitions transitions(const Dataset& data, const std::vector<CountedValue>& top) {
  Transitions t;
  Counts place;
  for (const CountedValue& value : top) {
    place.emplace(value.value, t.values.size());
    t.values.push_back(value.value);
  }
  const std::size_t n = t.values.size();
  t.counts.assign(n * n, 0);
  t.leaving.assign(n, 0);
  for (std::size_t s = 0; s < data.sequences().size(); ++s) {
    const ColumnView values = data.view(s).columns[data.primary()];
    for (std::size_t i = 1; i < values.size(); ++i) {
      ++t.pairs;
      const auto from = place.find(values.text(i - 1)), to = place.find(values.text(i));
      if (from == place.end()) continue;
      ++t.leaving[from->second];
      if (to != place.end()) ++t.counts[from->second * n + to->second];
    }
  }
  return t;
}

/// Sequences whose primary column equals that of an earlier one.
std::size_t repeated_sequences(const Dataset& data) {
  std::unordered_set<std::string, SecretHash> seen;
  std::size_t repeated = 0;
  for (std::size_t s = 0; s < data.sequences().size(); ++s) {
    const ColumnView values = data.view(s).columns[data.primary()];
    std::string content;
    for (std::size_t i = 0; i < values.size(); ++i) content.append(values.text(i)).push_back('\0');
    repeated += seen.insert(std::move(content)).second ? 0 : 1;
  }
  return repeated;
}

bool equal_values(const ColumnView& values, std::size_t i, std::size_t j) {
  if (values.is_text()) return values.text(i) == values.text(j);
  const float a = values.floats()[i], b = values.floats()[j];
  return a == b || (!std::isfinite(a) && !std::isfinite(b));
}

std::size_t repeated_events(const Dataset& data) {
  std::size_t repeated = 0;
  for (std::size_t s = 0; s < data.sequences().size(); ++s) {
    const EventsView view = data.view(s);
    for (std::size_t i = 1; i < view.n; ++i) {
      const bool same_time = view.time_ms.empty() || view.time_ms[i] == view.time_ms[i - 1];
      repeated += same_time && std::all_of(view.columns.begin(), view.columns.end(),
                                           [&](const ColumnView& values) { return equal_values(values, i - 1, i); });
    }
  }
  return repeated;
}

/// An event on its own.
struct Placed {
  std::int64_t time;
  std::uint64_t row;
  std::string_view value;
};

std::vector<NoveltySlice> novelty(const Dataset& data, bool by_time) {
  std::vector<Placed> events;
  for (std::size_t s = 0; s < data.sequences().size(); ++s) {
    const EventsView view = data.view(s);
    for (std::size_t i = 0; i < view.n; ++i) {
      const std::int64_t time = by_time ? view.time_ms[i] : k_no_time;
      if (by_time && time == k_no_time) continue;
      events.push_back({time, data.row(data.sequences()[s].first + i), view.columns[data.primary()].text(i)});
    }
  }
  // A row of lines holds many events: stable, so that they stay in their order.
  std::stable_sort(events.begin(), events.end(),
                   [](const Placed& a, const Placed& b) { return a.time != b.time ? a.time < b.time : a.row < b.row; });
  const std::size_t slices = std::min(k_slices, events.size());
  std::vector<NoveltySlice> result(slices);
  std::unordered_set<std::string_view, SecretHash> seen;
  for (std::size_t k = 0; k < slices; ++k) {
    const std::size_t begin = k * events.size() / slices, end = (k + 1) * events.size() / slices;
    result[k].events = end - begin;
    result[k].begin_ms = events[begin].time;
    for (std::size_t i = begin; i < end; ++i) result[k].new_values += seen.insert(events[i].value).second ? 1 : 0;
  }
  return result;
}

/// Counts of the primary column's values in two groups of sequences.
struct TwoGroups {
  std::unordered_map<std::string_view, std::array<std::size_t, 2>, SecretHash> counts;
  std::array<std::size_t, 2> events = {};

  void add(const Dataset& data, std::size_t s, std::size_t group) {
    const ColumnView values = data.view(s).columns[data.primary()];
    events[group] += values.size();
    for (std::size_t i = 0; i < values.size(); ++i) ++counts[values.text(i)][group];
  }
  double share(const std::array<std::size_t, 2>& count, std::size_t group) const {
    return events[group] > 0 ? static_cast<double>(count[group]) / static_cast<double>(events[group]) : 0;
  }
  /// By value, so that the sum does not depend on the order of the map.
  std::vector<ShareChange> shares() const {
    std::vector<ShareChange> result;
    for (const auto& [value, count] : counts) result.push_back({std::string(value), share(count, 0), share(count, 1)});
    std::sort(result.begin(), result.end(), [](const auto& a, const auto& b) { return a.value < b.value; });
    return result;
  }
};

double total_variation(const std::vector<ShareChange>& shares) {
  double sum = 0;
  for (const ShareChange& change : shares) sum += std::abs(change.first - change.last);
  return sum / 2;
}

/// Sequences by their first known time, or as they are.
std::vector<std::size_t> ordered_sequences(const Dataset& data, bool by_time) {
  std::vector<std::size_t> order(data.sequences().size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  if (!by_time) return order;
  std::vector<std::int64_t> begin(order.size(), k_no_time);
  for (const std::size_t s : order)
    for (const std::int64_t time : data.view(s).time_ms)
      if (time != k_no_time && (begin[s] == k_no_time || time < begin[s])) begin[s] = time;
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return begin[a] < begin[b]; });
  return order;
}

HalvesFacts halves(const Dataset& data, bool by_time) {
  const std::vector<std::size_t> order = ordered_sequences(data, by_time);
  HalvesFacts facts;
  facts.first_sequences = order.size() / 2;
  facts.last_sequences = order.size() - facts.first_sequences;
  TwoGroups groups, alternating;
  std::array<std::vector<double>, 2> lengths;
  for (std::size_t k = 0; k < order.size(); ++k) {
    const std::size_t half = k < facts.first_sequences ? 0 : 1;
    groups.add(data, order[k], half);
    alternating.add(data, order[k], k % 2);
    lengths[half].push_back(static_cast<double>(data.sequences()[order[k]].count));
  }
  facts.median_length_first = describe(std::move(lengths[0]), Scale::linear, true).median;
  facts.median_length_last = describe(std::move(lengths[1]), Scale::linear, true).median;
  facts.changes = groups.shares();
  facts.distance = facts.first_sequences > 0 ? total_variation(facts.changes) : 0;
  facts.chance = facts.first_sequences > 0 ? total_variation(alternating.shares()) : 0;
  std::stable_sort(facts.changes.begin(), facts.changes.end(), [](const ShareChange& a, const ShareChange& b) {
    return std::abs(a.last - a.first) > std::abs(b.last - b.first);
  });
  facts.changes.resize(std::min(k_changes, facts.changes.size()));
  return facts;
}

}  // namespace

std::vector<CountedValue> top_values(const Dataset& data, std::size_t column, std::size_t most) {
  return most_frequent(count_values(data, column), most);
}

Exploration explore(const Dataset& data) {
  Exploration e;
  e.file = data.rejected().file;
  e.key_column = data.key_column();
  e.order_column = data.order_column();
  e.ignored.assign(data.ignored_columns().begin(), data.ignored_columns().end());
  e.reading = reading_facts(data);
  e.sequences = data.sequences().size();
  e.events = data.events();
  e.blank_lines = data.blank_lines();
  e.rejected = data.rejected();
  e.findings.assign(data.findings().begin(), data.findings().end());
  std::vector<double> lengths;
  for (const DataSequence& sequence : data.sequences()) lengths.push_back(static_cast<double>(sequence.count));
  e.lengths = describe(std::move(lengths), Scale::automatic, true);
  e.repeated_sequences = repeated_sequences(data);
  e.repeated_events = repeated_events(data);
  for (std::size_t c = 0; c < data.columns().size(); ++c) {
    const DataColumn& column = data.columns()[c];
    e.columns.push_back(column.kind == ColumnKind::categorical ? categorical_facts(data, c) : numeric_facts(data, c));
    e.columns.back().name = column.name;
    e.columns.back().kind = column.kind;
    e.columns.back().is_primary = c == data.primary();
  }
  if (!data.time_column().empty()) e.time = time_facts(data);
  e.by_time = e.time && 10 * (e.events - e.time->unknown) >= 9 * e.events;
  e.transitions = transitions(data, e.columns[data.primary()].top);
  e.novelty = novelty(data, e.by_time);
  e.halves = halves(data, e.by_time);
  return e;
}

}  // namespace v0
}  // namespace seqguard
