// Buffers behind SequenceScorer::Scratch.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "seqguard/detection/encoder_surprise.hpp"
#include "seqguard/detection/sequence_detector.hpp"
#include "seqguard/model/integrated_gradients.hpp"
#include "seqguard/repair/sequence_repairer.hpp"
#include "seqguard/sequence_scorer/sequence_scorer.hpp"
#include "sequence_scorer/given_numbers.hpp"

namespace seqguard {
inline namespace v0 {

struct SequenceScorer::Scratch::Buffers {
  /// For sequences of up to max_events.
  Buffers(std::shared_ptr<const BehaviourModel> of, std::size_t max_events);

  std::shared_ptr<const BehaviourModel> model;  ///< what they were made for
  std::size_t max_events;
  EncodedEvents encoded;
  SurpriseScratch surprise;
  SequenceDetector::Scratch detector;
  std::vector<float> causal, masked;  ///< surprises, [1 + C, L]
  GivenScratch given;
  std::unique_ptr<IntegratedGradients<float>> gradients;  ///< made when an explanation first asks for attributions
  std::vector<float> log_probability;                     ///< [V] of one event
  std::vector<TypeId> seen;                               ///< values met so far, ascending
  RepairScratch repair;
  std::vector<ProposedEdit> script;  ///< of a repair, and
  std::vector<EventEdit> made;       ///< what of it is made, with
  std::vector<std::size_t> origins;  ///< the places that events had before
  EncodedEvents repaired;
};

}  // namespace v0
}  // namespace seqguard
