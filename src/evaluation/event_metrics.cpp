#include "seqguard/evaluation/event_metrics.hpp"

#include <string>
#include <vector>

#include "seqguard/metrics/metrics.hpp"

namespace seqguard {
inline namespace v0 {

EventMetrics measure_events(std::span<const Score> scores, std::span<const std::uint8_t> labels) {
  std::vector<double> normal, abnormal;
  EventMetrics result;
  std::size_t first = 0;
  for (const Score& score : scores) {
    const std::size_t count = score.events.size();
    if (first + count > labels.size()) break;
    bool any = false;
    for (std::size_t i = 0; i < count; ++i) {
      (labels[first + i] != 0 ? abnormal : normal).push_back(score.events[i].value);
      any = any || labels[first + i] != 0;
    }
    if (any) {
      ++result.sequences;
      if (labels[first + score.worst] != 0) ++result.worst_hits;
    }
    first += count;
  }
  if (normal.size() + abnormal.size() != labels.size())
    fail(ErrorCode::invalid_argument, "evaluation", "labels do not fit the scored events",
         std::to_string(labels.size()) + " events", std::to_string(normal.size() + abnormal.size()));
  result.normal = normal.size();
  result.abnormal = abnormal.size();
  result.auroc = auroc(normal, abnormal);
  result.average_precision = average_precision(normal, abnormal);
  return result;
}

}  // namespace v0
}  // namespace seqguard
