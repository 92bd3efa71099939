// What a view says of a sequence, as a sentence; private to the library.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "seqguard/detection/detector.hpp"
#include "seqguard/events/encode.hpp"
#include "seqguard/sequence_scorer/behaviour_model.hpp"

namespace seqguard {
inline namespace v0 {

/// What the sentences are made from; all of it is borrowed.
struct ViewFacts {
  const BehaviourModel& model;
  const EventsView& events;
  const EncodedEvents& encoded;
  const SequenceFeatures& features;
  double expected_ms = 0;                 ///< from the first to the last event as the network expects it; 0: not known
  std::span<const double> probabilities;  ///< of the classes of learned labels
};

/// The value of event i in the primary column, in quotes.
std::string event_words(const ViewFacts& facts, std::size_t i);

/// A sentence about view v of the recipe, whose number of the sequence is `raw`. No view is without one: what is not
/// known by name gets its number and those of the normals.
std::string view_words(const ViewFacts& facts, std::size_t v, double raw);

}  // namespace v0
}  // namespace seqguard
