// Repairs of `evaluate --clean`, measured against the sequences before they were damaged.
#pragma once

#include <vector>

#include "cli/console.hpp"
#include "cli/options.hpp"
#include "seqguard/evaluation/repair_metrics.hpp"
#include "seqguard/evaluation/truth.hpp"

namespace seqguard::cli {

/// All sequences, then each kind. @throws Error bad_format: a sequence without a clean twin.
std::vector<RepairMetrics> evaluate_repairs(const EvaluateOptions& options, const SequenceScorer& scorer,
                                            const Dataset& data, const Truth& truth, Executor& executor,
                                            ProgressBar& bar);

}  // namespace seqguard::cli
