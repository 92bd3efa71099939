#include "cli/interrupt.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "seqguard/core/error.hpp"

namespace seqguard::cli {
namespace {

volatile std::sig_atomic_t g_signal = 0;

/// Takes effect when the handler that calls it returns.
void end_now(int signal) {
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

void say_and_end(int signal) {
  std::string_view line = "\nseqguard: interrupted; no file was changed\n";
  if (::isatty(STDERR_FILENO) != 1) line.remove_prefix(1);  // no progress bar to leave
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
  end_now(signal);
}

void remember(int signal) {
  if (g_signal != 0) end_now(signal);
  g_signal = signal;
  // Whoever is about to wait for stdin would not see the flag: it has ended.
  const int error = errno, nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  ::dup2(nothing, STDIN_FILENO);
  ::close(nothing);
  errno = error;
}

/// Without SA_RESTART: a call that waits for a pipe returns, so that the flag is seen.
void handle(void (*handler)(int)) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction action {};
    ::sigaction(signal, nullptr, &action);
    if (signal == SIGHUP && action.sa_handler == SIG_IGN) continue;
    action = {};
    action.sa_handler = handler;
    ::sigaction(signal, &action, nullptr);
  }
}

}  // namespace

void end_at_interrupt() { handle(say_and_end); }

void remember_interrupts() { handle(remember); }

int interrupted() noexcept { return g_signal; }

void stop_if_interrupted(std::string_view command) {
  if (interrupted() != 0) fail(ErrorCode::cancelled, command, "stopped on request");
}

void end_by_interrupt() {
  if (interrupted() != 0) end_now(interrupted());
}

}  // namespace seqguard::cli
