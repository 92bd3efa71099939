#include "cli/evaluate_print.hpp"

#include "cli/console.hpp"
#include "cli/read_input.hpp"
#include "core/json_writer.hpp"

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

}  // namespace

std::string to_text(const Evaluation& evaluation) {
  std::string text = sequences_text(evaluation.sequences);
  if (evaluation.events) {
    const EventMetrics& m = *evaluation.events;
    text += "events: " + with_commas(m.abnormal) + " abnormal against " + with_commas(m.normal) + " normal, AUROC " +
            fixed(m.auroc, 3) + ", AP " + fixed(m.average_precision, 3) + "; the worst event is an abnormal one in " +
            of(m.worst_hits, m.sequences) + " abnormal sequences\n";
  }
  if (!evaluation.repairs.empty()) text += repairs_text(evaluation.repairs);
  text.pop_back();  // say() ends the line
  return text;
}

std::string to_json(const Evaluation& evaluation) {
  JsonWriter json;
  json.begin_object().key("sequences");
  write_group(json, evaluation.sequences.all);
  json.key("kinds").begin_array();
  for (const GroupMetrics& kind : evaluation.sequences.kinds) write_group(json, kind);
  json.end_array();
  if (evaluation.events) {
    const EventMetrics& m = *evaluation.events;
    json.key("events").begin_object().field("normal", m.normal).field("abnormal", m.abnormal);
    json.field("auroc", m.auroc).field("ap", m.average_precision).field("sequences", m.sequences);
    json.field("worst_hits", m.worst_hits).end_object();
  }
  if (!evaluation.repairs.empty()) {
    json.key("repairs").begin_array();
    for (const RepairMetrics& m : evaluation.repairs) write_repair(json, m);
    json.end_array();
  }
  write_findings(evaluation.findings, json);
  json.end_object().end_line();
  return json.text();
}

}  // namespace seqguard::cli
