#include "cli/fine_tune_text_report.hpp"

#include <cmath>
#include <utility>
#include <vector>

#include "cli/console.hpp"
#include "core/json_writer.hpp"
#include "sequence_scorer/fine_tune_text_state.hpp"

namespace seqguard::cli {

std::string text_figures_words(const TextFigures& figures, TextProblem problem) {
  if (problem == TextProblem::regression)
    return "mean absolute error " + fixed(figures.mae, 4) + ", RMSE " + fixed(figures.rmse, 4) + ", Spearman " +
           fixed(figures.spearman, 4) + ", loss " + fixed(figures.loss, 4);
  const bool of_sets = problem == TextProblem::multi_label_classification;
  return (of_sets ? "all classes right " : "accuracy ") + fixed(figures.accuracy, 4) + ", AUROC " +
         fixed(figures.auroc, 4) +
         (of_sets ? ", macro F1 " + fixed(figures.macro_f1, 4) + ", micro F1 " + fixed(figures.micro_f1, 4)
                  : ", F1 " + fixed(figures.f1, 4)) +
         ", loss " + fixed(figures.loss, 4);
}

namespace {

std::string counts_text(const FineTuneTextReport& report) {
  if (report.problem == TextProblem::regression) return counted(report.texts, "number");
  std::string text;
  for (std::size_t c = 0; c < report.classes.size(); ++c)
    text += (c == 0 ? "" : ", ") + with_commas(report.learned_from[c] + report.held_out[c]) + " " + report.classes[c];
  return text;
}

/// Which classes are taken for which.
std::string confusion_table(const FineTuneTextReport& report) {
  const std::size_t n = report.classes.size();
  std::vector<std::string> header = {"class \\ judged as"};
  header.insert(header.end(), report.classes.begin(), report.classes.end());
  Table table(header);
  for (std::size_t c = 0; c < n; ++c) {
    std::vector<std::string> row = {report.classes[c]};
    for (std::size_t k = 0; k < n; ++k) row.push_back(with_commas(report.figures.confusion[c * n + k]));
    table.add(std::move(row));
  }
  return table.text();
}

/// Figures of each class of sets.
std::string class_table(const FineTuneTextReport& report) {
  Table table({"class", "texts", "precision", "recall", "F1", "AUROC"});
  for (std::size_t c = 0; c < report.classes.size(); ++c) {
    const ClassFigures& of_class = report.figures.of_classes[c];
    table.add({report.classes[c], with_commas(of_class.rows), fixed(of_class.precision, 4), fixed(of_class.recall, 4),
               fixed(of_class.f1, 4), fixed(of_class.auroc, 4)});
  }
  return table.text();
}

std::string class_tables(const FineTuneTextReport& report) {
  constexpr std::size_t k_most_lines = 20;  // more do not fit a terminal
  if (report.problem == TextProblem::regression || report.classes.size() > k_most_lines) return "";
  return report.problem == TextProblem::multi_label_classification ? class_table(report) : confusion_table(report);
}

/// Mean and standard deviation of the metric over folds.
std::pair<double, double> spread_of(const TextCrossValidation& folds, TextMetric metric) {
  double sum = 0, squares = 0;
  const auto n = static_cast<double>(folds.folds.size());
  for (const TextFigures& figures : folds.folds) sum += figures.value(metric) / n;
  for (const TextFigures& figures : folds.folds)
    squares += (figures.value(metric) - sum) * (figures.value(metric) - sum) / (n - 1);
  return {sum, std::sqrt(squares)};
}

std::string spread_words(const TextCrossValidation& folds, TextMetric metric) {
  const auto [mean, deviation] = spread_of(folds, metric);
  return std::string(to_string(metric)) + " of a fold " + fixed(mean, 4) + " +- " + fixed(deviation, 4);
}

std::string trial_table(const TextSearchReport& search, TextMetric metric) {
  Table table({"setting", std::string(to_string(metric)), "", ""});
  for (std::size_t t = 0; t < search.trials.size(); ++t) {
    const TextTrialResult& trial = search.trials[t];
    std::string spread;
    if (trial.cross_validation) spread = "+- " + fixed(spread_of(*trial.cross_validation, metric).second, 4);
    table.add({trial.name, fixed(trial.figures.value(metric), 4), spread, t == search.best ? "<- best" : ""});
  }
  return table.text();
}

}  // namespace

void say_report(const TextSearchReport& search, TextMetric metric, const std::string& output, bool quiet) {
  const FineTuneTextReport& report = search.report;
  if (search.trials.size() > 1) say(quiet, trial_table(search, metric));
  say(quiet, "labels: " + counts_text(report) + "; " + with_commas(report.learning_parameters) + " of " +
                 with_commas(report.parameters) + " parameters learn");
  if (report.cross_validation)
    say(quiet, "in " + std::to_string(report.cross_validation->folds.size()) +
                   " folds: " + text_figures_words(report.cross_validation->figures, report.problem) + " (" +
                   spread_words(*report.cross_validation, metric) + ")");
  if (report.validated) {
    say(quiet, "on " + counted(report.held_out_texts, "held-out text") + ": " +
                   text_figures_words(report.figures, report.problem) + " (best weights: step " +
                   with_commas(report.best_step) + "; temperature " + fixed(report.temperature, 2) + ")");
    if (const std::string tables = class_tables(report); !tables.empty()) say(quiet, tables);
  }
  say(quiet, "learned in " + duration(report.seconds) + ", " + with_commas(report.steps) + " of " +
                 counted(report.total_steps, "step") + ", ended by " + report.stopped_by + " -> " + output);
  for (const std::string& warning : report.warnings) warn(warning);
}

namespace {

/// What is known about the held-out texts.
void write_held_out(const FineTuneTextReport& report, JsonWriter& json) {
  const TextFigures& figures = report.figures;
  json.begin_object().field("rows", figures.rows).field("loss", figures.loss);
  write_text_figures(figures, report.problem, json);
  json.field("temperature", report.temperature);
  if (!figures.confusion.empty()) json.key("confusion").values(figures.confusion);
  json.key("of_classes").begin_array();
  for (const ClassFigures& of_class : figures.of_classes) {
    json.begin_object().field("rows", of_class.rows).field("precision", of_class.precision);
    json.field("recall", of_class.recall).field("f1", of_class.f1).field("auroc", of_class.auroc);
    json.field("ap", of_class.ap).end_object();
  }
  json.end_array().end_object();
}

void write_figures(const TextFigures& figures, TextProblem problem, JsonWriter& json) {
  json.begin_object().field("rows", figures.rows).field("loss", figures.loss);
  write_text_figures(figures, problem, json);
  json.end_object();
}

void write_folds(const TextCrossValidation& folds, TextProblem problem, JsonWriter& json) {
  json.begin_object().key("figures");
  write_figures(folds.figures, problem, json);
  json.key("folds").begin_array();
  for (const TextFigures& figures : folds.folds) write_figures(figures, problem, json);
  json.end_array().end_object();
}

void write_trials(const TextSearchReport& search, TextMetric metric, JsonWriter& json) {
  json.field("metric", to_string(metric)).field("best_setting", search.best).key("settings").begin_array();
  for (const TextTrialResult& trial : search.trials) {
    json.begin_object().field("setting", trial.name).field("value", trial.figures.value(metric)).key("figures");
    write_figures(trial.figures, search.report.problem, json);
    if (trial.cross_validation) {
      json.key("cross_validation");
      write_folds(*trial.cross_validation, search.report.problem, json);
    }
    json.end_object();
  }
  json.end_array();
}

}  // namespace

std::string report_json(const TextSearchReport& search, TextMetric metric) {
  const FineTuneTextReport& report = search.report;
  JsonWriter json;
  json.begin_object().field("problem_type", to_string(report.problem)).key("classes").begin_array();
  for (std::size_t c = 0; c < report.classes.size(); ++c)
    json.begin_object()
        .field("class", report.classes[c])
        .field("learned_from", report.learned_from[c])
        .field("held_out", report.held_out[c])
        .end_object();
  json.end_array().field("texts", report.texts).field("held_out_texts", report.held_out_texts);
  json.field("parameters", report.parameters).field("learning_parameters", report.learning_parameters);
  json.field("kept_hidden_states", report.kept_hidden_states).key("held_out");
  if (report.validated)
    write_held_out(report, json);
  else
    json.null();
  if (report.cross_validation) {
    json.key("cross_validation");
    write_folds(*report.cross_validation, report.problem, json);
  }
  if (search.trials.size() > 1) write_trials(search, metric, json);
  json.field("best_step", report.best_step).field("steps", report.steps).field("total_steps", report.total_steps);
  json.field("ended_by", report.stopped_by).field("resumed", report.resumed).field("seconds", report.seconds);
  json.key("warnings").values(report.warnings).end_object().end_line();
  return json.text();
}

}  // namespace seqguard::cli
