// Ctrl-C, `kill` and a terminal that goes away: SIGINT, SIGTERM and SIGHUP. The process always ends by the signal that
// it was sent, so that a shell sees 128 + its number (130, 143, 129) and stops its script.
#pragma once

#include <string_view>

namespace seqguard::cli {

/// From now on the first of these signals says that no file was changed, and ends the process. A SIGHUP that is
/// ignored (nohup) stays ignored; SIGINT does not, so that `kill -INT` reaches what a script has started with `&`.
void end_at_interrupt();

/// From now on the first sets a flag, so that the work is stopped at a safe place, temporary files go and outputs stay
/// as they were; the second ends the process at once. To be called before anything is written.
void remember_interrupts();

/// The signal that asked to stop, or 0.
int interrupted() noexcept;

/// @throws Error cancelled, which names `command`, if there was one.
void stop_if_interrupted(std::string_view command);

/// Ends the process by the remembered signal, if there was one.
void end_by_interrupt();

}  // namespace seqguard::cli
