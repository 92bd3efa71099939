#include "sequence_scorer/finished_numbers.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>

#include "seqguard/detection/encoder_surprise.hpp"

namespace seqguard {
inline namespace v0 {

std::vector<double> surprise_means(const Model<float>& encoder, const FitInput& input,
                                   std::span<const std::uint32_t> sequences, Executor& executor) {
  struct Worker {
    SurpriseScratch scratch;
    std::vector<float> out;
  };
  auto workers = make_per_worker(executor, [&] {
    Worker worker;
    worker.scratch.batch.prepare(input.schema, 0);
    return worker;
  });
  const std::size_t views = surprise_views(input.schema).size();
  std::vector<double> result(sequences.size() * views);
  executor.run(sequences.size(), [&](std::size_t k, std::size_t w) {
    const Surprise surprise =
        causal_surprise(encoder, input.schema, input.data[sequences[k]], workers[w].scratch, workers[w].out);
    std::copy(surprise.means.begin(), surprise.means.end(), result.begin() + static_cast<std::ptrdiff_t>(k * views));
  });
  return result;
}

std::vector<double> gate_gains(const SequenceRepairer& repairer, const FitInput& input,
                               std::span<const std::uint32_t> sequences, Executor& executor) {
  auto scratches = make_per_worker(executor, [] { return RepairScratch(); });
  std::vector<double> result(sequences.size());
  executor.run(sequences.size(), [&](std::size_t k, std::size_t w) {
    result[k] = repairer.gate_gain(input.data[sequences[k]], input.schema, scratches[w]);
  });
  return result;
}

std::vector<std::uint32_t> probe_sequences(std::size_t sequences) {
  const std::size_t count = std::min<std::size_t>(sequences, 200);
  std::vector<std::uint32_t> probes(count);
  for (std::size_t k = 0; k < count; ++k) probes[k] = static_cast<std::uint32_t>(k * sequences / count);
  return probes;
}

FinishedNumbers finished_numbers(std::span<const FitJob> jobs, std::span<const double> held_out, std::size_t sequences,
                                 std::span<const double> probes) {
  FinishedNumbers result;
  result.held_out.assign(held_out.begin(), held_out.end());
  const std::size_t folds = jobs.size() - 1;
  if (folds == 0) return result;
  const std::size_t views = held_out.size() / sequences;
  const std::vector<std::uint32_t> asked = probe_sequences(sequences);
  const auto says = [&](std::size_t job, std::size_t p, std::size_t v) {
    return probes[(job * asked.size() + p) * views + v];
  };
  result.shifted = result.held_out;
  result.noise.assign(views, 0);
  std::vector<double> differences;
  for (std::size_t v = 0; v < views; ++v) {
    double squares = 0, count = 0;
    for (std::size_t fold = 0; fold < folds; ++fold) {
      const std::vector<std::uint32_t>& unseen = jobs[fold].held_out;
      differences.clear();
      for (std::size_t p = 0; p < asked.size(); ++p)
        if (!std::binary_search(unseen.begin(), unseen.end(), asked[p]))
          differences.push_back(says(folds, p, v) - says(fold, p, v));
      if (differences.empty()) continue;
      const double shift =
          std::accumulate(differences.begin(), differences.end(), 0.0) / static_cast<double>(differences.size());
      for (const double difference : differences) squares += (difference - shift) * (difference - shift);
      count += static_cast<double>(differences.size());
      for (const std::uint32_t i : unseen) result.shifted[i * views + v] += shift;
    }
    result.noise[v] = count > 0 ? std::sqrt(squares / count) : 0;
  }
  return result;
}

FinishedNumbers finished_statistics(const NumberProfile& numbers, std::span<const double> statistics,
                                    const FinishedNumbers& surprises, std::uint64_t seed, Executor& executor) {
  FinishedNumbers result;
  result.held_out = out_of_fold_numbers(numbers.blocks(), statistics, seed, executor);
  if (!surprises.shifted.empty()) result.shifted = result.held_out;
  if (!surprises.noise.empty()) result.noise.assign(numbers.count_views(), 0);
  if (surprises.own.empty()) return result;
  const std::size_t width = count_statistics(numbers.blocks()), views = numbers.count_views();
  result.own.resize(result.held_out.size());
  struct Worker {
    NumberScratch scratch;
    std::vector<double> scores;
  };
  auto workers = make_per_worker(executor, [] { return Worker(); });
  executor.run(statistics.size() / width, [&](std::size_t i, std::size_t w) {
    workers[w].scores.clear();
    numbers.append_scores_of(statistics.subspan(i * width, width), workers[w].scratch, workers[w].scores);
    std::copy(workers[w].scores.begin(), workers[w].scores.end(),
              result.own.begin() + static_cast<std::ptrdiff_t>(i * views));
  });
  return result;
}

FinishedNumbers side_by_side(const FinishedNumbers& first, const FinishedNumbers& second, std::size_t sequences) {
  const auto merge = [](const std::vector<double>& left, const std::vector<double>& right, std::size_t rows) {
    const std::size_t of_left = left.size() / rows, of_right = right.size() / rows;
    std::vector<double> both;
    for (std::size_t i = 0; i < rows; ++i) {
      for (std::size_t v = 0; v < of_left; ++v) both.push_back(left[i * of_left + v]);
      for (std::size_t v = 0; v < of_right; ++v) both.push_back(right[i * of_right + v]);
    }
    return both;
  };
  return {merge(first.held_out, second.held_out, sequences), merge(first.shifted, second.shifted, sequences),
          merge(first.own, second.own, sequences), merge(first.noise, second.noise, 1)};
}

}  // namespace v0
}  // namespace seqguard
