// The second signal ends the process at once, whichever it is.
#include "cli/interrupt.hpp"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

using namespace seqguard::cli;

namespace {

/// The signal that ends a child which runs `work`; 0 if it ends by itself.
template <class Work>
int ended_by(const Work& work) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(STDERR_FILENO);  // what it says is not for the log
    work();
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

}  // namespace

TEST_CASE("interrupts: before there is anything to clean up, the first ends the process") {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP})
    CHECK(ended_by([&] {
            end_at_interrupt();
            ::raise(signal);
          }) == signal);
}

TEST_CASE("interrupts: the first sets a flag, the second ends the process, the same or another") {
  for (const int first : {SIGINT, SIGTERM, SIGHUP}) {
    CHECK(ended_by([&] {
            remember_interrupts();
            ::raise(first);
            if (interrupted() != first) ::raise(SIGKILL);
          }) == 0);
    for (const int second : {SIGINT, SIGTERM, SIGHUP})
      CHECK(ended_by([&] {
              end_at_interrupt();
              remember_interrupts();
              ::raise(first);
              ::raise(second);
            }) == second);
  }
}

TEST_CASE("interrupts: whoever reads stdin afterwards waits for nobody") {
  CHECK(ended_by([] {
          int ends[2];
          if (::pipe(ends) != 0 || ::dup2(ends[0], STDIN_FILENO) < 0) ::raise(SIGKILL);
          remember_interrupts();
          ::raise(SIGTERM);
          ::alarm(10);
          char byte = 0;
          if (::read(STDIN_FILENO, &byte, 1) != 0) ::raise(SIGKILL);
        }) == 0);
}

TEST_CASE("interrupts: afterwards the process ends by the signal that it was sent") {
  CHECK(ended_by([] {
          remember_interrupts();
          ::raise(SIGTERM);
          end_by_interrupt();
        }) == SIGTERM);
  CHECK(ended_by([] {
          remember_interrupts();
          end_by_interrupt();
        }) == 0);
}

TEST_CASE("interrupts: nohup stays nohup") {
  CHECK(ended_by([] {
          std::signal(SIGHUP, SIG_IGN);
          end_at_interrupt();
          ::raise(SIGHUP);
          remember_interrupts();
          ::raise(SIGHUP);
          if (interrupted() != 0) ::raise(SIGKILL);
        }) == 0);
}
