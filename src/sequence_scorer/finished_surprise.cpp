#include "sequence_scorer/finished_surprise.hpp"

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

std::vector<std::uint32_t> probe_sequences(std::size_t sequences) {
  const std::size_t count = std::min<std::size_t>(sequences, 200);
  std::vector<std::uint32_t> probes(count);
  for (std::size_t k = 0; k < count; ++k) probes[k] = static_cast<std::uint32_t>(k * sequences / count);
  return probes;
}

FinishedSurprise finished_surprise(const Model<float>& encoder, const FitInput& input, std::span<const FitJob> jobs,
                                   std::span<const double> held_out, std::span<const double> probes,
                                   Executor& executor) {
  FinishedSurprise result;
  const std::size_t folds = jobs.size() - 1;
  if (folds == 0) return result;
  const std::size_t n = input.data.size(), views = surprise_views(input.schema).size();
  const std::vector<std::uint32_t> asked = probe_sequences(n);
  const auto says = [&](std::size_t job, std::size_t p, std::size_t v) {
    return probes[(job * asked.size() + p) * views + v];
  };
  result.shifted.assign(held_out.begin(), held_out.end());
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
  std::vector<std::uint32_t> all(n);
  std::iota(all.begin(), all.end(), 0u);
  result.own = surprise_means(encoder, input, all, executor);
  return result;
}

}  // namespace v0
}  // namespace seqguard
