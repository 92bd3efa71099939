// A scorer applied to all sequences of a file.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "seqguard/core/executor.hpp"
#include "seqguard/core/function_ref.hpp"
#include "seqguard/core/progress.hpp"
#include "seqguard/events/dataset.hpp"
#include "seqguard/sequence_scorer/sequence_scorer.hpp"

namespace seqguard {
inline namespace v0 {

/// Calls work(sequence, scratch) for every sequence on the executor's workers, block by block; after each block, on the
/// calling thread, finished(first, count) and the progress report. @throws Error of `work`, with file and line of the
/// sequence before it; cancelled.
void for_each_sequence(const SequenceScorer& scorer, const Dataset& data, std::string_view phase, Executor& executor,
                       ProgressSink progress, FunctionRef<void(std::size_t, SequenceScorer::Scratch&)> work,
                       FunctionRef<void(std::size_t, std::size_t)> finished);

/// One score per sequence, in the order of the data. Progress: phase "score". The same bits at any concurrency. Data
/// that are unlike those of the fit are judged like others: compare_with_schema() tells.
/// @throws Error bad_event naming file and line of a sequence that does not fit the model; cancelled.
std::vector<Score> judge_dataset(const SequenceScorer& scorer, const Dataset& data, const ScoreOptions& options = {},
                                 Executor& executor = inline_executor(), ProgressSink progress = {});

/// One repair per sequence; normal sequences are left alone. Progress: phase "repair". Otherwise as judge_dataset.
std::vector<Repair> repair_dataset(const SequenceScorer& scorer, const Dataset& data, const RepairOptions& options = {},
                                   Executor& executor = inline_executor(), ProgressSink progress = {});

}  // namespace v0
}  // namespace seqguard
