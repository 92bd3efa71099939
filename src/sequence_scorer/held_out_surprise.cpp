#include "sequence_scorer/held_out_surprise.hpp"

#include <algorithm>
#include <cstddef>
#include <vector>

#include "seqguard/detection/encoder_surprise.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

/// Events of held-out normals that calibrate the p-values of single events, of all jobs together: the tail of the
/// largest tenth has then 500 members, more would only cost time.
constexpr std::size_t k_calibration_events = 5'000;

struct Worker {
  SurpriseScratch scratch;
  std::vector<float> causal, masked;
};

}  // namespace

void add_held_out_surprise(FitState& state, const Model<float>& encoder, const FitInput& input, const FitJob& job,
                           Executor& executor) {
  const EventSchema& schema = input.schema;
  auto workers = make_per_worker(executor, [&] {
    Worker worker;
    worker.scratch.batch.prepare(schema, 0);
    return worker;
  });
  // Every stride-th sequence gives all its events.
  std::size_t events = 0;
  for (const std::uint32_t i : job.held_out) events += input.data[i].n;
  const std::size_t folds = std::max<std::size_t>(1, input.plan.folds);
  const std::size_t stride = std::max<std::size_t>(1, events * folds / k_calibration_events);
  std::vector<std::vector<double>> next(job.held_out.size()), masked(job.held_out.size());
  executor.run(job.held_out.size(), [&](std::size_t k, std::size_t w) {
    Worker& worker = workers[w];
    const EncodedEvents& sequence = input.data[job.held_out[k]];
    const Surprise causal = causal_surprise(encoder, schema, sequence, worker.scratch, worker.causal);
    std::copy(causal.means.begin(), causal.means.end(),
              state.next.begin() + static_cast<std::ptrdiff_t>(job.held_out[k] * causal.means.size()));
    if (k % stride != 0) return;
    next[k].assign(causal.events.begin(), causal.events.end());
    const Surprise both = masked_surprise(encoder, schema, sequence, worker.scratch, worker.masked);
    for (std::size_t i = 0; i < sequence.n; ++i)
      if (has_masked_surprise(schema, sequence, i)) masked[k].push_back(both.events[i]);
  });
  for (std::size_t k = 0; k < job.held_out.size(); ++k) {
    state.event_next.insert(state.event_next.end(), next[k].begin(), next[k].end());
    state.event_masked.insert(state.event_masked.end(), masked[k].begin(), masked[k].end());
  }
}

}  // namespace v0
}  // namespace seqguard
