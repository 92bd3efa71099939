#include "sequence_scorer/fit_jobs.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <utility>

#include "seqguard/core/random.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

/// Share of the normals that calibrate where the encoder is not cross-fitted.
constexpr double k_calibration_share = 0.25;
enum Stream : std::uint64_t { k_split_stream = 101, k_validation_stream, k_job_stream, k_weight_stream };

/// Takes `share` of the training sequences for early stopping.
void split_validation(FitJob& job, double share) {
  std::sort(job.train.begin(), job.train.end());
  Random(job.seed, k_validation_stream).shuffle(job.train);
  const auto count = static_cast<std::size_t>(std::floor(share * static_cast<double>(job.train.size())));
  job.validation.assign(job.train.end() - static_cast<std::ptrdiff_t>(count), job.train.end());
  job.train.resize(job.train.size() - count);
  std::sort(job.train.begin(), job.train.end());
  std::sort(job.validation.begin(), job.validation.end());
}

}  // namespace

std::vector<FitJob> make_fit_jobs(const FitPlan& plan, const FitOptions& options) {
  std::vector<std::uint32_t> order(plan.sequences);
  std::iota(order.begin(), order.end(), 0u);
  Random(options.seed, k_split_stream).shuffle(order);
  std::vector<FitJob> jobs;
  for (std::size_t fold = 0; fold < plan.folds; ++fold) {
    FitJob job;
    job.phase = "encoder, fold " + std::to_string(fold + 1) + "/" + std::to_string(plan.folds);
    for (std::size_t i = 0; i < order.size(); ++i)
      (i % plan.folds == fold ? job.held_out : job.train).push_back(order[i]);
    jobs.push_back(std::move(job));
  }
  FitJob last;
  last.phase = "encoder";
  const auto held_out =
      plan.folds > 0 ? 0 : static_cast<std::size_t>(k_calibration_share * static_cast<double>(order.size()));
  last.held_out.assign(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(held_out));
  last.train.assign(order.begin() + static_cast<std::ptrdiff_t>(held_out), order.end());
  jobs.push_back(std::move(last));
  for (std::size_t j = 0; j < jobs.size(); ++j) {
    jobs[j].seed = random_bits(options.seed, k_job_stream, j);
    jobs[j].weight_seed = random_bits(jobs[j].seed, k_weight_stream, 0);
    split_validation(jobs[j], options.valid_fraction);
    std::sort(jobs[j].held_out.begin(), jobs[j].held_out.end());
  }
  return jobs;
}

std::vector<const EncodedEvents*> pick(const EncodedData& data, std::span<const std::uint32_t> indices) {
  std::vector<const EncodedEvents*> result;
  for (const std::uint32_t i : indices) result.push_back(&data[i]);
  return result;
}

std::vector<const EncodedEvents*> watched_sequences(const FitInput& input, const FitJob& job) {
  if (!input.valid) return pick(input.data, job.validation);
  std::vector<const EncodedEvents*> result;
  for (std::size_t i = 0; i < input.valid->size(); ++i) result.push_back(&(*input.valid)[i]);
  return result;
}

std::string time_limit_warning(const FitPlan& plan, std::span<const std::uint64_t> cut_at) {
  const auto folds = cut_at.first(cut_at.size() - 1);
  const auto cut_folds = folds.size() - static_cast<std::size_t>(std::count(folds.begin(), folds.end(), 0u));
  const std::string of_steps = " of " + std::to_string(plan.steps) + " steps";
  std::string ended, consequence;
  if (cut_at.back() > 0) {
    ended = "the training of the encoder after " + std::to_string(cut_at.back()) + of_steps;
    consequence = "it has learned less than planned";
  }
  if (cut_folds > 0) {
    std::uint64_t fewest = plan.steps;
    for (const std::uint64_t steps : folds) fewest = steps > 0 ? std::min(fewest, steps) : fewest;
    ended += (ended.empty() ? "" : ", and ") + std::to_string(cut_folds) + " of the " + std::to_string(folds.size()) +
             " fold trainings that calibrate, the shortest after " + std::to_string(fewest) + of_steps;
    if (consequence.empty()) consequence = "the thresholds are those of encoders that have learned less than this one";
  }
  if (ended.empty()) return "";
  return "--max-minutes ended " + ended + ": " + consequence + "; allow more minutes, or fewer --epochs";
}

std::string tagger_time_limit_warning(const FitPlan& plan, std::span<const std::uint64_t> cut_at) {
  const auto cut = cut_at.size() - static_cast<std::size_t>(std::count(cut_at.begin(), cut_at.end(), 0u));
  if (cut == 0) return "";
  std::uint64_t fewest = plan.tagger_steps;
  for (const std::uint64_t steps : cut_at) fewest = steps > 0 ? std::min(fewest, steps) : fewest;
  return "--max-minutes ended " + std::to_string(cut) + " of the " + std::to_string(cut_at.size()) +
         (cut_at.size() == 1 ? " training" : " trainings") + " of the repair, the shortest after " +
         std::to_string(fewest) + " of " + std::to_string(plan.tagger_steps) +
         " steps: it puts less right than it could; allow more minutes, or leave it out by --no-repair";
}

}  // namespace v0
}  // namespace seqguard
