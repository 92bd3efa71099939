#include "seqguard/detection/event_features.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "detection/dense_writer.hpp"
#include "seqguard/core/random.hpp"
#include "seqguard/model/encoder_batch.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

/// Stand before the first and behind the last event; no type has such a number.
constexpr std::uint64_t k_begin = std::uint64_t{1} << 40, k_end = k_begin + 1;
constexpr std::size_t k_reach = 3;
constexpr std::size_t k_per_surprise = 4, k_of_surprises = 4, k_of_tags = 10, k_of_repeats = 3, k_of_times = 6,
                      k_per_number = 3, k_of_places = 3;

void find_repeats(std::span<const TypeId> types, EventFeatureScratch& s) {
  const std::size_t n = types.size();
  s.before.assign(n, 0);
  s.behind.assign(n, 0);
  s.same.assign(n, 1);
  s.order.resize(n);
  std::iota(s.order.begin(), s.order.end(), 0U);
  std::sort(s.order.begin(), s.order.end(),
            [&](std::uint32_t a, std::uint32_t b) { return types[a] != types[b] ? types[a] < types[b] : a < b; });
  for (std::size_t first = 0, end = 0; first < n; first = end) {
    while (end < n && types[s.order[end]] == types[s.order[first]]) ++end;
    for (std::size_t k = first; k < end; ++k) {
      s.same[s.order[k]] = end - first;
      if (k > first) s.before[s.order[k]] = s.behind[s.order[k - 1]] = s.order[k] - s.order[k - 1];
    }
  }
}

void find_gaps(const EncodedEvents& events, EventFeatureScratch& s) {
  s.gaps.assign(events.n + 1, 0.0F);
  if (events.time_ms.size() != events.n) return;
  for (std::size_t i = 1; i < events.n; ++i) {
    const std::int64_t before = events.time_ms[i - 1], time = events.time_ms[i];
    if (before == k_no_time || time == k_no_time) continue;
    const double seconds = (static_cast<double>(time) - static_cast<double>(before)) / 1000;
    s.gaps[i] = static_cast<float>(std::copysign(std::log1p(10 * std::abs(seconds)), seconds));
  }
}

double log_odds(float probability) {
  const auto p = static_cast<double>(probability);
  return std::log((p + 1e-4) / (1 - p + 1e-4));
}

/// Writes the rows of one sequence.
class EventRows {
 public:
  EventRows(const LabelFeatures& features, const EventSchema& schema, const EncodedEvents& events,
            const EventSigns& signs, EventFeatureScratch& scratch, SparseRows<float>& out)
      : features_(features), schema_(schema), events_(events), signs_(signs), s_(scratch), out_(out), n_(events.n) {
    find_repeats({events.types.data(), n_}, s_);
    find_gaps(events, s_);
    s_.ascending.assign(s_.gaps.begin() + 1, s_.gaps.end() - 1);
    std::sort(s_.ascending.begin(), s_.ascending.end());
    median_gap_ = s_.ascending.empty() ? 0.0 : static_cast<double>(s_.ascending[s_.ascending.size() / 2]);
    s_.total.assign(n_, 0.0F);
    for (std::size_t k = 0; k < signs.surprise.size(); ++k) s_.total[k % n_] += signs.surprise[k];
    s_.ascending.assign(s_.total.begin(), s_.total.end());
    std::sort(s_.ascending.begin(), s_.ascending.end());
    if (signs.tags != nullptr) {
      for (const EventTags& event : signs.tags->events) {
        removed_ += static_cast<double>(event.remove);
        replaced_ += static_cast<double>(event.replace);
      }
      for (const GapTags& gap : signs.tags->gaps) missing_ += static_cast<double>(gap.missing);
    }
  }

  void append(std::size_t i) {
    low_ = i > k_reach ? i - k_reach : 0;
    high_ = std::min(n_, i + k_reach + 1);
    append_slots(i);
    DenseWriter dense(features_, out_);
    add_surprises(i, dense);
    if (signs_.tags != nullptr) add_tags(i, dense);
    dense.add(s_.before[i] > 0 ? 1 / static_cast<double>(s_.before[i]) : 0);
    dense.add(s_.behind[i] > 0 ? 1 / static_cast<double>(s_.behind[i]) : 0);
    dense.add(static_cast<double>(s_.same[i]) / static_cast<double>(n_));
    if (schema_.time) add_times(i, dense);
    for (std::size_t c = 0; c < events_.values.size(); ++c) {
      if (events_.values[c].empty()) continue;
      const auto value = [&](std::size_t k) { return static_cast<double>(events_.values[c][k + 1]); };
      dense.add(value(i));
      dense.add(events_.missing[c][i + 1]);
      dense.add(i > 0 ? value(i) - value(i - 1) : 0);
    }
    dense.add(static_cast<double>(i) / static_cast<double>(n_));
    dense.add(std::log1p(static_cast<double>(i)));
    dense.add(std::log1p(static_cast<double>(n_ - i)));
    for (const double view : signs_.views) dense.add(view);
    dense.end_row();
  }

 private:
  template <class Value>
  double mean(const Value& value) const {
    double sum = 0;
    for (std::size_t k = low_; k < high_; ++k) sum += static_cast<double>(value(k));
    return sum / static_cast<double>(high_ - low_);
  }

  /// 1 for each of the slots s_.keys of a block, which are sorted; several keys may share one.
  void append_keys(std::size_t first) {
    std::sort(s_.keys.begin(), s_.keys.end());
    const auto end = std::unique(s_.keys.begin(), s_.keys.end());
    for (auto key = s_.keys.begin(); key != end; ++key) out_.append(static_cast<std::uint32_t>(first + *key), 1.0F);
    s_.keys.clear();
  }

  void append_slots(std::size_t i) {
    const TypeId type = events_.types[i];
    const std::uint64_t before = i == 0 ? k_begin : events_.types[i - 1],
                        behind = i + 1 == n_ ? k_end : events_.types[i + 1];
    s_.keys.assign(1, (is_unseen(type) ? mix64(type) : type) % features_.unigrams);
    append_keys(0);
    s_.keys.push_back(random_bits(before, type, 1) % features_.bigrams);
    s_.keys.push_back(random_bits(type, behind, 2) % features_.bigrams);
    append_keys(features_.unigrams);
    const auto add = [&](const std::vector<std::int32_t>& ids, std::uint64_t column) {
      if (!ids.empty())
        s_.keys.push_back(random_bits(column, static_cast<std::uint64_t>(ids[i + 1]), 0) % features_.columns);
    };
    for (std::size_t c = 0; c < events_.ids.size(); ++c)
      if (c != schema_.primary) add(events_.ids[c], c);
    add(events_.gaps, events_.ids.size());
    append_keys(features_.unigrams + features_.bigrams);
  }

  void add_surprises(std::size_t i, DenseWriter& dense) const {
    for (std::size_t first = 0; first < signs_.surprise.size(); first += n_) {
      const std::span<const float> column = signs_.surprise.subspan(first, n_);
      dense.add(static_cast<double>(column[i]));
      dense.add(i > 0 ? static_cast<double>(column[i - 1]) : 0);
      dense.add(i + 1 < n_ ? static_cast<double>(column[i + 1]) : 0);
      dense.add(mean([&](std::size_t k) { return column[k]; }));
    }
    const auto& ascending = s_.ascending;
    const auto below = std::lower_bound(ascending.begin(), ascending.end(), s_.total[i]) - ascending.begin();
    dense.add(static_cast<double>(below) / static_cast<double>(n_));
    for (const std::size_t k : {n_ / 2, 9 * (n_ - 1) / 10, n_ - 1}) dense.add(static_cast<double>(ascending[k]));
  }

  void add_tags(std::size_t i, DenseWriter& dense) const {
    const EditTags& tags = *signs_.tags;
    dense.add(log_odds(tags.events[i].remove));
    dense.add(log_odds(tags.events[i].replace));
    dense.add(log_odds(tags.gaps[i].missing));
    dense.add(log_odds(tags.gaps[i + 1].missing));
    dense.add(mean([&](std::size_t k) { return tags.events[k].remove; }));
    dense.add(mean([&](std::size_t k) { return tags.events[k].replace; }));
    dense.add(mean([&](std::size_t k) { return tags.gaps[k].missing; }));
    for (const double sum : {removed_, replaced_, missing_}) dense.add(std::log1p(sum));
  }

  void add_times(std::size_t i, DenseWriter& dense) const {
    const auto gap = static_cast<double>(s_.gaps[i]);
    const double middle = mean([&](std::size_t k) { return s_.gaps[k]; });
    const double variance = mean([&](std::size_t k) {
      const double difference = static_cast<double>(s_.gaps[k]) - middle;
      return difference * difference;
    });
    dense.add(gap);
    dense.add(static_cast<double>(s_.gaps[i + 1]));
    dense.add(gap - median_gap_);
    dense.add(middle);
    dense.add(std::log(0.01 + std::sqrt(variance)));
    dense.add(gap < 0 ? 1 : 0);
  }

  const LabelFeatures& features_;
  const EventSchema& schema_;
  const EncodedEvents& events_;
  const EventSigns& signs_;
  EventFeatureScratch& s_;
  SparseRows<float>& out_;
  std::size_t n_, low_ = 0, high_ = 0;  // [low_, high_): the neighbourhood
  double median_gap_ = 0, removed_ = 0, replaced_ = 0, missing_ = 0;
};

}  // namespace

void EventFeatureScratch::reserve(const EventSchema& schema, std::size_t max_events) {
  order.reserve(max_events);
  before.reserve(max_events);
  behind.reserve(max_events);
  same.reserve(max_events);
  gaps.reserve(max_events + 1);
  total.reserve(max_events);
  ascending.reserve(max_events + 1);
  keys.reserve(std::max<std::size_t>(2, schema.columns.size() + 1));
}

LabelFeatures event_label_features(const EventSchema& schema, std::size_t views, bool has_tags) {
  LabelFeatures features = LabelFeatures::of(schema, 0, 0);
  features.dense = k_per_surprise * predicted_columns(schema).size() + k_of_surprises + (has_tags ? k_of_tags : 0) +
                   k_of_repeats + (schema.time ? k_of_times : 0) + k_per_number * count_numeric_columns(schema) +
                   k_of_places + views;
  return features;
}

void append_event_features(const LabelFeatures& features, const EventSchema& schema, const EncodedEvents& events,
                           const EventSigns& signs, EventFeatureScratch& scratch, SparseRows<float>& out) {
  EventRows rows(features, schema, events, signs, scratch, out);
  for (std::size_t i = 0; i < events.n; ++i) rows.append(i);
}

}  // namespace v0
}  // namespace seqguard
