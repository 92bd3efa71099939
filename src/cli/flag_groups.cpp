#include "cli/flag_groups.hpp"

#include <vector>

#include "cli/flag_checks.hpp"

namespace seqguard::cli {

void add_flag_to_come(CLI::App& command, const std::string& flag, const std::string& instead) {
  command
      .add_option(flag,
                  [flag, instead](const CLI::results_t&) -> bool {
                    throw CLI::ValidationError(flag, "is not built yet" + (instead.empty() ? "" : "; " + instead));
                  })
      ->expected(0, 1)
      ->group("");
}

void add_flag_of_old(CLI::App& command, const std::string& flag, const std::string& instead) {
  command
      .add_option(flag,
                  [flag, instead](const CLI::results_t&) -> bool {
                    throw CLI::ValidationError(flag, "is no longer there: " + instead);
                  })
      ->expected(0, 1)
      ->group("");
}

void add_repair_flags(CLI::App& command, RepairFlags& flags, const std::string& needed) {
  const std::vector<CLI::Option*> options = {
      command
          .add_option("--max-false-edits", flags.max_false_edits,
                      "Largest share of normal sequences that may be touched; it takes 1 / share - 1 held-out normals "
                      "to promise that, with fewer nothing is edited")
          ->check(check_max_false_edits)
          ->type_name("SHARE"),
      command
          .add_option("--least-probability", flags.least_probability,
                      "Replace or insert only what is at least so probable at its place (default: 0.5 where the model "
                      "knows 500 values or more, since hardly any is right there, else 0)")
          ->check(check_probability)
          ->type_name("P"),
      command.add_flag("--only-abnormal", flags.only_abnormal,
                       "Leave sequences alone that are judged normal: fewer edits, nearly all of them right, and most "
                       "damage stays"),
      command.add_flag("--report-stretches", flags.report_stretches,
                       "Never delete more than six events in a row, only name them. Without it they are deleted where "
                       "the model is sure that they were put in, and not over others")};
  if (needed.empty()) return;
  for (CLI::Option* option : options) option->needs(needed);
}

void add_memory(CLI::App& command, InputOptions& input, const std::string& what) {
  command.add_option("--memory", input.memory, what)->transform(CLI::AsSizeValue(false))->type_name("SIZE");
  command.add_option("--temp", input.temp, "Folder for what does not fit into it (default: TMPDIR, or /tmp)")
      ->type_name("DIR");
}

CLI::App* add_command(CLI::App& app, const std::string& name, const std::string& what, const std::string& example,
                      CommonOptions& common) {
  CLI::App* command = app.add_subcommand(name, what);
  command->footer("\nExample:\n  " + example);
  command->option_defaults()->always_capture_default();
  command->add_option("--threads", common.threads, "Threads to use")->check(CLI::Range(1, 1024))->group("Common");
  command->add_option("--seed", common.seed, "Seed of everything random")->check(check_whole_number)->group("Common");
  command->add_flag("--quiet", common.quiet, "No progress, no summary on stderr")->group("Common");
  command->add_option("--json", common.json, "Write a machine-readable summary there")
      ->type_name("FILE")
      ->group("Common");
  command
      ->add_option("--precision", common.precision,
                   "Arithmetic of matrix products: fp32, bf16, int8 (faster where the instruction set has them: "
                   "--version; commands that train have fp32 only) or auto, which is fp32")
      ->check(check_precision)
      ->group("Common");
  command
      ->add_option("--isa", common.isa, "Instruction set: baseline, avx2, avx512, avx512_bf16 (default: the best here)")
      ->check(check_isa)
      ->group("Common");
  command->add_option("--matmul", common.matmul, "Matrix products: automatic, own, onednn, eigen")
      ->check(check_matmul)
      ->group("Common");
  command->add_option("--gemm", common.matmul)->check(check_matmul)->group("");  // another name for it
  return command;
}

namespace {

/// Which columns of a table mean what.
void add_table(CLI::App& command, TableOptions& table) {
  command.add_option("--key", table.key, "Column that names the sequence (default: inferred)")->type_name("NAME");
  command
      .add_option(
          "--order", table.order,
          "Column that orders its events: numbers or times, compared exactly (default: inferred, else the order "
          "of the rows)")
      ->type_name("NAME");
  command.add_option("--time", table.time, "Column of times")->type_name("NAME");
  command
      .add_option("--cleaning", table.cleaning,
                  "What is left out or put right before anything else: duplicates, repeats=500ms, times=missing|drop, "
                  "outliers=clip|missing|drop, empty, min-events=N, max-events=N, by commas; a model does the same to "
                  "what it judges. report: only says what the rules would do (default: nothing)")
      ->type_name("RULES");
}

}  // namespace

void add_input(CLI::App& command, InputOptions& input, const std::string& flag, const std::string& what,
               TableOptions* table) {
  command
      .add_option(flag, input.paths,
                  what + "; may be repeated, and a pattern ('logs/*.csv.gz'): by name one after another")
      ->default_str("")
      ->type_name("FILE");
  command.add_option("--format", input.format,
                     "lines, csv, recbole or jsonl (default: by the extension, else by the first lines)");
  command.add_flag(
      "--strict", input.strict,
      "Fail at the first bad row instead of leaving it out, and instead of a warning at times in mixed units "
      "and at data unlike those that the model was fitted on");
  command.add_option("--max-errors", input.max_errors, "Bad rows named on stderr before they are only counted")
      ->check(check_whole_number)
      ->excludes("--strict");
  command.add_option("--separator", input.separator,
                     "What parts the cells of a table: one character, or tab (default: guessed from the first lines)");
  command.add_option("--decimal", input.decimal, "Decimal sign of a table's numbers (default: guessed)")
      ->check(CLI::IsMember({".", ","}));
  command
      .add_option("--missing", input.missing,
                  "Texts that are no value in keys and categories, beside the empty one (default: those of the fit); "
                  "numbers and times have theirs: NA, NaN, null, None, \\N")
      ->delimiter(',')
      ->default_str("")
      ->type_name("TEXT,..");
  CLI::Option* format = command.add_option(
      "--time-format", input.time_format,
      "How the column of times is written, as of strptime: \"%d.%m.%y %H:%M\"; %f digits of a second, %z a zone "
      "(default: that of the fit, else known forms and epochs)");
  command
      .add_option(
          "--date-order", input.date_order,
          "Of dates as 01/02/2024: dmy, the day first, or mdy (default: that of the fit, else guessed once from "
          "the first rows, and said)")
      ->check(CLI::IsMember({"dmy", "mdy"}))
      ->excludes(format);
  command.parse_complete_callback([&command, &input] { input.quiet = command.count("--quiet") > 0; });
  CLI::Option* no_header = command.add_flag("--no-header", input.no_header, "The first row of a table is data");
  CLI::Option* columns = command.add_option("--columns", input.columns)->delimiter(',');
  if (table == nullptr) {
    columns->description("Columns of a table without header by position, - for one that is not needed")
        ->type_name("NAME,..")
        ->needs(no_header);
    return;
  }
  columns
      ->description(
          "Columns of an event, the first categorical one is judged; with --no-header all columns of the file by "
          "position, - for one that is not needed")
      ->type_name("NAME[:KIND],..");
  add_table(command, *table);
}

}  // namespace seqguard::cli
