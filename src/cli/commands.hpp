// The commands. Each returns its exit code and throws Error (exit code 1) or UsageError (exit code 2). Stopped by a
// signal it throws Interrupted, or Error cancelled: then no file was changed.
#pragma once

#include <stdexcept>

#include "cli/options.hpp"

namespace seqguard::cli {

enum ExitCode { k_done = 0, k_failed = 1, k_wrong_usage = 2, k_rows_rejected = 3 };

/// Flags that do not fit together.
struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// A signal has stopped the work, of which something was kept; what() says what.
struct Interrupted : std::runtime_error {
  using std::runtime_error::runtime_error;
};

int run(const SimulateOptions& options);
int run(const SplitCommandOptions& options);
int run(const InspectOptions& options);
int run(const FitCommandOptions& options);
int run(const ScoreCommandOptions& options);
int run(const EvaluateOptions& options);
int run(const RepairCommandOptions& options);
int run(const EncodeOptions& options);
int run(const ConvertCommandOptions& options);
int run(const RecalibrateCommandOptions& options);
int run(const ProfilesOptions& options);
int run(const FineTuneCommandOptions& options);
/// The same for --model that is a text checkpoint.
int fine_tune_text_checkpoint(const FineTuneCommandOptions& options);

}  // namespace seqguard::cli
