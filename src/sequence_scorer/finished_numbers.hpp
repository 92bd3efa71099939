// What the finished networks say of normals, beside those of the folds, which have not seen all of them.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "seqguard/core/executor.hpp"
#include "seqguard/detection/number_profile.hpp"
#include "seqguard/model/model.hpp"
#include "seqguard/repair/sequence_repairer.hpp"
#include "seqguard/sequence_scorer/fit_input.hpp"
#include "sequence_scorer/fit_jobs.hpp"

namespace seqguard {
inline namespace v0 {

/// Surprise::means [sequences, surprise_views()] of some sequences of the data. The same bits at any concurrency.
std::vector<double> surprise_means(const Model<float>& encoder, const FitInput& input,
                                   std::span<const std::uint32_t> sequences, Executor& executor);

/// SequenceRepairer::gate_gain() [sequences] of some sequences of the data. The same bits at any concurrency.
std::vector<double> gate_gains(const SequenceRepairer& repairer, const FitInput& input,
                               std::span<const std::uint32_t> sequences, Executor& executor);

/// The sequences about which the networks of all trainings are asked: at most 200, evenly spread.
std::vector<std::uint32_t> probe_sequences(std::size_t sequences);

/// The same training on other data, or from other weights, gives another network: what GivenScores needs to know of it.
/// All but held_out is empty where the network that gave that is the one that will judge (no folds).
struct FinishedNumbers {
  std::vector<double> held_out, shifted, own;  ///< [sequences, views]
  std::vector<double> noise;                   ///< [views]
};

/// `probes` [jobs, probe_sequences(), views]: what the network of each job says, the finished one last; `own` is left
/// empty.
///
///     shift of fold k:  d_k = mean over the probes p that k has learned from of (finished(p) - k(p))
///     shifted:          held_out(i) + d_k(i), k(i) the fold that has not seen normal i
///     noise:            standard deviation of finished(p) - k(p) - d_k over those probes and all folds
FinishedNumbers finished_numbers(std::span<const FitJob> jobs, std::span<const double> held_out, std::size_t sequences,
                                 std::span<const double> probes);

/// The views of a profile of numbers, which needs no training: held out by folds of their own, and the same for each
/// of the finished networks. Empty what is empty of `surprises`.
FinishedNumbers finished_statistics(const NumberProfile& numbers, std::span<const double> statistics,
                                    const FinishedNumbers& surprises, std::uint64_t seed, Executor& executor);

/// Both side by side: the views of `first`, then those of `second`.
FinishedNumbers side_by_side(const FinishedNumbers& first, const FinishedNumbers& second, std::size_t sequences);

}  // namespace v0
}  // namespace seqguard
