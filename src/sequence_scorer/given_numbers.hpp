// The numbers that the views of a model get from outside the statistics of the events: surprises of the encoder, levels
// of the columns, the gate of the repair, the profiles of keys, log odds of labels.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "seqguard/core/executor.hpp"
#include "seqguard/detection/encoder_surprise.hpp"
#include "seqguard/detection/label_classifier.hpp"
#include "seqguard/events/encoded_data.hpp"
#include "seqguard/sequence_scorer/behaviour_model.hpp"
#include "sequence_scorer/event_labels.hpp"

namespace seqguard {
inline namespace v0 {

/// Buffers of one thread for the views of keys.
struct KeyScratch {
  FeatureExtractor features;
  KeyProfile profile;  ///< of the key of the last sequence; empty: it has none
  std::string bytes;
  SelfScratch self;
};

/// Buffers of one thread for given_numbers().
struct GivenScratch {
  NumberScratch statistics;
  RepairScratch repair;
  KeyScratch keys;
  LabelScratch labels;
  EventLabelScratch events;         ///< what labels of events say of the last sequence
  std::vector<double> label_views;  ///< raw scores of the other views, and summarise_events()
  std::vector<float> logits;        ///< of the classes of the last sequence
  std::vector<double> numbers;      ///< given_views() of the last sequence
};

/// Appends what else than the surprises of the encoder and the labels gives numbers: levels of the columns, the gate of
/// the repair, and the profile of the key, NaN where that has too few normals.
void append_other_numbers(const BehaviourModel& model, const EncodedEvents& events, GivenScratch& scratch,
                          std::vector<double>& numbers);

/// given_views() of one sequence, with the raw scores of all views in detector.raw. `surprise` must be summarised where
/// the model has labels. Valid until the next call.
std::span<const double> given_numbers(const BehaviourModel& model, const EncodedEvents& events,
                                      const Surprise& surprise, SequenceDetector::Scratch& detector,
                                      GivenScratch& scratch);

/// [sequences, given_views()] of some sequences of the data. The same bits at any concurrency.
std::vector<double> given_numbers(const BehaviourModel& model, const EncodedData& data,
                                  std::span<const std::uint32_t> sequences, Executor& executor);

}  // namespace v0
}  // namespace seqguard
