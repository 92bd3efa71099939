#include "cli/inspect.hpp"

#include <string>
#include <utility>

#include "cli/commands.hpp"
#include "cli/interrupt.hpp"
#include "cli/output.hpp"
#include "seqguard/core/files.hpp"

namespace seqguard::cli {

namespace {

/// A file of a model is no data, though it could be read as lines of events.
void refuse_model_files(const std::string& path) {
  const std::string name = path.substr(path.rfind('/') + 1);
  for (const char* end : {".safetensors", ".bin", ".json"})
    if (name.ends_with(end) && file_exists(path))
      fail(ErrorCode::invalid_argument, path, "a file of a model", "the model's directory",
           "one of its files (--format reads it as data)");
}

/// A model is not read as data are.
void refuse_data_flags(const InspectOptions& options) {
  const InputOptions& input = options.input;
  const TableOptions& table = options.table;
  std::string names;
  for (const auto& [name, is_given] : {std::pair{"--format", !input.format.empty()},
                                       {"--strict", input.strict},
                                       {"--max-errors", input.max_errors != InputOptions().max_errors},
                                       {"--separator", !input.separator.empty()},
                                       {"--decimal", !input.decimal.empty()},
                                       {"--no-header", input.no_header},
                                       {"--missing", !input.missing.empty()},
                                       {"--time-format", !input.time_format.empty()},
                                       {"--date-order", !input.date_order.empty()},
                                       {"--key", !table.key.empty()},
                                       {"--order", !table.order.empty()},
                                       {"--time", !table.time.empty()},
                                       {"--columns", !input.columns.empty()},
                                       {"--html", !options.html.empty()},
                                       {"--model", !options.model.empty()}})
    if (is_given) names += (names.empty() ? "" : ", ") + std::string(name);
  if (!names.empty())
    throw UsageError("inspect: " + names + ": without effect on the directory of a model, " + input.paths[0]);
}

}  // namespace

int run(const InspectOptions& options) {
  if (options.html == "-" && options.common.json == "-")
    throw UsageError("inspect: --html - and --json - cannot both go to stdout; give one of them a file");
  require_writable_file(options.html);
  require_writable_file(options.common.json);
  Facts facts;
  int exit_code = k_done;
  std::optional<Error> error;
  const std::vector<std::string>& paths = options.input.paths;
  if (paths.size() == 1 && paths[0] != "-" && directory_exists(paths[0])) {
    refuse_data_flags(options);
    error = describe_model(paths[0], load_options(options.common), facts);
  } else {
    for (const std::string& path : paths)
      if (options.input.format.empty()) refuse_model_files(path);
    exit_code = describe_data(options, facts);
  }
  remember_interrupts();
  if (options.common.json != "-" && options.html != "-") write_output("-", facts.text());
  if (!options.common.json.empty()) write_output(options.common.json, facts.json());
  if (error) throw *error;
  return exit_code;
}

}  // namespace seqguard::cli
