// Who learns from what: nobody is calibrated on a sequence that the encoder has seen.
#include "sequence_scorer/fit_jobs.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <numeric>
#include <vector>

using namespace seqguard;

namespace {

std::vector<FitJob> jobs_of(std::size_t folds, std::uint64_t seed) {
  FitPlan plan;
  plan.sequences = 103;
  plan.folds = folds;
  FitOptions options;
  options.seed = seed;
  options.valid_fraction = 0.1;
  return make_fit_jobs(plan, options);
}

/// Every sequence is in one of the three parts of a job, which are in order.
void check_partition(const FitJob& job) {
  std::vector<std::uint32_t> all;
  for (const auto* part : {&job.train, &job.validation, &job.held_out}) {
    CHECK(std::is_sorted(part->begin(), part->end()));
    all.insert(all.end(), part->begin(), part->end());
  }
  std::sort(all.begin(), all.end());
  std::vector<std::uint32_t> every(103);
  std::iota(every.begin(), every.end(), 0u);
  CHECK(all == every);
  CHECK(job.validation.size() == (job.train.size() + job.validation.size()) / 10);
}

}  // namespace

TEST_CASE("cross-fitting: every sequence is held out once, and the last training learns from all") {
  const std::vector<FitJob> jobs = jobs_of(4, 1);
  REQUIRE(jobs.size() == 5);
  std::vector<std::size_t> held_out(103);
  for (const FitJob& job : jobs) {
    check_partition(job);
    for (const std::uint32_t i : job.held_out) ++held_out[i];
  }
  CHECK(std::all_of(held_out.begin(), held_out.end(), [](std::size_t times) { return times == 1; }));
  CHECK(jobs.back().held_out.empty());
  CHECK(jobs[1].phase == "encoder, fold 2/4");
  CHECK(jobs.back().phase == "encoder");
  CHECK(jobs[0].seed != jobs[1].seed);
  CHECK(jobs[0].weight_seed != jobs[1].weight_seed);
  CHECK(jobs[0].weight_seed != jobs[0].seed);
}

TEST_CASE("without cross-fitting a quarter calibrates, another with another seed") {
  const std::vector<FitJob> jobs = jobs_of(0, 1), again = jobs_of(0, 1), other = jobs_of(0, 2);
  REQUIRE(jobs.size() == 1);
  check_partition(jobs[0]);
  CHECK(jobs[0].held_out.size() == 25);
  CHECK(again[0].train == jobs[0].train);
  CHECK(other[0].held_out != jobs[0].held_out);
}
