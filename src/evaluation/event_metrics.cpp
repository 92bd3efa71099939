#include "seqguard/evaluation/event_metrics.hpp"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <string>
#include <vector>

#include "seqguard/metrics/metrics.hpp"

namespace seqguard {
inline namespace v0 {

namespace {

/// `value(score, i)` of event i, of `count(score)` events; `worst(score)`: the event that is held to be the worst.
template <class Count, class Value, class Worst>
EventMetrics measure(std::span<const Score> scores, std::span<const std::uint8_t> labels, const Count& count,
                     const Value& value, const Worst& worst) {
  std::vector<double> normal, abnormal;
  EventMetrics result;
  std::size_t first = 0;
  for (const Score& score : scores) {
    const std::size_t events = count(score);
    if (first + events > labels.size()) break;
    bool any = false;
    for (std::size_t i = 0; i < events; ++i) {
      (labels[first + i] != 0 ? abnormal : normal).push_back(value(score, i));
      any = any || labels[first + i] != 0;
    }
    if (any) {
      ++result.sequences;
      if (labels[first + worst(score)] != 0) ++result.worst_hits;
    }
    first += events;
  }
  if (normal.size() + abnormal.size() != labels.size())
    fail(ErrorCode::invalid_argument, "evaluation", "labels do not fit the scored events",
         std::to_string(labels.size()) + " events", std::to_string(normal.size() + abnormal.size()));
  result.normal = normal.size();
  result.abnormal = abnormal.size();
  result.auroc = auroc(normal, abnormal);
  result.average_precision = average_precision(normal, abnormal);
  result.precision_at_n = r_precision(normal, abnormal);
  return result;
}

}  // namespace

EventMetrics measure_events(std::span<const Score> scores, std::span<const std::uint8_t> labels) {
  return measure(
      scores, labels, [](const Score& score) { return score.events.size(); },
      [](const Score& score, std::size_t i) { return score.events[i].value; },
      [](const Score& score) {  // by the values: labels may have chosen Score::worst
        const auto most = std::max_element(score.events.begin(), score.events.end(),
                                           [](const EventScore& a, const EventScore& b) { return a.value < b.value; });
        return static_cast<std::size_t>(most - score.events.begin());
      });
}

EventMetrics measure_event_labels(std::span<const Score> scores, std::span<const std::uint8_t> labels) {
  const auto count = [](const Score& score) {
    return score.event_probabilities.size() / std::max<std::size_t>(1, score.probabilities.size());
  };
  // The probabilities of the abnormal classes are summed: 1 - p of the normal one would be 0 where it is small.
  const auto value = [](const Score& score, std::size_t i) {
    const auto of = score.event_probabilities.begin() + static_cast<std::ptrdiff_t>(i * score.probabilities.size());
    return std::accumulate(of + 1, of + static_cast<std::ptrdiff_t>(score.probabilities.size()), 0.0);
  };
  return measure(scores, labels, count, value, [&](const Score& score) {
    std::size_t worst = 0;
    for (std::size_t i = 1; i < count(score); ++i)
      if (value(score, i) > value(score, worst)) worst = i;
    return worst;
  });
}

}  // namespace v0
}  // namespace seqguard
