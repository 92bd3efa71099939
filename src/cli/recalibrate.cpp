#include "seqguard/sequence_scorer/recalibrate.hpp"

#include <vector>

#include "cli/alarms.hpp"
#include "cli/commands.hpp"
#include "cli/console.hpp"
#include "cli/interrupt.hpp"
#include "cli/output.hpp"
#include "cli/read_input.hpp"
#include "core/json_writer.hpp"
#include "seqguard/sequence_scorer/sequence_scorer.hpp"

namespace seqguard::cli {

int run(const RecalibrateCommandOptions& options) {
  const bool quiet = options.common.quiet;
  require_writable_folder(options.output);
  require_writable_file(options.common.json);
  RecalibrationOptions how;
  how.target_fpr = options.target_fpr;
  how.compute = load_options(options.common);
  const auto schema = SequenceScorer::load(options.model, how.compute).schema();
  std::vector<DataFinding> findings;
  const Dataset data = read_input(options.input, *schema, {.findings = &findings});
  say(quiet, "read " + data.rejected().file + ": " + size_text(data));
  const auto executor = executor_for(options.common);
  remember_interrupts();
  RecalibrationReport report;
  {
    ProgressBar bar(quiet);
    report = recalibrate(options.model, data, options.output, how, *executor, bar.sink());
  }
  say(quiet, "called abnormal before: " + alarms_text(report.alarms_before, report.sequences) +
                 ", now: " + alarms_text(report.alarms.held_out_alarms, report.alarms.held_out) +
                 " of held-out ones (target: " + percent(report.alarms.target) + ") -> " + options.output);
  for (const std::string& warning : report.warnings) warn(warning);
  if (!options.common.json.empty()) {
    JsonWriter json;
    json.begin_object().field("sequences", report.sequences).field("alarms_before", report.alarms_before);
    write_alarms(report.alarms, report.warnings, json);
    write_findings(findings, json);
    json.end_object().end_line();
    write_output(options.common.json, json.text());
  }
  return exit_code_for(data);
}

}  // namespace seqguard::cli
