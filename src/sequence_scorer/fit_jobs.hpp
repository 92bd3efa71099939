// The trainings of a fit: which sequences each learns from, is stopped by, and scores afterwards without having seen
// them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "seqguard/sequence_scorer/fit_input.hpp"

namespace seqguard {
inline namespace v0 {

/// One training. Numbers of sequences are in ascending order.
struct FitJob {
  std::string phase;                      ///< for reports of the progress
  std::vector<std::uint32_t> train;       ///< learned from
  std::vector<std::uint32_t> validation;  ///< for early stopping
  std::vector<std::uint32_t> held_out;    ///< for calibration: in neither of the above
  std::uint64_t seed = 0, weight_seed = 0;
};

/// Cross-fitting: one job per fold, then one on everything whose encoder is shipped. Otherwise a single job.
std::vector<FitJob> make_fit_jobs(const FitPlan& plan, const FitOptions& options);

/// Sequences of the data by their numbers.
std::vector<const EncodedEvents*> pick(const EncodedData& data, std::span<const std::uint32_t> indices);
/// What early stopping of a job watches.
std::vector<const EncodedEvents*> watched_sequences(const FitInput& input, const FitJob& job);

/// Says which trainings FitOptions::max_minutes has ended: after `cut_at` [jobs] steps, 0: it has not. Empty: none.
std::string time_limit_warning(const FitPlan& plan, std::span<const std::uint64_t> cut_at);
/// The same of the trainings of taggers, of which there may be none.
std::string tagger_time_limit_warning(const FitPlan& plan, std::span<const std::uint64_t> cut_at);

}  // namespace v0
}  // namespace seqguard
