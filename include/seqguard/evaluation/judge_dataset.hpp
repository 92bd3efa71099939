// A scorer applied to all sequences of a file.
#pragma once

#include <span>
#include <vector>

#include "seqguard/core/executor.hpp"
#include "seqguard/core/progress.hpp"
#include "seqguard/events/dataset.hpp"
#include "seqguard/sequence_scorer/sequence_scorer.hpp"

namespace seqguard {

/// One score per sequence, in the order of the data. Progress: phase "score". The same bits at any concurrency.
/// @throws Error bad_event naming file and line of a sequence that does not fit the model; cancelled.
std::vector<Score> judge_dataset(const SequenceScorer& scorer, const Dataset& data, const ScoreOptions& options = {},
                                 Executor& executor = inline_executor(), ProgressSink progress = {});

/// One repair per sequence; normal sequences are left alone. Progress: phase "repair". Otherwise as judge_dataset.
std::vector<Repair> repair_dataset(const SequenceScorer& scorer, const Dataset& data, const RepairOptions& options = {},
                                   Executor& executor = inline_executor(), ProgressSink progress = {});

}  // namespace seqguard
