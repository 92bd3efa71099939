#include "seqguard/evaluation/judge_dataset.hpp"

#include <algorithm>
#include <chrono>
#include <string>

namespace seqguard {
inline namespace v0 {
namespace {

/// Sequences per worker between two reports.
constexpr std::size_t k_block = 64;

const auto nothing = [](std::size_t, std::size_t) {};

}  // namespace

void for_each_sequence(const SequenceScorer& scorer, const Dataset& data, std::string_view phase, Executor& executor,
                       ProgressSink progress, FunctionRef<void(std::size_t, SequenceScorer::Scratch&)> work,
                       FunctionRef<void(std::size_t, std::size_t)> finished) {
  const auto start = std::chrono::steady_clock::now();
  const std::size_t total = data.sequences().size(), block = k_block * executor.concurrency();
  auto scratches = make_per_worker(executor, [&] { return scorer.make_scratch(0); });
  for (std::size_t first = 0; first < total; first += block) {
    const std::size_t count = std::min(block, total - first);
    executor.run(count, [&](std::size_t task, std::size_t worker) {
      const std::size_t s = first + task;
      try {
        work(s, scratches[worker]);
      } catch (const Error& error) {
        fail(error.code(), data.place(data.sequences()[s].line).text(), error.what());
      }
    });
    finished(first, count);
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    if (!progress.report({.phase = phase, .done = first + count, .total = total, .seconds = seconds}))
      fail(ErrorCode::cancelled, phase, "stopped on request");
  }
}

std::vector<Score> judge_dataset(const SequenceScorer& scorer, const Dataset& data, const ScoreOptions& options,
                                 Executor& executor, ProgressSink progress) {
  std::vector<Score> scores(data.sequences().size());
  for_each_sequence(
      scorer, data, "score", executor, progress,
      [&](std::size_t s, SequenceScorer::Scratch& scratch) { scorer.score(data.view(s), scores[s], scratch, options); },
      nothing);
  return scores;
}

std::vector<Repair> repair_dataset(const SequenceScorer& scorer, const Dataset& data, const RepairOptions& options,
                                   Executor& executor, ProgressSink progress) {
  std::vector<Repair> repairs(data.sequences().size());
  for_each_sequence(
      scorer, data, "repair", executor, progress,
      [&](std::size_t s, SequenceScorer::Scratch& scratch) {
        repairs[s] = scorer.repair(data.view(s), scratch, options);
      },
      nothing);
  return repairs;
}

}  // namespace v0
}  // namespace seqguard
