// What the score of a sequence would be without some of its events; private to the library.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "seqguard/sequence_scorer/explanation.hpp"
#include "sequence_scorer/judge.hpp"

namespace seqguard {
inline namespace v0 {

/// Place in the recipe of what was learned from labels; the number of views: there is none.
std::size_t view_of_labels(const BehaviourModel& model);

struct StretchWithout {
  std::size_t first = 0, count = 0;
  Judgement judgement;
  double label_log_odds = 0;  ///< what the view of the labels says then; 0 without one
};

/// The sequence without each stretch of 1, 2, 4, .. events, up to half of it, beginning at every event or, of longer
/// ones, at a quarter of their length: about 5 L judgements, at most 100 beginnings of each length, and from 200 events
/// on so many that all of them together have some 20,000 events (but at least eight).
std::vector<StretchWithout> judge_without_stretches(const EncodedEvents& events,
                                                    SequenceScorer::Scratch::Buffers& buffers);

/// Removes up to `most` of the events at `candidates`, one after another, each time the one without which the sequence
/// scores lowest; ends where that is not lower than before.
std::vector<Removal> remove_greedily(const EncodedEvents& events, std::span<const std::size_t> candidates,
                                     std::size_t most, double score, SequenceScorer::Scratch::Buffers& buffers);

}  // namespace v0
}  // namespace seqguard
