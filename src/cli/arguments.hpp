// From argv to options.
#pragma once

#include <optional>

#include "cli/options.hpp"

namespace seqguard::cli {

/// The command with its options; or nothing, then help, version or an error was printed and `exit_code` says how to
/// end.
std::optional<Command> parse_arguments(int argc, char** argv, int& exit_code);

}  // namespace seqguard::cli
