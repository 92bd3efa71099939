#include "seqguard/sequence_scorer/fine_tune.hpp"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/alarms.hpp"
#include "cli/commands.hpp"
#include "cli/console.hpp"
#include "cli/interrupt.hpp"
#include "cli/output.hpp"
#include "cli/read_input.hpp"
#include "core/json_writer.hpp"
#include "seqguard/events/input_files.hpp"
#include "seqguard/sequence_scorer/behaviour_model.hpp"
#include "seqguard/sequence_scorer/sequence_scorer.hpp"

namespace seqguard::cli {
namespace {

FineTuneOptions fine_tune_options(const FineTuneCommandOptions& options) {
  FineTuneOptions result;
  result.network.hidden = options.hidden;
  result.network.dropout = options.dropout;
  result.network.epochs = options.epochs;
  result.network.learning_rate = options.learning_rate;
  result.network.weight_decay = options.weight_decay;
  result.members = options.members;
  if (options.loss == "focal") {
    result.focal_gamma = options.focal_gamma.value_or(2);  // the choice of the paper
    result.focal_alpha = options.focal_alpha;
  }
  result.label_smoothing = options.label_smoothing;
  result.balanced = options.class_weights == "balanced";
  result.folds = options.folds;
  result.view_weight = options.label_weight;
  if (options.statistics == "keep") result.statistics = NormalStatistics::keep;
  if (options.statistics == "refit") result.statistics = NormalStatistics::refit;
  result.target_fpr = options.target_fpr;
  if (options.threshold == "best-f1") result.threshold = LabelThreshold::best_f1;
  result.seed = options.common.seed;
  result.compute = load_options(options.common);
  return result;
}

void check_flags(const FineTuneCommandOptions& options) {
  if (!options.text.given.empty())
    throw UsageError("fine-tune: " + options.text.given.front() + " has an effect on text checkpoints only, and " +
                     options.model + " is a model of behaviour");
  if (options.loss == "mse")
    throw UsageError("fine-tune: --loss mse is of numbers as labels of texts; sequences have classes: bce or focal");
  if (options.focal_alpha && options.class_weights == "balanced")
    throw UsageError("fine-tune: --class-weights has no effect beside --focal-alpha, which weighs the classes");
  if (options.class_weights != "balanced" && options.class_weights != "none")
    throw UsageError("fine-tune: --class-weights: expected balanced or none, found " + options.class_weights);
}

ClassLabels read_labels_as_written(const FineTuneCommandOptions& options, const Dataset& data) {
  const ClassLabelOptions how{options.labels.empty() ? std::string() : options.label_column, options.normal_label,
                              options.unlabelled == "normal"};
  if (!options.labels.empty()) return read_class_labels(options.labels, data, how);
  ReadOptions read = read_options(options.input);
  read.strict = false;
  read.key = data.key_column();
  read.order = data.order_column();
  read.time = data.time_column();
  give_reading(data, read);
  read.columns = {{options.label_column, ColumnKind::categorical}};
  return class_labels_of_column(read_event_files(input_files(options.input.paths), read), data, options.task == "event",
                                how);
}

ClassLabels read_labels(const FineTuneCommandOptions& options, const Dataset& data) {
  ClassLabels labels = read_labels_as_written(options, data);
  if (options.task == "event" && !labels.of_events)
    fail(ErrorCode::bad_format, options.labels,
         "labels of whole sequences; --task event needs to know which event each label is of: a column \"position\"" +
             (data.order_column().empty() ? std::string() : " or \"" + data.order_column() + "\""));
  if (options.task != "event" && labels.of_events) {
    say(options.common.quiet,
        options.labels +
            ": labels of single events become one for each sequence, that of its first abnormal event; "
            "--task event learns which events are wrong, and judges sequences by that too");
    labels = sequence_labels(std::move(labels), data);
  }
  return options.binary ? normal_or_abnormal(std::move(labels)) : labels;
}

/// How many have each class, "100 normal, 9 bot; 3 WHAT without a label".
void describe_labels(const ClassLabels& labels, const std::string& what, bool quiet) {
  std::string text;
  const std::vector<std::size_t> counts = labels.counts();
  for (std::size_t c = 0; c < counts.size(); ++c)
    text += (c == 0 ? "" : ", ") + with_commas(counts[c]) + " " + labels.classes[c];
  const auto unlabelled =
      static_cast<std::size_t>(std::count(labels.values.begin(), labels.values.end(), k_unknown_class));
  say(quiet, "labels of " + what + ": " + text +
                 (unlabelled > 0 ? "; " + with_commas(unlabelled) + " " + what + " without a label" : ""));
}

void describe_events(const EventLabelReport& events, bool quiet) {
  const auto figures = [](const EventLabelFigures& f) {
    return "AUROC " + fixed(f.auroc, 4) + ", AP " + fixed(f.average_precision, 3) +
           ", precision at as many as are wrong " + fixed(f.precision_at_n, 3);
  };
  say(quiet, "on events of sequences that were not learned from: by surprise " + figures(events.surprise) +
                 "; by labels " + figures(events.labels) + "; of those called wrong " +
                 fixed(100 * events.precision, 1) + " % are, which are " + fixed(100 * events.recall, 1) +
                 " % of all; the most probable one is in " + with_commas(events.worst_hits) + " of " +
                 counted(events.sequences, "sequence"));
}

std::string figures_text(const HeldOutFigures& figures, double target) {
  return "AUROC " + fixed(figures.auroc, 4) + ", found " + fixed(100 * figures.recall, 1) + " % at " +
         fixed(100 * target, 1) + " %";
}

void write_figures(JsonWriter& json, std::string_view name, const HeldOutFigures& figures) {
  json.key(name).begin_object().field("auroc", figures.auroc);
  json.field("average_precision", figures.average_precision).field("recall", figures.recall).end_object();
}

void write_figures(JsonWriter& json, std::string_view name, const EventLabelFigures& figures) {
  json.key(name).begin_object().field("auroc", figures.auroc).field("average_precision", figures.average_precision);
  json.field("precision_at_n", figures.precision_at_n).end_object();
}

void write_events(JsonWriter& json, const EventLabelReport& events) {
  json.key("events").begin_object().field("normal", events.normal).field("abnormal", events.abnormal);
  write_figures(json, "labels", events.labels);
  write_figures(json, "surprise", events.surprise);
  json.field("precision", events.precision).field("recall", events.recall).field("sequences", events.sequences);
  json.field("worst_hits", events.worst_hits).field("temperature", events.temperature).end_object();
}

std::string report_json(const FineTuneReport& report, std::span<const DataFinding> findings) {
  JsonWriter json;
  json.begin_object().key("classes").begin_object();
  for (std::size_t c = 0; c < report.classes.size(); ++c) json.field(report.classes[c], report.class_counts[c]);
  json.end_object().field("unlabelled", report.unlabelled).field("left_out", report.left_out);
  json.key("figures").begin_object();
  write_figures(json, "without_labels", report.without_labels);
  write_figures(json, "labels_alone", report.labels_alone);
  write_figures(json, "together", report.together);
  json.end_object().key("trials").begin_array();
  for (const WeightTrial& trial : report.trials) {
    json.begin_object().field("weight", trial.weight);
    write_figures(json, "figures", trial.figures);
    json.end_object();
  }
  json.end_array().field("weight", report.weight).field("temperature", report.temperature);
  json.field("refitted", report.refitted).field("seconds", report.seconds);
  if (report.events) write_events(json, *report.events);
  write_alarms(report.alarms, report.warnings, json);
  write_findings(findings, json);
  json.end_object().end_line();
  return json.text();
}

}  // namespace

int run(const FineTuneCommandOptions& options) {
  if (!holds_behaviour_model(options.model)) return fine_tune_text_checkpoint(options);
  check_flags(options);
  const bool quiet = options.common.quiet;
  if (options.labels.empty() == options.label_column.empty() && options.labels.empty())
    throw UsageError("fine-tune: --labels FILE, or --label-column NAME of the input");
  if (options.labels.empty() && options.input.is_stdin())
    throw UsageError("fine-tune: --label-column reads the input twice, which stdin cannot give");
  if (options.loss != "focal" && (options.focal_gamma || options.focal_alpha))
    throw UsageError(std::string("fine-tune: --focal-") + (options.focal_gamma ? "gamma" : "alpha") +
                     " has no effect without --loss focal");
  const FineTuneOptions how = fine_tune_options(options);
  require_writable_folder(options.output);
  require_writable_file(options.common.json);
  if (options.target_fpr && options.threshold == "best-f1")
    throw UsageError("fine-tune: --target-fpr has no effect with --threshold best-f1");
  const auto schema = SequenceScorer::load(options.model, how.compute).schema();
  for (const EventColumn& column : schema->columns)
    if (options.labels.empty() && column.name == options.label_column)
      fail(
          ErrorCode::invalid_argument, "fine-tune",
          "--label-column " + column.name +
              " is a column that the model reads: it would learn the label from itself; fit with --columns without it");
  std::vector<DataFinding> findings;
  const Dataset data = read_input(options.input, *schema, {.findings = &findings});
  say(quiet, "read " + data.rejected().file + ": " + size_text(data));
  const ClassLabels labels = read_labels(options, data);
  describe_labels(sequence_labels(labels, data), "sequences", quiet);
  if (labels.of_events) describe_labels(labels, "events", quiet);
  const auto executor = executor_for(options.common);
  remember_interrupts();
  FineTuneReport report;
  {
    ProgressBar bar(quiet);
    report = fine_tune(options.model, data, labels, options.output, how, *executor, bar.sink());
  }
  const double target = report.alarms.target;
  if (report.events) describe_events(*report.events, quiet);
  say(quiet, "on labelled sequences that were not learned from: without labels " +
                 figures_text(report.without_labels, target) + "; labels alone " +
                 figures_text(report.labels_alone, target) + "; together " + figures_text(report.together, target));
  say(quiet, "the labels weigh " + fixed(report.weight, 1) +
                 " beside the other views; statistics of normal behaviour " +
                 (report.refitted ? "made again from the labelled normals" : "kept (--statistics)"));
  say(quiet, "learned in " + duration(report.seconds) + " -> " + options.output);
  for (const std::string& warning : report.warnings) warn(warning);
  if (!options.common.json.empty()) write_output(options.common.json, report_json(report, findings));
  return exit_code_for(data);
}

}  // namespace seqguard::cli
