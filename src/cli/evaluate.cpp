#include <algorithm>
#include <vector>

#include "cli/commands.hpp"
#include "cli/console.hpp"
#include "cli/evaluate_folds.hpp"
#include "cli/evaluate_judged.hpp"
#include "cli/evaluate_print.hpp"
#include "cli/evaluate_repairs.hpp"
#include "cli/interrupt.hpp"
#include "cli/output.hpp"
#include "cli/read_input.hpp"
#include "cli/repair_flags.hpp"
#include "seqguard/core/error.hpp"
#include "seqguard/core/files.hpp"
#include "seqguard/evaluation/judge_dataset.hpp"

namespace seqguard::cli {
namespace {

/// Which of the four forms was asked for.
enum class Form { labelled, folds, two_files, scores };

Form form_of(const EvaluateOptions& o) {
  const bool labelled = o.input.is_given() || !o.labels.empty(), two_files = !o.normal.empty() || !o.abnormal.empty();
  const bool scores = !o.scores.empty();
  const std::string forms =
      "evaluate: expected --input with --labels, or --normal with --abnormal (each with --model), or --scores";
  if ((labelled ? 1 : 0) + (two_files ? 1 : 0) + (scores ? 1 : 0) != 1) throw UsageError(forms);
  if (labelled && (!o.input.is_given() || o.labels.empty())) throw UsageError(forms);
  if (two_files && (o.normal.empty() || o.abnormal.empty())) throw UsageError(forms);
  if (o.folds && !labelled) throw UsageError("evaluate: --folds needs --input and --labels");
  if (!o.folds && scores != o.model.empty()) throw UsageError(scores ? "evaluate: --scores needs no --model" : forms);
  if (!o.clean.empty() && (!labelled || o.folds))
    throw UsageError("evaluate: --clean needs --input, --labels and --model");
  if (!o.compare.empty() && two_files) throw UsageError("evaluate: --compare needs --input with --labels, or --scores");
  if (o.report == "-" && o.common.json == "-")
    throw UsageError("evaluate: --report - and --json - cannot both go to stdout; give one of them a file");
  return o.folds ? Form::folds : labelled ? Form::labelled : two_files ? Form::two_files : Form::scores;
}

/// Before the work.
void require_both_groups(const Truth& truth, const std::string& labels) {
  const auto normal = std::count(truth.kinds.begin(), truth.kinds.end(), std::string());
  const auto abnormal = static_cast<std::ptrdiff_t>(truth.kinds.size()) - normal;
  if (normal == 0 || abnormal == 0)
    fail(ErrorCode::bad_format, labels, "nothing to compare", "normal and abnormal sequences",
         std::to_string(normal) + " normal, " + std::to_string(abnormal) + " abnormal");
}

/// Whether single events are labelled, some abnormal and some not.
bool has_both(const std::vector<std::uint8_t>& events) {
  return std::find(events.begin(), events.end(), 0) != events.end() &&
         std::find(events.begin(), events.end(), 1) != events.end();
}

/// --input with --labels.
int evaluate_labelled(const EvaluateOptions& options, EvaluationReport& report, JudgedSequences& judged) {
  const SequenceScorer scorer = load_scorer(options.model, options.common);
  if (!options.clean.empty()) require_repair(scorer, options.model);
  const Dataset data = read_input(options.input, *scorer.schema(), {.findings = &report.findings});
  const Truth truth = read_truth(options.labels, data);
  require_both_groups(truth, options.labels);
  const auto executor = executor_for(options.common);
  ProgressBar bar(options.common.quiet);
  const auto scores = judge_dataset(scorer, data, {.masked_if_anomalous = true}, *executor, bar.sink());
  judged.add(scorer, data, scores, truth, !options.report.empty());
  report.target_fpr = scorer.target_fpr();
  report.model = "the model \"" + options.model + "\"";
  if (has_both(truth.events)) {
    report.events = measure_events(scores, truth.events);
    if (!scores.front().event_probabilities.empty())
      report.labelled_events = measure_event_labels(scores, truth.events);
  }
  if (!options.clean.empty()) report.repairs = evaluate_repairs(options, scorer, data, truth, *executor, bar);
  return exit_code_for(data);
}

/// --normal and --abnormal.
int evaluate_two_files(const EvaluateOptions& options, EvaluationReport& report, JudgedSequences& judged) {
  if (options.normal == "-" && options.abnormal == "-") throw UsageError("evaluate: only one file can come from stdin");
  const SequenceScorer scorer = load_scorer(options.model, options.common);
  const auto executor = executor_for(options.common);
  ProgressBar bar(options.common.quiet);
  report.target_fpr = scorer.target_fpr();
  report.model = "the model \"" + options.model + "\"";
  int exit_code = k_done;
  for (const bool abnormal : {false, true}) {
    InputOptions input = options.input;
    input.paths = {abnormal ? options.abnormal : options.normal};
    const Dataset data = read_input(input, *scorer.schema(), {.may_differ = abnormal, .findings = &report.findings});
    const auto scores = judge_dataset(scorer, data, {}, *executor, bar.sink());
    const Truth truth{std::vector<std::string>(scores.size(), abnormal ? "abnormal" : ""), {}};
    judged.add(scorer, data, scores, truth, !options.report.empty());
    exit_code = std::max(exit_code, exit_code_for(data));
  }
  return exit_code;
}

/// What the page is about.
std::string subject_of(const EvaluateOptions& options, Form form) {
  if (form == Form::scores) return options.scores;
  return form == Form::two_files ? options.abnormal + " against " + options.normal : input_name(options.input);
}

}  // namespace

int run(const EvaluateOptions& options) {
  if (!options.input.columns.empty() && !options.folds && !options.input.no_header)
    throw UsageError("--columns requires --folds or --no-header: the columns are those of the model");
  const Form form = form_of(options);
  require_writable_file(options.report);
  require_writable_file(options.common.json);
  for (const std::string& path : options.compare)
    if (!file_exists(path)) fail(ErrorCode::file_not_found, path, "--compare: no such file");
  EvaluationReport report;
  report.subject = subject_of(options, form);
  JudgedSequences judged;
  int exit_code = k_done;
  if (form == Form::labelled) exit_code = evaluate_labelled(options, report, judged);
  if (form == Form::folds) exit_code = evaluate_folds(options, report, judged, !options.report.empty());
  if (form == Form::two_files) exit_code = evaluate_two_files(options, report, judged);
  if (form == Form::scores)
    for (const ScoredLine& line : read_scores(options.scores)) judged.add(line);
  const bool detailed = !options.report.empty() || !options.common.json.empty() || !options.compare.empty();
  judged.report(report, detailed, options.common.seed, options.compare);
  remember_interrupts();
  say(options.common.quiet, to_text(report));
  if (!options.report.empty()) write_output(options.report, evaluation_page(report));
  if (!options.common.json.empty()) write_output(options.common.json, to_json(report));
  return exit_code;
}

}  // namespace seqguard::cli
