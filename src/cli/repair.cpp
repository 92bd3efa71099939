#include <algorithm>
#include <array>
#include <vector>

#include "cli/commands.hpp"
#include "cli/console.hpp"
#include "cli/interrupt.hpp"
#include "cli/output.hpp"
#include "cli/read_input.hpp"
#include "cli/rewrite_input.hpp"
#include "core/json_writer.hpp"
#include "seqguard/evaluation/judge_dataset.hpp"

namespace seqguard::cli {
namespace {

/// What stands at an event before an edit and after it; null where nothing does.
void write_values(const Edit& edit, JsonWriter& json) {
  const auto write = [&](const char* name, const std::string& value, bool exists) {
    json.key(name);
    if (exists)
      json.value(value);
    else
      json.null();
  };
  write("before", edit.before, has_before(edit.operation));
  write("after", edit.after, has_after(edit.operation));
}

std::string edits_text(const Dataset& data, const std::vector<Repair>& repairs) {
  JsonWriter json;
  for (std::size_t s = 0; s < repairs.size(); ++s) {
    const Repair& repair = repairs[s];
    const DataSequence& sequence = data.sequences()[s];
    for (const Edit& edit : repair.edits) {
      json.begin_object().key("key");
      if (sequence.key.empty())
        json.null();
      else
        json.value(sequence.key);
      const std::size_t nearest = std::min(edit.position, sequence.count - 1);  // what is inserted may follow the last
      json.field("line", data.row(sequence.first + nearest)).field("position", edit.position);
      json.field("operation", to_string(edit.operation));
      write_values(edit, json);
      json.field("probability", edit.probability);
      json.key("followed").begin_object();
      for (const FollowingColumn& following : edit.followed)
        json.field(data.columns()[following.column].name, following.after);
      json.end_object();
      json.field("score_before", repair.score_before).field("score_after", repair.score_after);
      json.field("result", to_string(repair.result)).end_object().end_line();
    }
  }
  return json.text();
}

/// Sequences by RepairResult, and all edits.
struct Counts {
  std::array<std::size_t, 4> results{};
  std::size_t edits = 0;
  std::size_t of(RepairResult result) const { return results[static_cast<std::size_t>(result)]; }
};

Counts count(const std::vector<Repair>& repairs) {
  Counts counts;
  for (const Repair& repair : repairs) {
    ++counts.results[static_cast<std::size_t>(repair.result)];
    counts.edits += repair.edits.size();
  }
  return counts;
}

void check_outputs(const RepairCommandOptions& options) {
  const int to_stdout =
      (options.output == "-" ? 1 : 0) + (options.edits == "-" ? 1 : 0) + (options.common.json == "-" ? 1 : 0);
  if (to_stdout > 1) throw UsageError("repair: only one of --output, --edits and --json can go to stdout");
}

}  // namespace

int run(const RepairCommandOptions& options) {
  check_outputs(options);
  for (const std::string& file : {options.output, options.edits, options.common.json}) require_writable_file(file);
  const SequenceScorer scorer = SequenceScorer::load(options.model, load_options(options.common));
  std::vector<DataFinding> findings;
  const Dataset data = read_input(options.input, *scorer.schema(), {.keep_raw = true, .findings = &findings});
  remember_interrupts();
  const auto executor = executor_for(options.common);
  std::vector<Repair> repairs;
  {
    ProgressBar bar(options.common.quiet);
    repairs = repair_dataset(scorer, data, {}, *executor, bar.sink());
  }
  write_output(options.output, rewrite_input(data, repairs));
  if (!options.edits.empty()) write_output(options.edits, edits_text(data, repairs));
  const Counts counts = count(repairs);
  const std::size_t edited = counts.of(RepairResult::edited);
  say(options.common.quiet, with_commas(edited) + " of " + counted(repairs.size(), "sequence") +
                                (edited == 1 ? " was" : " were") + " edited; " + counted(counts.edits, "edit"));
  if (!options.common.json.empty()) {
    JsonWriter json;
    json.begin_object().field("sequences", repairs.size());
    for (const RepairResult result :
         {RepairResult::untouched, RepairResult::edited, RepairResult::judged_normal, RepairResult::no_gate})
      json.field(to_string(result), counts.of(result));
    json.field("edits", counts.edits).field("rejected_rows", data.rejected().count);
    write_findings(findings, json);
    json.end_object().end_line();
    write_output(options.common.json, json.text());
  }
  return exit_code_for(data);
}

}  // namespace seqguard::cli
