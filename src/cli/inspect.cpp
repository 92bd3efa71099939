#include "cli/inspect.hpp"

#include <cstdio>

#include "cli/commands.hpp"
#include "cli/interrupt.hpp"
#include "cli/output.hpp"
#include "seqguard/core/files.hpp"

namespace seqguard::cli {

int run(const InspectOptions& options) {
  Facts facts;
  int exit_code = k_done;
  if (options.input.path != "-" && directory_exists(options.input.path))
    describe_model(options.input.path, load_options(options.common), facts);
  else
    exit_code = describe_data(options.input, options.table, facts);
  if (options.common.json != "-") write_output("-", facts.text());
  if (!options.common.json.empty()) write_output(options.common.json, facts.json());
  return exit_code;
}

}  // namespace seqguard::cli
