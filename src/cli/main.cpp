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
#include "seqguard/core/error.hpp"

namespace {

using namespace seqguard;

int report(int exit_code, std::string message) {
  std::replace(message.begin(), message.end(), '\n', ' ');
  std::fprintf(stderr, "seqguard: %s\n", message.c_str());
  return exit_code;
}

int run_command(const cli::Command& command) {
  try {
    return std::visit([](const auto& options) { return cli::run(options); }, command);
  } catch (const cli::UsageError& error) {
    return report(cli::k_wrong_usage, error.what());
  } catch (const Error& error) {
    return report(cli::k_failed, error.what());
  } catch (const std::bad_alloc&) {
    return report(cli::k_failed, "not enough memory");
  } catch (const std::exception& error) {
    return report(cli::k_failed, error.what());
  }
}

}  // namespace

int main(int argc, char** argv) {
  int exit_code = cli::k_done;
  const auto command = cli::parse_arguments(argc, argv, exit_code);
  if (command) exit_code = run_command(*command);
  // Ended by a signal: the shell is told so, after everything was cleaned up.
  if (cli::interrupted() != 0) std::raise(cli::interrupted());
  return exit_code;
}
