#include "events/clean_events.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <optional>
#include <string>

#include "seqguard/core/error.hpp"
#include "seqguard/events/events_view.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

/// What a rule did.
struct Count {
  std::uint64_t number = 0, line = 0;  ///< line: of the first
  void add(std::uint64_t at) {
    if (number++ == 0) line = at;
  }
};

class Cleaner {
 public:
  Cleaner(Dataset::Storage& data, std::vector<std::uint32_t>& sequence_of_event)
      : data_(data), rules_(data.reading.cleaning), sequence_(sequence_of_event), stays_(data.rows.size(), true) {}

  void clean(const EventSchema* schema) {
    if (schema == nullptr) require_effect();
    if (rules_.times != OddValue::keep) look_at_times();
    if (rules_.outliers != OddValue::keep) look_at_numbers(schema);
    if (rules_.empty) look_at_values();
    if (rules_.duplicates || rules_.repeats_ms) look_at_repeats();
    if (rules_.least_events > 0 || rules_.most_events < CleaningRules().most_events) look_at_lengths();
    if (!rules_.only_report) leave_out();
  }

 private:
  void require_effect() const {
    const auto require = [](bool holds, const char* rule, const char* what) {
      if (!holds)
        fail(ErrorCode::invalid_argument, "--cleaning", std::string(rule) + ": there is no column of " + what);
    };
    if (rules_.only_report) return;
    require(!rules_.duplicates || !data_.time_column.empty() || !data_.order_column.empty(), "duplicates",
            "times or of an order");
    require(!rules_.repeats_ms || !data_.time_column.empty(), "repeats", "times");
    require(rules_.times == OddValue::keep || !data_.time_column.empty(), "times", "times");
    const auto is_numeric = [](const DataColumn& column) { return column.kind == ColumnKind::numeric; };
    require(rules_.outliers == OddValue::keep || std::any_of(data_.columns.begin(), data_.columns.end(), is_numeric),
            "outliers", "numbers");
  }

  void leave_out(std::size_t event, Count& count) {
    stays_[event] = false;
    count.add(data_.rows[event]);
  }

  void look_at_times() {
    using namespace std::chrono;
    constexpr std::int64_t k_1990 = 631'152'000'000, k_day = 86'400'000;
    const std::int64_t latest = duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count() + k_day;
    Count count;
    for (std::size_t e = 0; e < data_.times.size(); ++e) {
      std::int64_t& time = data_.times[e];
      if (time == k_no_time || (time >= k_1990 && time <= latest)) continue;
      count.add(data_.rows[e]);
      if (rules_.times == OddValue::drop)
        stays_[e] = false;
      else if (!rules_.only_report)
        forget_time(e);
    }
    say(count, data_.time_column, "times are before 1990 or in the future", rules_.times, "times");
  }
  void forget_time(std::size_t event) {
    data_.times[event] = k_no_time;
    if (!data_.times_ns.empty()) data_.times_ns[event] = 0;
  }

  /// First quartile less three times the distance between the quartiles, and third plus it (Tukey's outer fence).
  static std::optional<UsualNumbers> fence_of(const std::vector<float>& numbers) {
    constexpr std::size_t k_least = 20;  // of fewer numbers quartiles say little
    constexpr double k_width = 3;
    std::vector<float> there;
    std::copy_if(numbers.begin(), numbers.end(), std::back_inserter(there), [](float x) { return std::isfinite(x); });
    if (there.size() < k_least) return std::nullopt;
    const auto quantile = [&](std::size_t quarter) {
      const auto place = there.begin() + static_cast<std::ptrdiff_t>((there.size() - 1) * quarter / 4);
      std::nth_element(there.begin(), place, there.end());
      return static_cast<double>(*place);
    };
    const double first = quantile(1), third = quantile(3), reach = k_width * (third - first);
    if (reach <= 0) return std::nullopt;  // half of them are equal: any other would be an outlier
    return UsualNumbers{first - reach, third + reach};
  }

  void look_at_numbers(const EventSchema* schema) {
    data_.usual.resize(data_.columns.size());
    for (std::size_t c = 0; c < data_.columns.size(); ++c) {
      if (data_.columns[c].kind != ColumnKind::numeric) continue;
      std::vector<float>& numbers = data_.values[c].numbers;
      data_.usual[c] = schema != nullptr ? schema->columns[c].usual : fence_of(numbers);
      if (!data_.usual[c]) continue;
      const auto [low, high] = *data_.usual[c];
      Count count;
      for (std::size_t e = 0; e < numbers.size(); ++e) {
        const double number = numbers[e];
        if (!std::isfinite(number) || (number >= low && number <= high)) continue;
        count.add(data_.rows[e]);
        if (rules_.outliers == OddValue::drop)
          stays_[e] = false;
        else if (!rules_.only_report)
          numbers[e] = rules_.outliers == OddValue::clip ? static_cast<float>(std::clamp(number, low, high))
                                                         : std::numeric_limits<float>::quiet_NaN();
      }
      say(count, data_.columns[c].name, "numbers lie outside " + std::to_string(low) + " .. " + std::to_string(high),
          rules_.outliers, "outliers");
    }
  }

  void look_at_values() {
    const std::vector<std::string_view>& values = data_.values[data_.primary].texts;
    Count count;
    for (std::size_t e = 0; e < values.size(); ++e)
      if (values[e].empty()) leave_out(e, count);
    say(count, data_.columns[data_.primary].name, "events have no value", OddValue::drop, "empty");
  }

  bool equal_values(std::size_t a, std::size_t b) const {
    for (const ColumnValues& column : data_.values) {
      if (!column.texts.empty() && column.texts[a] != column.texts[b]) return false;
      if (column.numbers.empty()) continue;
      const float x = column.numbers[a], y = column.numbers[b];
      if (x != y && !(std::isnan(x) && std::isnan(y))) return false;
    }
    return true;
  }
  bool is_duplicate(std::size_t event, std::size_t before) const {
    const auto equal = [&](const auto& column) { return column.empty() || column[event] == column[before]; };
    return equal(data_.times) && equal(data_.times_ns) && equal(data_.orders);
  }
  bool is_repeat(std::size_t event, std::size_t before) const {
    const std::int64_t time = data_.times[event], earlier = data_.times[before];
    return time != k_no_time && earlier != k_no_time && time >= earlier && time - earlier <= *rules_.repeats_ms;
  }

  void look_at_repeats() {
    if (data_.times.empty() && data_.orders.empty()) return;
    Count duplicates, repeats;
    std::size_t before = 0;  // the last event that stayed
    for (std::size_t e = 0; e < stays_.size(); ++e) {
      if (!stays_[e]) continue;
      const bool follows = e > 0 && sequence_[before] == sequence_[e] && before < e && equal_values(e, before);
      if (follows && rules_.duplicates && is_duplicate(e, before))
        leave_out(e, duplicates);
      else if (follows && rules_.repeats_ms && is_repeat(e, before))
        leave_out(e, repeats);
      else
        before = e;
    }
    say(duplicates, {}, "events equal the one before them in all columns, time and order", OddValue::drop,
        "duplicates");
    say(repeats, {},
        "events equal the one before them and come at most " + std::to_string(rules_.repeats_ms.value_or(0)) +
            " ms later",
        OddValue::drop, "repeats");
  }

  void look_at_lengths() {
    std::vector<std::size_t> lengths(data_.sequences.size());
    for (std::size_t e = 0; e < stays_.size(); ++e) lengths[sequence_[e]] += stays_[e] ? 1 : 0;
    Count count;
    std::vector<bool> fits(lengths.size());
    for (std::size_t s = 0; s < lengths.size(); ++s) {
      fits[s] = lengths[s] >= rules_.least_events && lengths[s] <= rules_.most_events;
      if (!fits[s]) count.add(data_.sequences[s].line);
    }
    for (std::size_t e = 0; e < stays_.size(); ++e) stays_[e] = stays_[e] && fits[sequence_[e]];
    say(count, {}, "sequences are too short or too long", OddValue::drop, "min-events, max-events", lengths.size());
  }

  void say(const Count& count, const std::string& column, const std::string& what, OddValue rule,
           const std::string& name, std::size_t all = 0) {
    if (count.number == 0) return;
    if (all == 0) all = stays_.size();
    const std::string_view done = rules_.only_report          ? "would be named by --cleaning"
                                  : rule == OddValue::drop    ? "left out"
                                  : rule == OddValue::missing ? "count as not known"
                                                              : "set to the nearest of these";
    const std::string place = place_of(data_.files, data_.rejected.file, count.line).text();
    data_.findings.push_back(
        {DataFinding::Kind::cleaned, column, static_cast<double>(count.number) / static_cast<double>(all), count.line,
         place + ": " + (column.empty() ? "" : "column " + column + ": ") + std::to_string(count.number) + " of " +
             std::to_string(all) + " " + what + ": " + std::string(done) + " (" + name + ")"});
  }

  template <class T>
  void keep_staying(std::vector<T>& values) const {
    if (values.empty()) return;
    std::size_t kept = 0;
    for (std::size_t e = 0; e < stays_.size(); ++e)
      if (stays_[e]) values[kept++] = values[e];
    values.resize(kept);
  }

  void leave_out() {
    if (std::find(stays_.begin(), stays_.end(), false) == stays_.end()) return;
    for (ColumnValues& column : data_.values) {
      keep_staying(column.texts);
      keep_staying(column.numbers);
    }
    keep_staying(data_.times);
    keep_staying(data_.times_ns);
    keep_staying(data_.rows);
    keep_staying(data_.orders);
    keep_staying(data_.slices);
    keep_staying(sequence_);
    leave_out_empty_sequences();
  }
  void leave_out_empty_sequences() {
    std::vector<bool> has_events(data_.sequences.size());
    for (const std::uint32_t s : sequence_) has_events[s] = true;
    std::vector<std::uint32_t> number(has_events.size());
    std::uint32_t kept = 0;
    for (std::size_t s = 0; s < has_events.size(); ++s) {
      if (!has_events[s]) continue;
      data_.sequences[kept] = data_.sequences[s];
      if (!data_.leads.empty()) data_.leads[kept] = data_.leads[s];
      number[s] = kept++;
    }
    data_.sequences.resize(kept);
    if (!data_.leads.empty()) data_.leads.resize(kept);
    for (std::uint32_t& s : sequence_) s = number[s];
  }

  Dataset::Storage& data_;
  const CleaningRules& rules_;
  std::vector<std::uint32_t>& sequence_;
  std::vector<bool> stays_;  // by event
};

}  // namespace

void clean_events(Dataset::Storage& data, std::vector<std::uint32_t>& sequence_of_event, const EventSchema* schema) {
  if (data.reading.cleaning.any()) Cleaner(data, sequence_of_event).clean(schema);
}

}  // namespace v0
}  // namespace seqguard
