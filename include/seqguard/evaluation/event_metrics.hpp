// How well the scores of events point at the abnormal ones.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "seqguard/sequence_scorer/sequence_scorer.hpp"

namespace seqguard {
inline namespace v0 {

struct EventMetrics {
  std::size_t normal = 0, abnormal = 0;  ///< events
  double auroc = 0;                      ///< of the events' values, all sequences pooled
  double average_precision = 0;
  double precision_at_n = 0;   ///< r_precision()
  std::size_t sequences = 0;   ///< with at least one abnormal event
  std::size_t worst_hits = 0;  ///< of those: Score::worst is an abnormal event
};

/// `labels`: 1 for an abnormal event, the events of scores[0], then of scores[1], ..
/// @throws Error invalid_argument: lengths that do not fit, no normal or no abnormal event.
EventMetrics measure_events(std::span<const Score> scores, std::span<const std::uint8_t> labels);
/// The same of the probabilities that labels of events give (Score::event_probabilities, of that many classes); the
/// worst event is the most probably abnormal one.
EventMetrics measure_event_labels(std::span<const Score> scores, std::span<const std::uint8_t> labels);

}  // namespace v0
}  // namespace seqguard
