#include "cli/evaluate_print.hpp"

#include "cli/console.hpp"
#include "cli/read_input.hpp"
#include "core/json_writer.hpp"
#include "report/evaluation_tables.hpp"

namespace seqguard::cli {
namespace {

/// "12 of 34".
std::string of(std::size_t part, std::size_t whole) { return with_commas(part) + " of " + with_commas(whole); }

void add_row(Table& table, const GroupMetrics& m) {
  table.add({m.kind, with_commas(m.abnormal), percent(m.prevalence), fixed(m.auroc, 3), fixed(m.average_precision, 3),
             fixed(m.tpr_at_1, 3), fixed(m.tpr_at_5, 3), m.decision ? fixed(m.decision->recall(), 3) : "-",
             m.decision ? fixed(m.decision->f1(), 3) : "-"});
}

std::string sequences_text(const SequenceMetrics& m) {
  Table table({"kind", "abnormal", "prevalence", "AUROC", "AP", "TPR@1%", "TPR@5%", "found", "F1"});
  add_row(table, m.all);
  for (const GroupMetrics& kind : m.kinds) add_row(table, kind);
  std::string text = "sequences: " + with_commas(m.all.abnormal) + " abnormal against " + with_commas(m.all.normal) +
                     " normal\n" + table.text();
  if (m.all.decision)
    text += "  found, F1: at the label-free threshold, which calls " + percent(m.all.decision->false_positive_rate()) +
            " of the normal sequences abnormal\n";
  return text;
}

double share(std::size_t part, std::size_t whole) {
  return whole > 0 ? static_cast<double>(part) / static_cast<double>(whole) : 0;
}

/// "27.3 %", or "-" where there is nothing to have a share of.
std::string share_text(double value, std::size_t whole) { return whole > 0 ? fixed(100 * value, 1) + " %" : "-"; }

std::string times_text(const std::vector<RepairMetrics>& repairs) {
  if (repairs.front().wrong_times == 0) return {};
  Table table({"kind", "wrong times", "near", "near after", "sequences", "all near after"});
  for (const RepairMetrics& m : repairs)
    if (m.wrong_times > 0)
      table.add({m.kind, with_commas(m.wrong_times), with_commas(m.near_before), with_commas(m.near_after),
                 with_commas(m.clocks), of(m.clocks_right, m.clocks)});
  return "times that differ from the clean twin's (near: at most a minute off the truth):\n" + table.text();
}

std::string repairs_text(const std::vector<RepairMetrics>& repairs) {
  Table table({"kind", "damaged", "errors", "net", "put right", "edits", "at an error", "right", "exact", "undamaged",
               "touched"});
  for (const RepairMetrics& m : repairs)
    table.add({m.kind, with_commas(m.sequences), with_commas(m.errors), share_text(m.net_reduction(), m.errors),
               share_text(m.put_right(), m.errors), with_commas(m.edits),
               share_text(share(m.located, m.edits), m.edits), share_text(share(m.right, m.edits), m.edits),
               m.sequences > 0 ? of(m.exact, m.sequences) : "-", with_commas(m.undamaged),
               m.undamaged > 0 ? with_commas(m.touched) : "-"});
  const RepairMetrics& all = repairs.front();
  std::string text = "repairs, compared with the clean twins:\n" + table.text();
  if (all.errors > 0)
    text += "  net: of the edit distance of all damaged sequences from their twins, " + with_commas(all.errors) + ", " +
            with_commas(all.left) + " is left\n";
  if (all.edits > 0)
    text += "  of " + counted(all.edits, "edit") + " " + share_text(share(all.located, all.edits), 1) +
            " change a wrong event and " + share_text(share(all.right, all.edits), 1) + " make it right\n";
  if (all.undamaged > 0)
    text += "  of " + counted(all.undamaged, "undamaged sequence") + " " + with_commas(all.touched) +
            (all.touched == 1 ? " is" : " are") + " touched (" + share_text(share(all.touched, all.undamaged), 1) +
            ")\n";
  if (all.reported > 0) text += "  " + counted(all.reported, "event") + " of odd stretches are reported and stay\n";
  return text + times_text(repairs);
}

void write_group(JsonWriter& json, const GroupMetrics& m) {
  json.begin_object().field("kind", m.kind).field("normal", m.normal).field("abnormal", m.abnormal);
  json.field("prevalence", m.prevalence).field("auroc", m.auroc).field("ap", m.average_precision);
  json.field("tpr_at_1", m.tpr_at_1).field("tpr_at_5", m.tpr_at_5);
  if (m.decision) {
    json.field("fpr", m.decision->false_positive_rate()).field("recall", m.decision->recall());
    json.field("precision", m.decision->precision()).field("f1", m.decision->f1());
  }
  json.end_object();
}

void write_repair(JsonWriter& json, const RepairMetrics& m) {
  json.begin_object().field("kind", m.kind).field("damaged", m.sequences).field("errors", m.errors);
  json.field("errors_left", m.left).field("net_reduction", m.net_reduction()).field("put_right", m.put_right());
  json.field("edits", m.edits).field("located", m.located).field("right", m.right).field("exact", m.exact);
  json.field("undamaged", m.undamaged).field("touched", m.touched);
  json.field("touched_share", share(m.touched, m.undamaged)).field("harm", m.harm).field("reported", m.reported);
  json.field("time_edits", m.time_edits).field("wrong_times", m.wrong_times).field("near_before", m.near_before);
  json.field("near_after", m.near_after).field("clocks", m.clocks).field("clocks_right", m.clocks_right).end_object();
}

/// What --folds and --compare add.
std::string further_text(const EvaluationReport& report) {
  std::string text;
  if (!report.folds.empty()) {
    const auto figure = [&](double GroupMetrics::*value) {
      const Spread spread = spread_of(report.folds, value);
      return fixed(spread.mean, 3) + " +- " + fixed(spread.deviation, 3);
    };
    text += "folds: AUROC " + figure(&GroupMetrics::auroc) + ", AP " + figure(&GroupMetrics::average_precision) +
            ", TPR@1% " + figure(&GroupMetrics::tpr_at_1) + ", TPR@5% " + figure(&GroupMetrics::tpr_at_5) +
            " (mean and standard deviation over " + counted(report.folds.size(), "fold") + ")\n";
  }
  for (const Comparison& c : report.comparisons)
    text += "beside " + c.name + ": AUROC " + fixed(c.auroc.a, 3) + " against " + fixed(c.auroc.b, 3) +
            " (DeLong: difference " + fixed(c.auroc.interval.low, 3) + " to " + fixed(c.auroc.interval.high, 3) +
            ", p " + p_value_text(c.auroc) + "), AP " + fixed(c.average_precision.a, 3) + " against " +
            fixed(c.average_precision.b, 3) + " (p " + p_value_text(c.average_precision) + ")\n";
  return text;
}

void write_interval(std::string_view name, const Interval& interval, JsonWriter& json) {
  json.key(name).begin_array().value(interval.low).value(interval.high).end_array();
}

void write_figures(const EvaluationReport& report, JsonWriter& json) {
  const FigureIntervals& sure = report.figures.intervals;
  json.key("intervals_95").begin_object();
  write_interval("auroc", sure.auroc, json);
  write_interval("ap", sure.average_precision, json);
  write_interval("tpr_at_1", sure.tpr_at_1, json);
  write_interval("tpr_at_5", sure.tpr_at_5, json);
  json.end_object().key("thresholds").begin_array();
  for (const ThresholdRow& row : report.figures.thresholds) {
    json.begin_object().field("name", row.name);
    if (row.has_threshold) json.field("threshold", row.threshold);
    json.field("fpr", row.confusion.false_positive_rate()).field("recall", row.confusion.recall());
    json.field("precision", row.confusion.precision()).field("f1", row.confusion.f1());
    json.field("alarms_per_1000", row.alarms_per_1000()).end_object();
  }
  json.end_array();
  if (!report.normal_p_values.empty()) {
    json.key("calibration").begin_array();
    for (const RateRow& row : observed_rates(report.normal_p_values)) {
      json.begin_object().field("nominal", row.nominal).field("observed", row.observed);
      write_interval("interval_95", row.interval, json);
      json.end_object();
    }
    json.end_array();
  }
}

void write_views(const ViewCounts& views, JsonWriter& json) {
  json.key("views").begin_object().key("names").values(views.views).key("kinds").begin_array();
  const std::size_t n = views.views.size();
  for (std::size_t k = 0; k < views.kinds.size(); ++k) {
    json.begin_object().field("kind", views.kinds[k]).field("sequences", views.sequences[k]);
    json.key("abnormal").values(std::span(views.counts).subspan(k * n, n)).end_object();
  }
  json.end_array().end_object();
}

void write_difference(std::string_view name, const Difference& d, JsonWriter& json) {
  json.key(name).begin_object().field("ours", d.a).field("theirs", d.b);
  write_interval("difference_95", d.interval, json);
  json.key("p_value");
  if (d.p_value)
    json.value(*d.p_value);
  else
    json.null();
  json.end_object();
}

void write_further(const EvaluationReport& report, JsonWriter& json) {
  if (!report.folds.empty()) {
    json.key("folds").begin_array();
    for (const FoldFigures& fold : report.folds) {
      json.begin_object().field("learned", fold.learned).key("metrics");
      write_group(json, fold.metrics);
      json.end_object();
    }
    json.end_array().key("spread").begin_object();
    for (const auto& [name, figure] : {std::pair{"auroc", &GroupMetrics::auroc},
                                       {"ap", &GroupMetrics::average_precision},
                                       {"tpr_at_1", &GroupMetrics::tpr_at_1},
                                       {"tpr_at_5", &GroupMetrics::tpr_at_5}}) {
      const Spread spread = spread_of(report.folds, figure);
      json.key(name).begin_object().field("mean", spread.mean).field("sd", spread.deviation).end_object();
    }
    json.end_object();
  }
  if (report.comparisons.empty()) return;
  json.key("comparisons").begin_array();
  for (const Comparison& c : report.comparisons) {
    json.begin_object().field("name", c.name);
    write_difference("auroc", c.auroc, json);
    write_difference("ap", c.average_precision, json);
    json.end_object();
  }
  json.end_array();
}

}  // namespace

namespace {

std::string events_text(const std::string& by, const EventMetrics& m) {
  return by + ": " + with_commas(m.abnormal) + " abnormal against " + with_commas(m.normal) + " normal, AUROC " +
         fixed(m.auroc, 3) + ", AP " + fixed(m.average_precision, 3) + ", precision at " + with_commas(m.abnormal) +
         " " + fixed(m.precision_at_n, 3) + "; the worst event is an abnormal one in " + of(m.worst_hits, m.sequences) +
         " abnormal sequences\n";
}

void write_events(std::string_view name, const std::optional<EventMetrics>& events, JsonWriter& json) {
  if (!events) return;
  json.key(name).begin_object().field("normal", events->normal).field("abnormal", events->abnormal);
  json.field("auroc", events->auroc).field("ap", events->average_precision);
  json.field("precision_at_n", events->precision_at_n).field("sequences", events->sequences);
  json.field("worst_hits", events->worst_hits).end_object();
}

}  // namespace

std::string to_text(const EvaluationReport& evaluation) {
  std::string text = sequences_text(evaluation.sequences);
  if (evaluation.events)
    text += events_text(evaluation.labelled_events ? "events by surprise" : "events", *evaluation.events);
  if (evaluation.labelled_events) text += events_text("events by labels", *evaluation.labelled_events);
  if (!evaluation.repairs.empty()) text += repairs_text(evaluation.repairs);
  text += further_text(evaluation);
  text.pop_back();  // say() ends the line
  return text;
}

std::string to_json(const EvaluationReport& evaluation) {
  JsonWriter json;
  json.begin_object().key("sequences");
  write_group(json, evaluation.sequences.all);
  json.key("kinds").begin_array();
  for (const GroupMetrics& kind : evaluation.sequences.kinds) write_group(json, kind);
  json.end_array();
  write_events("events", evaluation.events, json);
  write_events("labelled_events", evaluation.labelled_events, json);
  if (!evaluation.repairs.empty()) {
    json.key("repairs").begin_array();
    for (const RepairMetrics& m : evaluation.repairs) write_repair(json, m);
    json.end_array();
  }
  write_figures(evaluation, json);
  if (evaluation.views) write_views(*evaluation.views, json);
  write_further(evaluation, json);
  write_findings(evaluation.findings, json);
  json.end_object().end_line();
  return json.text();
}

}  // namespace seqguard::cli
