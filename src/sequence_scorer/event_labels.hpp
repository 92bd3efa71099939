// What learned labels of events say of the events of a sequence, and what that says of the sequence; private to the
// library.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "seqguard/detection/event_features.hpp"
#include "seqguard/sequence_scorer/behaviour_model.hpp"

namespace seqguard {
inline namespace v0 {

/// Buffers of one thread.
struct EventLabelScratch {
  TaggerScratch tagger;
  EditTags tags;
  EventFeatureScratch features;
  SparseRows<float> rows;            ///< of the last sequence
  std::vector<std::uint32_t> order;  ///< of the rows
  FeatureScratch<float> network;
  std::vector<float> logits;  ///< [L, outputs] of its events

  /// Room for sequences of up to max_events under a model with labels of events: nothing is allocated from then on.
  void reserve(const BehaviourModel& model, std::size_t max_events);
};

/// An event whose probability of being abnormal is at least this is one that labels point at: likelier wrong than
/// right.
inline constexpr double k_labelled_event = 0.5;

/// Puts the features of the events of a sequence into scratch.rows. `surprise`: [C, L] of the causal pass; `views`: the
/// raw scores of all views but that of the labels.
void read_event_rows(const BehaviourModel& model, const LabelFeatures& features, const EncodedEvents& events,
                     std::span<const float> surprise, std::span<const double> views, EventLabelScratch& scratch);

/// scratch.logits of scratch.rows, which are scaled in place.
void judge_event_rows(const LabelClassifier& classifier, const KernelTable<float>& kernels, EventLabelScratch& scratch);

/// What the sequence's networks read of the logits of its events: the largest log odds z of an anomaly, and log(sum of
/// log(1 + e^z)), which grows with the probability that any event is abnormal, 1 - prod(1 - p).
inline constexpr std::size_t k_event_summary = 2;
std::array<double, k_event_summary> summarise_events(const LabelClassifier& classifier, std::span<const float> logits);

/// [L, classes] from scratch.logits.
void event_probabilities(const LabelClassifier& classifier, std::span<const float> logits, std::vector<double>& out);

/// The event that is most probably abnormal, of [L, classes], and how probably.
struct LabelledEvent {
  std::size_t event = 0;
  double probability = 0;
};
LabelledEvent most_probable_event(std::span<const double> probabilities, std::size_t classes);

}  // namespace v0
}  // namespace seqguard
