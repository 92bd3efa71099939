// Buffers behind SequenceScorer::Scratch.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "seqguard/detection/encoder_surprise.hpp"
#include "seqguard/detection/sequence_detector.hpp"
#include "seqguard/sequence_scorer/sequence_scorer.hpp"

namespace seqguard {

struct SequenceScorer::Scratch::Buffers {
  explicit Buffers(std::size_t max_events) : detector(max_events) {}

  EncodedEvents encoded;
  SurpriseScratch surprise;
  SequenceDetector::Scratch detector;
  std::vector<float> causal, masked;   ///< surprises, [1 + C, L]
  std::vector<float> log_probability;  ///< [V] of one event
  std::vector<TypeId> seen;            ///< values met so far, ascending
};

}  // namespace seqguard
