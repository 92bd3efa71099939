#include <algorithm>
#include <cstdio>
#include <utility>

#include "cli/alarms.hpp"
#include "cli/commands.hpp"
#include "cli/console.hpp"
#include "cli/input_parts.hpp"
#include "cli/interrupt.hpp"
#include "cli/output.hpp"
#include "cli/read_input.hpp"
#include "core/json_writer.hpp"
#include "seqguard/core/files.hpp"
#include "seqguard/evaluation/reading_facts.hpp"
#include "seqguard/sequence_scorer/behaviour_model.hpp"
#include "seqguard/sequence_scorer/fit_input.hpp"

namespace seqguard::cli {
namespace {

FitOptions fit_options(const FitCommandOptions& options) {
  FitOptions fit;
  fit.preset = recipe_preset_from_string(options.preset);
  fit.size = encoder_size_from_string(options.size);
  fit.epochs = options.epochs;
  fit.window = options.window;
  fit.target_fpr = options.target_fpr;
  fit.valid_fraction = options.valid_fraction;
  fit.max_minutes = options.max_minutes;
  fit.seed = options.common.seed;
  fit.resume = options.resume;
  fit.repair = !options.no_repair;
  fit.gate_view = options.gate_view;
  fit.compute = load_options(options.common);
  std::string directory = options.output;
  while (directory.size() > 1 && directory.ends_with('/')) directory.pop_back();
  fit.state_file = directory + ".fit-state";
  return fit;
}

std::string columns_text(const Dataset& data) {
  std::string text;
  for (std::size_t c = 0; c < data.columns().size(); ++c) {
    const DataColumn& column = data.columns()[c];
    text += (c == 0 ? "" : ", ") + column.name;
    if (c == data.primary())
      text += " (judged)";
    else if (column.kind == ColumnKind::numeric)
      text += " (numeric)";
  }
  if (!data.time_column().empty()) text += ", gaps of " + data.time_column();
  if (!data.key_column().empty()) text += "; key " + data.key_column();
  if (!data.profile_key_column().empty()) text += "; profiles of " + data.profile_key_column();
  if (!data.order_column().empty()) text += ", order " + data.order_column();
  return text;
}

void describe_data(const Dataset& data, bool quiet) {
  say(quiet, "read " + data.rejected().file + ": " + size_text(data));
  std::string reading;
  for (const auto& [name, value] : reading_facts(data)) reading += (reading.empty() ? "" : ", ") + name + " " + value;
  if (!reading.empty()) say(quiet, "read as: " + reading);
  say(quiet, "columns: " + columns_text(data));
  for (const std::string& column : data.ignored_columns()) say(quiet, "not used: column " + column);
}

void describe_plan(const FitPlan& plan, bool quiet) {
  if (plan.rare_values > 0)
    say(quiet, "frequency cut: " + counted(plan.rare_values, "rare value") + ", " + percent(plan.rare_share) +
                   " of the events, " + (plan.rare_values == 1 ? "is" : "are") +
                   " known to the statistics but not to the encoder");
  say(quiet, "plan: vocabulary " + with_commas(plan.vocabulary) + ", window " + std::to_string(plan.window) +
                 ", encoder " + std::to_string(plan.layers) + " x " + std::to_string(plan.hidden) + ", " +
                 counted(plan.steps, "step") + "; " +
                 (plan.folds > 0 ? "cross-fitted in " + std::to_string(plan.folds) + " folds"
                                 : std::string("3/4 train, 1/4 calibrate")) +
                 "; order tells " + fixed(100 * plan.order_gain, 0) + " %, so " + fixed(100 * plan.masked_share, 0) +
                 " % of the steps hide events");
  say(quiet, plan.tagger_steps == 0
                 ? "repair: none (--no-repair)"
                 : "repair: edit tagger 2 x 64, window " + std::to_string(plan.tagger_window) + ", " +
                       counted(plan.tagger_steps, "step") + " on normals that are damaged on purpose");
}

/// What held-out normals say of the repair.
void describe_repair(const FitReport& report, bool quiet) {
  if (report.plan.tagger_steps == 0) return;
  const RepairFigures& repair = report.repair;
  say(quiet, "repair: of errors made on purpose in held-out sequences " + percent(std::max(0.0, repair.net_share)) +
                 " are put right; least gain of an edit " + fixed(repair.threshold, 1));
  // RepairGate::decide(): one of n + 1 may be touched.
  const double least = 1 / static_cast<double>(repair.held_out + 1);
  if (least > RepairOptions().max_false_edits)
    say(quiet, "repair: " + counted(repair.held_out, "held-out sequence") +
                   " can promise no smaller --max-false-edits than " + percent(least) + ": below it nothing is edited");
}

/// The keys, and what is known of too few normals.
void describe_profiles(const ProfileFigures& profiles, bool quiet) {
  if (profiles.keys == 0) return;
  say(quiet, "profiles: " + counted(profiles.keys, "key") + ", " + byte_size(profiles.bytes) + "; compared with " +
                 std::to_string(profiles.cohort) + " of them" +
                 (profiles.few > 0
                      ? "; " + with_commas(profiles.few) + " with fewer than " + std::to_string(k_least_key_normals) +
                            " sequences are judged by the population alone, like new keys"
                      : ""));
}

/// --valid: read as --input is, the columns of the schema alone. The exit code that its rows ask for.
int watch(FitInput& input, const FitCommandOptions& options) {
  if (options.valid.empty()) return k_done;
  InputOptions file = options.input;
  file.paths = {options.valid};
  const Dataset valid = read_input(file, input.schema);
  set_validation(input, valid);
  say(options.common.quiet, "early stopping watches " + options.valid + ": " + size_text(valid));
  return exit_code_for(valid);
}

/// What becomes of the state file that an interrupted fit has left, or not.
void warn_of_state(const FitOptions& options) {
  const bool exists = file_exists(options.state_file);
  if (options.resume && !exists) warn("--resume: there is no " + options.state_file + ", so the fit starts anew");
  if (!options.resume && exists)
    warn(options.state_file + " of an interrupted fit is there; without --resume the fit starts anew and replaces it");
}

/// The bar of a fit. Its first report shows that the state file was accepted.
class FitProgress {
 public:
  FitProgress(const FitOptions& options, bool quiet) : bar_(quiet), quiet_(quiet) {
    if (options.resume && file_exists(options.state_file)) state_file_ = options.state_file;
  }
  ProgressSink sink() { return {&FitProgress::receive, this}; }

 private:
  static bool receive(const Progress& progress, void* self) {
    auto& [bar, quiet, state_file] = *static_cast<FitProgress*>(self);
    if (!state_file.empty()) say(quiet, "--resume: goes on from " + std::exchange(state_file, {}));
    return bar.update(progress);
  }

  ProgressBar bar_;
  bool quiet_;
  std::string state_file_;  // until it is mentioned
};

std::string report_json(const FitReport& report, const Dataset& data) {
  JsonWriter json;
  json.begin_object();
  json.key("plan").raw(to_json(report.plan));
  json.field("resumed", report.resumed)
      .field("seconds", report.seconds)
      .field("validation_loss", report.validation_loss);
  json.field("calibration_normals", report.calibration_normals);
  json.field("distinct_normals", report.distinct_normals).field("kept_normals", report.kept_normals);
  json.field("drift_auroc", report.drift_auroc).field("drift_warning", report.drift_warning);
  write_alarms(report.alarms, report.warnings, json);
  if (report.profiles.keys > 0)
    json.key("profiles")
        .begin_object()
        .field("keys", report.profiles.keys)
        .field("few", report.profiles.few)
        .field("bytes", report.profiles.bytes)
        .field("cohort", report.profiles.cohort)
        .end_object();
  if (report.plan.tagger_steps > 0)
    json.key("repair")
        .begin_object()
        .field("held_out", report.repair.held_out)
        .field("gate", report.repair.gate)
        .field("threshold", report.repair.threshold)
        .field("net_share", report.repair.net_share)
        .end_object();
  write_findings(data.findings(), json);
  json.end_object().end_line();
  return json.text();
}

}  // namespace

int run(const FitCommandOptions& options) {
  const bool quiet = options.common.quiet;
  const FitOptions fit_with = fit_options(options);
  require_writable_folder(options.output);
  require_writable_file(fit_with.state_file);
  require_writable_file(options.common.json);
  const Dataset data = read_sample(options.input, options.table, options.common.seed);
  describe_data(data, quiet);
  warn_of_state(fit_with);
  const auto executor = executor_for(options.common);
  FitInput input = prepare_fit(data, fit_with);
  const int watched = watch(input, options);
  describe_plan(input.plan, quiet);
  remember_interrupts();
  FitReport report;
  std::shared_ptr<const BehaviourModel> model;
  try {
    FitProgress progress(fit_with, quiet);
    model = fit(input, &report, *executor, progress.sink());
  } catch (const Error& error) {
    if (error.code() != ErrorCode::cancelled) throw;
    throw Interrupted(std::string(error.what()) + "; the same command with --resume goes on from there");
  }
  save_behaviour_model(*model, options.output);
  std::remove(fit_with.state_file.c_str());
  say(quiet, "learned in " + duration(report.seconds) + ", calibrated on " +
                 counted(report.calibration_normals, "normal sequence") + " -> " + options.output);
  say(quiet, "called abnormal: " + alarms_text(report.alarms.own_alarms, report.alarms.own_judged) +
                 " of its own sequences, " + alarms_text(report.alarms.held_out_alarms, report.alarms.held_out) +
                 " of held-out ones (target: " + percent(report.alarms.target) + ")");
  describe_profiles(report.profiles, quiet);
  describe_repair(report, quiet);
  for (const std::string& warning : report.warnings) warn(warning);
  if (report.kept_normals < report.distinct_normals)
    warn("the statistics keep " + with_commas(report.kept_normals) + " of " + with_commas(report.distinct_normals) +
         " distinct normal sequences (memory limit)");
  if (report.drift_warning)
    warn("the second half of the input looks different from the first (AUROC " + fixed(report.drift_auroc, 2) +
         "): false alarms may exceed the target; fit on recent traffic");
  if (!options.common.json.empty()) write_output(options.common.json, report_json(report, data));
  return std::max(exit_code_for(data), watched);
}

}  // namespace seqguard::cli
