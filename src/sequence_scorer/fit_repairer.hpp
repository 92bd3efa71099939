// The repair's part of a fit: edit taggers that learn from damaged normals, and what held-out normals say of them.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "seqguard/core/executor.hpp"
#include "seqguard/repair/sequence_repairer.hpp"
#include "seqguard/sequence_scorer/fit_input.hpp"
#include "sequence_scorer/fit_jobs.hpp"
#include "sequence_scorer/fit_trainings.hpp"

namespace seqguard {
inline namespace v0 {

/// Trains a tagger on the sequences of each job, as the encoders were, and asks it about the job's held-out ones: as
/// they are, for the gate, and damaged, for the threshold. The last tagger is the one that repairs. `report`: its
/// figures of the repair; may be null. @throws Error cancelled, io_error.
SequenceRepairer fit_repairer(const FitInput& input, const Context<float>& context, std::span<const FitJob> jobs,
                              FitTrainings& trainings, Executor& executor, FitReport* report);

/// The phase of job j's tagger in reports of the progress: "tagger", or that of its fold.
std::string tagger_phase(std::span<const FitJob> jobs, std::size_t j);

}  // namespace v0
}  // namespace seqguard
