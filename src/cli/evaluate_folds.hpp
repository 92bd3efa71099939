// `evaluate --folds`: cross-validation of the whole fit.
#pragma once

#include "cli/evaluate_judged.hpp"
#include "cli/options.hpp"

namespace seqguard::cli {

/// Deals the sequences into folds, each kind by itself; for each fold a model is fitted on the normal sequences of the
/// others, and judges those of the fold. @return the exit code. @throws Error; invalid_argument: fewer sequences of a
/// group than folds.
int evaluate_folds(const EvaluateOptions& options, EvaluationReport& report, JudgedSequences& judged, bool with_cards);

}  // namespace seqguard::cli
