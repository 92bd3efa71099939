// Integrated gradients of a behaviour model; private to the library.
#pragma once

#include <cstddef>
#include <vector>

#include "seqguard/model/integrated_gradients.hpp"
#include "seqguard/sequence_scorer/explanation.hpp"
#include "sequence_scorer/scratch.hpp"

namespace seqguard {
inline namespace v0 {

/// Names of the columns in the order of Attributions: the primary one, categorical ones, numbers, the time column.
std::vector<std::string> attributed_columns(const EventSchema& schema);

/// Fills the attributions of `event`, hidden, to the other events of the window centred on it.
void attribute_surprise(const EncodedEvents& events, double tolerance, SequenceScorer::Scratch::Buffers& buffers,
                        SuspiciousEvent& event);

/// Attention roll-out of the window centred on event i, that event hidden: [P, P], and the first position.
std::vector<double> attention_around(const EncodedEvents& events, std::size_t i,
                                     SequenceScorer::Scratch::Buffers& buffers, std::size_t& begin);

}  // namespace v0
}  // namespace seqguard
