// What the finished encoder says of normals, beside those of the folds, which have not seen all of them.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "seqguard/core/executor.hpp"
#include "seqguard/model/model.hpp"
#include "seqguard/sequence_scorer/fit.hpp"
#include "sequence_scorer/fit_jobs.hpp"

namespace seqguard {
inline namespace v0 {

/// Surprise::means [sequences, surprise_views()] of some sequences of the data. The same bits at any concurrency.
std::vector<double> surprise_means(const Model<float>& encoder, const FitInput& input,
                                   std::span<const std::uint32_t> sequences, Executor& executor);

/// The sequences about which the encoders of all trainings are asked: at most 200, evenly spread.
std::vector<std::uint32_t> probe_sequences(std::size_t sequences);

/// The same training on other data, or from other weights, gives another encoder: what GivenScores needs to know of it.
/// Empty where the encoder that gave the held-out surprise is the one that will judge (no folds).
struct FinishedSurprise {
  std::vector<double> shifted, own;  ///< [sequences, views]
  std::vector<double> noise;         ///< [views]
};

/// `probes` [jobs, probe_sequences(), views]: what the encoder of each job says, the finished one last.
///
///     shift of fold k:  d_k = mean over the probes p that k has learned from of (finished(p) - k(p))
///     shifted:          held_out(i) + d_k(i), k(i) the fold that has not seen normal i
///     noise:            standard deviation of finished(p) - k(p) - d_k over those probes and all folds
FinishedSurprise finished_surprise(const Model<float>& encoder, const FitInput& input, std::span<const FitJob> jobs,
                                   std::span<const double> held_out, std::span<const double> probes,
                                   Executor& executor);

}  // namespace v0
}  // namespace seqguard
