#include "cli/interrupt.hpp"

#include <csignal>

#include "seqguard/core/error.hpp"

namespace seqguard::cli {
namespace {

volatile std::sig_atomic_t g_signal = 0;

void set_handler(void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART | (handler == SIG_DFL ? 0 : static_cast<int>(SA_RESETHAND));
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
}

}  // namespace

InterruptScope::InterruptScope() {
  set_handler([](int signal) { g_signal = signal; });
}
InterruptScope::~InterruptScope() { set_handler(SIG_DFL); }

int interrupted() noexcept { return g_signal; }

void stop_if_interrupted() {
  if (interrupted() != 0) fail(ErrorCode::cancelled, "stopped", "interrupted by a signal");
}

}  // namespace seqguard::cli
