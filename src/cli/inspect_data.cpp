#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "cli/console.hpp"
#include "cli/inspect.hpp"
#include "events/seen_sizes.hpp"

namespace seqguard::cli {
namespace {

constexpr std::size_t k_top_values = 8;

/// "min 1, median 12, 90 % 40, max 300".
template <class T>
std::string quantiles(std::vector<T> values) {
  if (values.empty()) return "none";
  std::sort(values.begin(), values.end());
  const auto at = [&](double q) {
    const double value =
        static_cast<double>(values[static_cast<std::size_t>(q * static_cast<double>(values.size() - 1))]);
    return fixed(value, value == std::floor(value) ? 0 : 2);
  };
  return "min " + at(0) + ", median " + at(0.5) + ", 90 % " + at(0.9) + ", max " + at(1);
}

/// Sequences whose primary column equals that of an earlier one.
std::size_t repeated_sequences(const Dataset& data) {
  std::set<std::string> seen;
  std::size_t repeated = 0;
  for (std::size_t s = 0; s < data.sequences().size(); ++s) {
    const ColumnView values = data.view(s).columns[data.primary()];
    std::string content;
    for (std::size_t i = 0; i < values.size(); ++i) content.append(values.text(i)).push_back('\0');
    repeated += seen.insert(std::move(content)).second ? 0 : 1;
  }
  return repeated;
}

void describe_categorical(const Dataset& data, std::size_t c, Facts& facts) {
  std::map<std::string_view, std::size_t> counts;
  std::size_t empty = 0;
  for (std::size_t s = 0; s < data.sequences().size(); ++s) {
    const ColumnView values = data.view(s).columns[c];
    for (std::size_t i = 0; i < values.size(); ++i) {
      ++counts[values.text(i)];
      empty += values.text(i).empty() ? 1 : 0;
    }
  }
  facts.add("distinct", counts.size(), with_commas(counts.size()));
  facts.add("empty", empty, with_commas(empty));
  std::vector<std::pair<std::size_t, std::string_view>> top;
  for (const auto& [value, count] : counts) top.push_back({count, value});
  const std::size_t shown = std::min(k_top_values, top.size());
  std::partial_sort(
      top.begin(), top.begin() + static_cast<std::ptrdiff_t>(shown), top.end(),
      [](const auto& a, const auto& b) { return a.first != b.first ? a.first > b.first : a.second < b.second; });
  std::string text;
  for (std::size_t i = 0; i < shown; ++i)
    text += (i > 0 ? ", " : "") + std::string(top[i].second) + " (" + with_commas(top[i].first) + ")";
  facts.add("most frequent", text);
}

void describe_numeric(const Dataset& data, std::size_t c, Facts& facts) {
  std::vector<float> present;
  std::size_t missing = 0;
  for (std::size_t s = 0; s < data.sequences().size(); ++s)
    for (const float value : data.view(s).columns[c].floats()) {
      if (std::isfinite(value))
        present.push_back(value);
      else
        ++missing;
    }
  facts.add("missing", missing, with_commas(missing));
  facts.add("values", quantiles(std::move(present)));
}

void describe_times(const Dataset& data, Facts& facts) {
  std::vector<double> gaps;
  std::size_t unknown = 0, backwards = 0;
  for (std::size_t s = 0; s < data.sequences().size(); ++s) {
    const auto times = data.view(s).time_ms;
    unknown += static_cast<std::size_t>(std::count(times.begin(), times.end(), k_no_time));
  }
  for_each_gap(data, [&](std::size_t, std::size_t, double gap) {
    if (gap < 0)
      ++backwards;
    else
      gaps.push_back(gap / 1000);
  });
  facts.section("time " + data.time_column());
  facts.add("unit", data.time_unit());
  facts.add("unknown", unknown, with_commas(unknown));
  facts.add("backwards", backwards, counted(backwards, "event") + " earlier than the one before");
  facts.add("gaps in seconds", quantiles(std::move(gaps)));
}

}  // namespace

int describe_data(const InputOptions& input, const TableOptions& table, Facts& facts) {
  const Dataset data = read_input(input, table);
  std::vector<std::size_t> lengths;
  for (const DataSequence& sequence : data.sequences()) lengths.push_back(sequence.count);
  facts.section("data");
  facts.add("sequences", data.sequences().size(), with_commas(data.sequences().size()));
  facts.add("events", data.events(), with_commas(data.events()));
  facts.add("rejected rows", data.rejected().count, with_commas(data.rejected().count));
  const std::size_t repeated = repeated_sequences(data);
  facts.add("repeated sequences", repeated,
            with_commas(repeated) + (repeated == 1 ? " equals" : " equal") + " an earlier one");
  facts.add("lengths", quantiles(std::move(lengths)));
  if (!data.key_column().empty()) facts.add("key", data.key_column());
  if (!data.order_column().empty()) facts.add("order", data.order_column());
  std::string ignored;
  for (const std::string& column : data.ignored_columns()) ignored += (ignored.empty() ? "" : ", ") + column;
  if (!ignored.empty()) facts.add("not used", ignored);
  for (std::size_t c = 0; c < data.columns().size(); ++c) {
    const DataColumn& column = data.columns()[c];
    facts.section("column " + column.name);
    facts.add("kind", std::string(to_string(column.kind)) + (c == data.primary() ? " (judged)" : ""));
    if (column.kind == ColumnKind::categorical)
      describe_categorical(data, c, facts);
    else
      describe_numeric(data, c, facts);
  }
  if (!data.time_column().empty()) describe_times(data, facts);
  return exit_code_for(data);
}

}  // namespace seqguard::cli
