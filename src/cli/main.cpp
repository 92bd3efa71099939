// The program `seqguard`: a thin layer over the library.
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <exception>
#include <new>
#include <string>

#include "cli/arguments.hpp"
#include "cli/commands.hpp"
#include "cli/interrupt.hpp"
#include "cli/output.hpp"
#include "seqguard/core/error.hpp"

namespace {

using namespace seqguard;

/// One line; what failed after a signal - a write that it broke off, say - failed because of it.
int report(int exit_code, std::string message) {
  std::replace(message.begin(), message.end(), '\n', ' ');
  std::fprintf(stderr, "seqguard: %s%s\n", cli::interrupted() != 0 ? "interrupted: " : "", message.c_str());
  return exit_code;
}

int run_command(const cli::Command& command) {
  try {
    const int exit_code = std::visit([](const auto& options) { return cli::run(options); }, command);
    return cli::interrupted() == 0 ? exit_code : report(exit_code, "too late, everything was written");
  } catch (const cli::UsageError& error) {
    return report(cli::k_wrong_usage, error.what());
  } catch (const cli::Interrupted& stopped) {
    return report(cli::k_failed, stopped.what());
  } catch (const Error& error) {
    std::string what = error.what();
    if (error.code() == ErrorCode::cancelled)
      what += std::string("; no file was changed") + (cli::stdout_used() ? ", but stdout has only a part" : "");
    return report(cli::k_failed, what);
  } catch (const std::bad_alloc&) {
    return report(cli::k_failed, "not enough memory");
  } catch (const std::exception& error) {
    return report(cli::k_failed, error.what());
  }
}

}  // namespace

int main(int argc, char** argv) {
  cli::occupy_closed_streams();
  std::signal(SIGPIPE, SIG_IGN);  // a pipe that nobody reads is an error of writing, like a full device
  cli::end_at_interrupt();
  int exit_code = cli::k_done;
  const auto command = cli::parse_arguments(argc, argv, exit_code);
  if (command) exit_code = run_command(*command);
  cli::end_by_interrupt();
  return exit_code;
}
