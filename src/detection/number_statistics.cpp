#include "seqguard/detection/number_statistics.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "seqguard/events/events_view.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

constexpr double k_none = std::numeric_limits<double>::quiet_NaN();

std::vector<NumberStatistic> of_numbers() {
  using enum NumberStatistic;
  return {missing, mean, spread, smallest, quartile1, median, quartile3, ninety, largest, trend};
}

double mean_of(const double* first, const double* last) {
  return std::accumulate(first, last, 0.0) / static_cast<double>(last - first);
}

double quantile(const std::vector<double>& sorted, double share) {
  const double at = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(at);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (at - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

/// The known values of a block in scratch.values; returns how many are missing.
std::size_t read_values(const NumberBlock& block, const EncodedEvents& events, std::vector<double>& values) {
  values.clear();
  std::size_t missing = 0;
  if (block.source == NumberBlock::Source::numeric) {
    for (std::size_t i = 1; i <= events.n; ++i) {
      if (events.missing[block.index][i] != 0)
        ++missing;
      else
        values.push_back(events.values[block.index][i]);
    }
    return missing;
  }
  if (events.time_ms.size() != events.n) return events.n > 1 ? events.n - 1 : 0;
  for (std::size_t i = 1; i < events.n; ++i) {
    const std::int64_t before = events.time_ms[i - 1], now = events.time_ms[i];
    if (before == k_no_time || now == k_no_time || now < before)
      ++missing;
    else
      values.push_back(std::log1p(static_cast<double>(now - before) / 1000));
  }
  return missing;
}

void append_numbers(const NumberBlock& block, const EncodedEvents& events, NumberScratch& scratch,
                    std::vector<double>& out) {
  std::vector<double>& values = scratch.values;
  const std::size_t missing = read_values(block, events, values), n = values.size();
  out.push_back(missing > 0 ? static_cast<double>(missing) / static_cast<double>(missing + n) : 0);
  if (n == 0) {
    out.insert(out.end(), block.statistics.size() - 1, k_none);
    return;
  }
  const double mean = mean_of(values.data(), values.data() + n);
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  const std::size_t half = n / 2;
  scratch.sorted = values;
  std::sort(scratch.sorted.begin(), scratch.sorted.end());
  out.push_back(mean);
  out.push_back(n > 1 ? std::sqrt(squares / static_cast<double>(n)) : k_none);
  for (const double share : {0.0, 0.25, 0.5, 0.75, 0.9, 1.0}) out.push_back(quantile(scratch.sorted, share));
  out.push_back(half > 0 ? mean_of(values.data() + n - half, values.data() + n) -
                               mean_of(values.data(), values.data() + half)
                         : k_none);
}

void append_categories(const NumberBlock& block, const EncodedEvents& events, NumberScratch& scratch,
                       std::vector<double>& out) {
  const auto first = events.ids[block.index].begin() + 1;
  scratch.ids.assign(first, first + static_cast<std::ptrdiff_t>(events.n));
  std::size_t changes = 0;
  for (std::size_t i = 1; i < events.n; ++i) changes += scratch.ids[i] != scratch.ids[i - 1] ? 1 : 0;
  std::sort(scratch.ids.begin(), scratch.ids.end());
  const auto distinct = std::unique(scratch.ids.begin(), scratch.ids.end()) - scratch.ids.begin();
  out.push_back(distinct > 0 ? std::log(static_cast<double>(distinct)) : k_none);
  out.push_back(events.n > 1 ? static_cast<double>(changes) / static_cast<double>(events.n - 1) : k_none);
}

}  // namespace

std::vector<NumberBlock> number_blocks(const EventSchema& schema) {
  std::vector<NumberBlock> blocks;
  std::size_t first = 0;
  const auto add = [&](NumberBlock block) {
    block.first = first;
    first += block.statistics.size();
    blocks.push_back(std::move(block));
  };
  for (std::size_t c = 0; c < schema.columns.size(); ++c) {
    const EventColumn& column = schema.columns[c];
    if (c == schema.primary) continue;
    if (column.kind == ColumnKind::numeric)
      add({column.name, NumberBlock::Source::numeric, c, 0, of_numbers()});
    else
      add({column.name, NumberBlock::Source::categorical, c, 0, {NumberStatistic::distinct, NumberStatistic::changes}});
  }
  if (schema.time) add({schema.time->name, NumberBlock::Source::gaps, 0, 0, of_numbers()});
  return blocks;
}

std::size_t count_statistics(const std::vector<NumberBlock>& blocks) {
  return blocks.empty() ? 0 : blocks.back().first + blocks.back().statistics.size();
}

void append_statistics(const std::vector<NumberBlock>& blocks, const EncodedEvents& events, NumberScratch& scratch,
                       std::vector<double>& out) {
  for (const NumberBlock& block : blocks) {
    if (block.source == NumberBlock::Source::categorical)
      append_categories(block, events, scratch, out);
    else
      append_numbers(block, events, scratch, out);
  }
}

}  // namespace v0
}  // namespace seqguard
