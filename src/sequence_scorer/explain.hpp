// The parts of an explanation that need no repair; private to the library.
#pragma once

#include "seqguard/sequence_scorer/explanation.hpp"
#include "sequence_scorer/scratch.hpp"

namespace seqguard {
inline namespace v0 {

/// Everything of SequenceScorer::explain() but score and counterfactual.
void explain_sequence(const EventsView& events, const ExplainOptions& options,
                      SequenceScorer::Scratch::Buffers& buffers, Explanation& out);

}  // namespace v0
}  // namespace seqguard
