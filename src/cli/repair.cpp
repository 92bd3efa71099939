#include <iostream>
#include <string>
#include <vector>

#include "cli/ask_about_edits.hpp"
#include "cli/commands.hpp"
#include "cli/console.hpp"
#include "cli/interrupt.hpp"
#include "cli/output.hpp"
#include "cli/read_input.hpp"
#include "cli/repair_flags.hpp"
#include "cli/repair_report.hpp"
#include "cli/rewrite_input.hpp"
#include "core/json_writer.hpp"
#include "events/byte_source.hpp"
#include "seqguard/evaluation/judge_dataset.hpp"

namespace seqguard::cli {
namespace {

/// Where the edits go: with --dry-run to stdout if nowhere else.
std::string edits_path(const RepairCommandOptions& options) {
  return options.edits.empty() && options.dry_run && options.common.json != "-" ? "-" : options.edits;
}

void check_outputs(const RepairCommandOptions& options) {
  const int to_stdout = (!options.dry_run && options.output == "-" ? 1 : 0) + (options.edits == "-" ? 1 : 0) +
                        (options.common.json == "-" ? 1 : 0);
  if (to_stdout > 1) throw UsageError("repair: only one of --output, --edits and --json can go to stdout");
}

/// Suspects are looked for where they can be listed, and by default where nobody could say what is right.
double max_false_suspects(const RepairCommandOptions& options, const SequenceScorer& scorer) {
  if (options.max_false_suspects) return *options.max_false_suspects;
  constexpr double k_usual = 0.001;
  const bool is_listed = !edits_path(options).empty() || !options.common.json.empty(),
             is_large = scorer.schema()->primary_column().vocabulary.kept() >= k_many_values;
  return is_listed && is_large ? k_usual : 0;
}

}  // namespace

int run(const RepairCommandOptions& options) {
  check_outputs(options);
  if (!options.dry_run)
    require_one_file(options.input, "repair",
                     "repair them one by one (`for FILE in ..; do seqguard repair --input $FILE ..; done`), or look at "
                     "the edits of all with --dry-run");
  if (options.interactive) require_terminal();
  for (const std::string& file : {options.dry_run ? std::string() : options.output, options.edits, options.common.json})
    require_writable_file(file);
  const SequenceScorer scorer = load_scorer(options.model, options.common);
  require_repair(scorer, options.model);
  std::vector<DataFinding> findings;
  const Dataset data = read_input(options.input, *scorer.schema(), {.keep_raw = true, .findings = &findings});
  if (!options.dry_run) require_rewritable(data);
  if (!scorer.schema()->cleaning.empty())
    warn("the model was fitted with --cleaning " + scorer.schema()->cleaning +
         "; a repair leaves out no row, and judges them all");
  remember_interrupts();
  const auto executor = executor_for(options.common);
  std::vector<Repair> repairs;
  {
    ProgressBar bar(options.common.quiet);
    RepairOptions how = repair_options(options.repair);
    how.max_false_suspects = max_false_suspects(options, scorer);
    repairs = repair_dataset(scorer, data, how, *executor, bar.sink());
  }
  const std::size_t declined = options.interactive ? ask_about_edits(data, repairs, std::cin, std::cerr) : 0;
  stop_if_interrupted("repair");
  RepairCounts counts = count_repairs(repairs);
  counts.declined = declined;
  if (!options.dry_run) write_output(options.output, pack(rewrite_input(data, repairs), data.compression()));
  if (const std::string path = edits_path(options); !path.empty()) write_output(path, edits_text(data, repairs));
  warn_without_gate(counts.of(RepairResult::no_gate), scorer, options.repair);
  say(options.common.quiet, summary_text(counts) + (options.dry_run ? "; nothing was written (--dry-run)" : ""));
  if (counts.inserted > 0)
    say(options.common.quiet,
        "what inserted events have beside their value - time, order, other columns - is made up; " +
            std::string(options.edits.empty() ? "--edits FILE lists it" : "the edits list it"));
  if (!options.common.json.empty()) {
    JsonWriter json;
    json.begin_object();
    write_counts(counts, json);
    json.field("dry_run", options.dry_run).field("rejected_rows", data.rejected().count);
    write_findings(findings, json);
    json.end_object().end_line();
    write_output(options.common.json, json.text());
  }
  return exit_code_for(data);
}

}  // namespace seqguard::cli
