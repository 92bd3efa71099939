// Ctrl-C and `kill`: the work is stopped at a safe place, so that temporary files go and outputs stay as they were.
#pragma once

namespace seqguard::cli {

/// While an object lives, SIGINT and SIGTERM set a flag; a second one ends the process at once.
class InterruptScope {
 public:
  InterruptScope();
  ~InterruptScope();
  InterruptScope(const InterruptScope&) = delete;
  InterruptScope& operator=(const InterruptScope&) = delete;
};

/// The signal that asked to stop, or 0.
int interrupted() noexcept;

/// @throws Error cancelled if there was one.
void stop_if_interrupted();

}  // namespace seqguard::cli
