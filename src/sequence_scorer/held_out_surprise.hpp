// What calibrates: the surprise of sequences under an encoder that has not seen them.
#pragma once

#include "seqguard/core/executor.hpp"
#include "seqguard/model/model.hpp"
#include "seqguard/sequence_scorer/fit_input.hpp"
#include "sequence_scorer/fit_jobs.hpp"
#include "sequence_scorer/fit_state.hpp"

namespace seqguard {
inline namespace v0 {

/// Puts the surprise of the job's held-out sequences into state.next, and appends those of a sample of their events to
/// state.event_next and state.event_masked. The same bits at any concurrency of the executor.
void add_held_out_surprise(FitState& state, const Model<float>& encoder, const FitInput& input, const FitJob& job,
                           Executor& executor);

}  // namespace v0
}  // namespace seqguard
