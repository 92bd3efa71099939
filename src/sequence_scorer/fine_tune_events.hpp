// The part of a fine-tuning that learns labels of single events; private to the library.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "seqguard/core/executor.hpp"
#include "seqguard/core/function_ref.hpp"
#include "seqguard/sequence_scorer/fine_tune.hpp"
#include "sequence_scorer/event_labels.hpp"

namespace seqguard {
inline namespace v0 {

/// A labelled sequence, borrowed.
struct EventExample {
  const EncodedEvents* events = nullptr;
  std::span<const float> surprise;       ///< [C, L] of the causal pass
  std::span<const double> views;         ///< raw scores of the views
  std::span<const std::size_t> classes;  ///< [L] k_unknown_class where an event has no label
  std::size_t fold = 0;
  bool is_abnormal = false;  ///< as a whole
};

struct LearnedEvents {
  LabelClassifier classifier;
  std::vector<double> summaries;  ///< [sequences, k_event_summary] by the networks that have not seen the sequence
  EventLabelReport report;
};

/// Trains networks for each fold of sequences on the events of the others, judges every event by those that have not
/// seen its sequence, and calibrates on that. Of the normal sequences as many are learned from as have k_normal_events
/// labelled events, of the abnormal ones as have k_abnormal_events, chosen by chance; all of them are judged.
/// `classes`: names. A pure function of its arguments at any concurrency. @throws Error as train_label_classifier().
LearnedEvents learn_events(const BehaviourModel& model, std::span<const EventExample> examples,
                           const std::vector<std::string>& classes, const LabelClassifierOptions& options,
                           Executor& executor, FunctionRef<void(std::size_t)> before_fold);

}  // namespace v0
}  // namespace seqguard
