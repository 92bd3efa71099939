#include "report/evaluation_tables.hpp"

#include <algorithm>
#include <cmath>

#include "report/charts.hpp"
#include "report/number_text.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

using Kind = TableCell::Kind;

std::string count_text(double count) { return with_commas(static_cast<std::size_t>(count)); }

std::string range_text(const Interval& interval, int digits) {
  return fixed(interval.low, digits) + " to " + fixed(interval.high, digits);
}

double share(std::size_t part, std::size_t whole) {
  return whole > 0 ? static_cast<double>(part) / static_cast<double>(whole) : 0;
}

void write_threshold_table(Html& html, const EvaluationReport& r) {
  ReportTable table({"threshold", "score", "false alarms", "found", "precision", "F1", "alarms per 1,000"});
  for (const ThresholdRow& row : r.figures.thresholds) {
    const Kind kind = row.has_threshold ? Kind::plain : Kind::strong;
    table.add({{row.name, kind},
               {row.has_threshold ? std::isfinite(row.threshold) ? fixed(row.threshold, 3) : "above all" : "by p-value",
                kind},
               {percent(row.confusion.false_positive_rate()), kind},
               {percent(row.confusion.recall()), kind},
               {percent(row.confusion.precision()), kind},
               {fixed(row.confusion.f1(), 3), kind},
               {fixed(row.alarms_per_1000(), 1), kind}});
  }
  table.write(html);
}

void draw_confusion(Html& html, const Confusion& c) {
  const double abnormal = std::max(1.0, c.true_positives + c.false_negatives),
               normal = std::max(1.0, c.false_positives + c.true_negatives);
  HeatMap map;
  map.rows = {"abnormal", "normal"};
  map.columns = {"called abnormal", "called normal"};
  map.cell_width = 165;
  map.cell_height = 58;
  map.name_width = 84;
  const auto add = [&](double count, double whole, const char* what) {
    map.shades.push_back(count / whole);
    map.words.push_back(count_text(count) + "  (" + percent(count / whole) + ")");
    map.tips.push_back(std::string(what) + ": " + count_text(count));
  };
  add(c.true_positives, abnormal, "found");
  add(c.false_negatives, abnormal, "missed");
  add(c.false_positives, normal, "false alarms");
  add(c.true_negatives, normal, "rightly left alone");
  draw_heat_map(html, "confusion matrix", map);
}

}  // namespace

double point_precision(const EvaluationReport& r, double recall) {
  for (const CurvePoint& point : r.figures.curve)
    if (point.confusion.recall() >= recall) return point.confusion.precision();
  return 0;
}

void write_decisions(Page& page, const EvaluationReport& r) {
  page.section("decisions", "Thresholds", "What a threshold costs and brings, on these data and at their prevalence.");
  const ThresholdRow& last = r.figures.thresholds.back();
  const ThresholdRow& row = last.has_threshold ? r.figures.thresholds[2] : last;
  const Confusion& c = row.confusion;
  page.figure(
      "thresholds",
      "Of 1,000 sequences " + fixed(row.alarms_per_1000(), 0) + " raise an alarm at " +
          (last.has_threshold ? std::string("1 % false alarms") : std::string("the model's own threshold")),
      "False alarms: share of the normal sequences; found: share of the abnormal ones. Thresholds by rate and by F1 "
      "are "
      "read off these labels; the model's own was fixed without them.",
      [&](Html& html) { write_threshold_table(html, r); }, true);
  page.figure("confusion",
              count_text(c.true_positives) + " of " + count_text(c.true_positives + c.false_negatives) +
                  " are found, with " + count_text(c.false_positives) + " false alarms",
              "At " + std::string(last.has_threshold ? "1 % false alarms" : "the model's own threshold") +
                  "; shares of each row.",
              [&](Html& html) { draw_confusion(html, c); });
}

void write_kinds(Page& page, const EvaluationReport& r) {
  if (r.sequences.kinds.empty()) return;
  const auto weak =
      static_cast<std::size_t>(std::count_if(r.sequences.kinds.begin(), r.sequences.kinds.end(), is_weak));
  page.figure("kinds-found",
              weak == 0 ? "No kind is weak: of each at least half are found at 5 % false alarms"
                        : counted(weak, "kind") + " of " + with_commas(r.sequences.kinds.size()) +
                              (weak == 1 ? " is" : " are") + " weak: fewer than half are found at 5 % false alarms",
              "Share of each kind that is found at 5 % false alarms; weak kinds are vermilion.", [&](Html& html) {
                std::vector<Bar> bars;
                for (const GroupMetrics& kind : r.sequences.kinds)
                  bars.push_back({kind.kind, kind.tpr_at_5, percent(kind.tpr_at_5),
                                  kind.kind + ": " + percent(kind.tpr_at_5) + " of " + with_commas(kind.abnormal),
                                  is_weak(kind)});
                std::stable_sort(bars.begin(), bars.end(),
                                 [](const Bar& a, const Bar& b) { return a.value > b.value; });
                constexpr std::size_t k_most = 40;  // the weak ones
                if (bars.size() > k_most) bars.erase(bars.begin(), bars.end() - k_most);
                write_bars(html, bars, 1);
              });
  page.section("kinds", "Kinds of anomaly", "Each kind against all normal sequences.");
  page.figure(
      "kinds-table", "What is found of each kind",
      "Found at 5 %: with its 95 % interval (Wilson). Weak: fewer than half are found there.",
      [&](Html& html) {
        ReportTable table(
            {"kind", "sequences", "AUROC", "AP", "found at 1 %", "found at 5 %", "95 %", "found by the model", ""});
        for (const GroupMetrics& m : r.sequences.kinds) {
          const auto found = static_cast<std::size_t>(std::lround(m.tpr_at_5 * static_cast<double>(m.abnormal)));
          const Interval sure = share_interval(found, m.abnormal);
          table.add({{m.kind},
                     {with_commas(m.abnormal)},
                     {fixed(m.auroc, 3)},
                     {fixed(m.average_precision, 3)},
                     {percent(m.tpr_at_1)},
                     {percent(m.tpr_at_5), is_weak(m) ? Kind::bad : Kind::plain},
                     {percent(sure.low) + " to " + percent(sure.high)},
                     {m.decision ? percent(m.decision->recall()) : "-"},
                     {is_weak(m) ? "weak" : "", Kind::bad}});
        }
        table.write(html);
      },
      true);
}

std::string p_value_text(const Difference& difference) {
  return difference.p_value ? p_value_text(*difference.p_value) : "-";
}

void write_comparisons(Page& page, const EvaluationReport& r) {
  if (r.comparisons.empty()) return;
  page.section("comparisons", "Beside other systems",
               "The same sequences, the same labels. A difference above 0 speaks for these scores.");
  page.figure(
      "comparison-table", "Differences from other systems, with their uncertainty",
      "AUROC: DeLong's test for correlated areas. Average precision: paired bootstrap. p: of no "
      "difference, two-sided; -: too few sequences, or too equal differences, to tell.",
      [&](Html& html) {
        ReportTable table({"system", "AUROC", "ours", "difference, 95 %", "p", "AP", "ours", "difference, 95 %", "p"});
        for (const Comparison& c : r.comparisons) {
          const auto tone = [](const Difference& d) {
            return d.p_value.value_or(1) >= 0.05 ? Kind::plain : d.a > d.b ? Kind::good : Kind::bad;
          };
          table.add({{c.name},
                     {fixed(c.auroc.b, 3)},
                     {fixed(c.auroc.a, 3)},
                     {range_text(c.auroc.interval, 3), tone(c.auroc)},
                     {p_value_text(c.auroc)},
                     {fixed(c.average_precision.b, 3)},
                     {fixed(c.average_precision.a, 3)},
                     {range_text(c.average_precision.interval, 3), tone(c.average_precision)},
                     {p_value_text(c.average_precision)}});
        }
        table.write(html);
      },
      true);
}

Spread spread_of(const std::vector<FoldFigures>& folds, double GroupMetrics::*figure) {
  Spread spread;
  const double n = static_cast<double>(folds.size());
  for (const FoldFigures& fold : folds) spread.mean += fold.metrics.*figure / n;
  double sum = 0;
  for (const FoldFigures& fold : folds) sum += std::pow(fold.metrics.*figure - spread.mean, 2);
  if (folds.size() > 1) spread.deviation = std::sqrt(sum / (n - 1));
  return spread;
}

void write_folds(Page& page, const EvaluationReport& r) {
  if (r.folds.empty()) return;
  page.section("folds", "Cross-validation",
               "Each sequence is judged by a model that has not seen it; models learn from keys without a label only.");
  const Spread area = spread_of(r.folds, &GroupMetrics::auroc);
  page.figure(
      "fold-table",
      "AUROC " + fixed(area.mean, 3) + " on average, standard deviation " + fixed(area.deviation, 3) + " over " +
          counted(r.folds.size(), "fold"),
      "Figures above this section pool the scores of all folds.",
      [&](Html& html) {
        ReportTable table(
            {"fold", "learned from", "normal", "abnormal", "AUROC", "AP", "found at 1 %", "found at 5 %"});
        for (std::size_t k = 0; k < r.folds.size(); ++k) {
          const GroupMetrics& m = r.folds[k].metrics;
          table.add({{std::to_string(k + 1)},
                     {with_commas(r.folds[k].learned)},
                     {with_commas(m.normal)},
                     {with_commas(m.abnormal)},
                     {fixed(m.auroc, 3)},
                     {fixed(m.average_precision, 3)},
                     {percent(m.tpr_at_1)},
                     {percent(m.tpr_at_5)}});
        }
        const auto text = [&](double GroupMetrics::*figure) {
          const Spread spread = spread_of(r.folds, figure);
          return fixed(spread.mean, 3) + " \xC2\xB1 " + fixed(spread.deviation, 3);
        };
        table.add({{"mean \xC2\xB1 sd", Kind::strong},
                   {""},
                   {""},
                   {""},
                   {text(&GroupMetrics::auroc), Kind::strong},
                   {text(&GroupMetrics::average_precision), Kind::strong},
                   {text(&GroupMetrics::tpr_at_1), Kind::strong},
                   {text(&GroupMetrics::tpr_at_5), Kind::strong}});
        table.write(html);
      },
      true);
}

void write_repairs(Page& page, const EvaluationReport& r) {
  if (r.repairs.empty()) return;
  const RepairMetrics& all = r.repairs.front();
  page.section("repairs", "Repairs against the clean twins",
               "What the edits do to damaged sequences, and to those that nothing is wrong with.");
  page.figure(
      "repairs-table",
      percent(std::max(0.0, all.net_reduction())) + " of the damage is undone; " + with_commas(all.touched) + " of " +
          counted(all.undamaged, "undamaged sequence") + (all.touched == 1 ? " is" : " are") + " touched",
      "Net: by how much the edit distance of the damaged sequences from their twins shrinks, harm counted. At an "
      "error: share of the "
      "edits that change a wrong event; right: that make it right. Restored: sequences that equal their twin "
      "afterwards.",
      [&](Html& html) {
        ReportTable table(
            {"kind", "damaged", "errors", "net", "edits", "at an error", "right", "restored", "undamaged", "touched"});
        for (const RepairMetrics& m : r.repairs)
          table.add({{m.kind},
                     {with_commas(m.sequences)},
                     {with_commas(m.errors)},
                     {m.errors > 0 ? fixed(100 * m.net_reduction(), 1) + " %" : "-",
                      m.net_reduction() < 0 ? Kind::bad : Kind::plain},
                     {with_commas(m.edits)},
                     {m.edits > 0 ? percent(share(m.located, m.edits)) : "-"},
                     {m.edits > 0 ? percent(share(m.right, m.edits)) : "-"},
                     {m.sequences > 0 ? with_commas(m.exact) : "-"},
                     {with_commas(m.undamaged)},
                     {m.undamaged > 0 ? with_commas(m.touched) : "-"}});
        table.write(html);
      },
      true);
}

}  // namespace v0
}  // namespace seqguard
