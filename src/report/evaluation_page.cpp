#include <algorithm>
#include <cmath>

#include "report/charts.hpp"
#include "report/evaluation_tables.hpp"
#include "report/judged_sections.hpp"
#include "report/number_text.hpp"
#include "report/page.hpp"
#include "report/plot.hpp"
#include "seqguard/core/error.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

constexpr std::size_t k_most_mistakes = 10;

std::string interval_text(const Interval& interval) {
  return "95 %: " + fixed(interval.low, 3) + " to " + fixed(interval.high, 3);
}

void write_headline(Page& page, const EvaluationReport& r) {
  const GroupMetrics& all = r.sequences.all;
  const FigureIntervals& sure = r.figures.intervals;
  std::vector<Tile> tiles{{"AUROC", fixed(all.auroc, 3), interval_text(sure.auroc)},
                          {"Average precision", fixed(all.average_precision, 3), interval_text(sure.average_precision)},
                          {"Found at 1 % false alarms", percent(all.tpr_at_1),
                           "95 %: " + percent(sure.tpr_at_1.low) + " to " + percent(sure.tpr_at_1.high)},
                          {"Found at 5 % false alarms", percent(all.tpr_at_5),
                           "95 %: " + percent(sure.tpr_at_5.low) + " to " + percent(sure.tpr_at_5.high)}};
  if (all.decision) {
    const double rate = all.decision->false_positive_rate();
    const bool is_bad = r.target_fpr && rate > 2 * *r.target_fpr;
    tiles.push_back(
        {"Found by the model's own threshold", percent(all.decision->recall()), "no label was used for it"});
    tiles.push_back({"False alarms there", percent(rate),
                     r.target_fpr ? "target " + percent(*r.target_fpr) : "of the normal sequences", is_bad});
    tiles.push_back({"Precision there", percent(all.decision->precision()), "F1 " + fixed(all.decision->f1(), 3)});
    tiles.push_back({"Judged", with_commas(all.normal + all.abnormal),
                     with_commas(all.abnormal) + " abnormal, " + percent(all.prevalence)});
  }
  write_tiles(page.html(), tiles);
  std::vector<std::string> findings;
  for (const DataFinding& finding : r.findings) findings.push_back(finding.message);
  if (!findings.empty()) write_notice(page.html(), Tone::warning, "About the data that were judged", findings);
}

/// Of a curve of many points those that a figure can show: each moves by at least a two-hundredth of the frame.
template <class X, class Y>
std::vector<std::pair<double, double>> visible_points(std::span<const CurvePoint> curve, const X& x, const Y& y) {
  std::vector<std::pair<double, double>> points;
  for (std::size_t i = 0; i < curve.size(); ++i) {
    const std::pair<double, double> point{x(curve[i].confusion), y(curve[i].confusion)};
    const bool moves = points.empty() || std::abs(point.first - points.back().first) >= 0.005 ||
                       std::abs(point.second - points.back().second) >= 0.005;
    if (moves || i + 1 == curve.size()) points.push_back(point);
  }
  return points;
}

std::string words_of(const Confusion& c) {
  return "found " + percent(c.recall()) + ", false alarms " + percent(c.false_positive_rate()) + ", precision " +
         percent(c.precision());
}

/// The decision to which figures point: the model's, else the one at 1 % false alarms.
const ThresholdRow& chosen(const EvaluationReport& r) {
  const auto& rows = r.figures.thresholds;
  return rows.back().has_threshold ? rows[2] : rows.back();
}

void draw_roc(Html& html, const EvaluationReport& r) {
  Plot plot(html, "ROC curve", share_axis("false alarms, share of the normal sequences"),
            share_axis("found, share of the abnormal sequences"), 460, 300);
  auto points = visible_points(
      r.figures.curve, [](const Confusion& c) { return c.false_positive_rate(); },
      [](const Confusion& c) { return c.recall(); });
  points.insert(points.begin(), {0, 0});
  std::vector<std::pair<double, double>> area = points;
  area.emplace_back(1, 0);
  plot.area(area, "band");
  plot.line({{0, 0}, {1, 1}}, "ref", "chance");
  plot.line(points, "line-blue");
  const Confusion& c = chosen(r).confusion;
  plot.point(c.false_positive_rate(), c.recall(), 5.5, "dot-bad", chosen(r).name + ": " + words_of(c));
  plot.note(0.97, 0.06, "AUROC " + fixed(r.sequences.all.auroc, 3), "end", "said strong");
}

void draw_precision_recall(Html& html, const EvaluationReport& r) {
  Plot plot(html, "precision-recall curve", share_axis("found, share of the abnormal sequences"),
            share_axis("precision, share of the alarms that are right"), 460, 300);
  auto points = visible_points(
      r.figures.curve, [](const Confusion& c) { return c.recall(); }, [](const Confusion& c) { return c.precision(); });
  plot.mark_y(r.sequences.all.prevalence, "prevalence " + percent(r.sequences.all.prevalence));
  plot.line(points, "line-blue");
  const Confusion& c = chosen(r).confusion;
  plot.point(c.recall(), c.precision(), 5.5, "dot-bad", chosen(r).name + ": " + words_of(c));
  plot.note(0.97, 0.93, "AP " + fixed(r.sequences.all.average_precision, 3), "end", "said strong");
}

std::string calibration_title(const EvaluationReport& r) {
  const double level = r.target_fpr.value_or(0.01);
  const auto count =
      std::count_if(r.normal_p_values.begin(), r.normal_p_values.end(), [&](double p) { return p <= level; });
  const double share = static_cast<double>(count) / static_cast<double>(r.normal_p_values.size());
  return "P-values promise " + percent(level) + " false alarms, " + percent(share) + " were observed";
}

void write_curves(Page& page, const EvaluationReport& r) {
  page.section("curves", "What the scores tell apart",
               "The dot is " + std::string(chosen(r).has_threshold ? "the threshold at 1 % false alarms."
                                                                   : "the model's own decision."));
  page.figure("roc",
              percent(r.sequences.all.tpr_at_1) + " are found at 1 % false alarms, " +
                  percent(r.sequences.all.tpr_at_5) + " at 5 %",
              "ROC: what share of the abnormal sequences a threshold finds, over the share of the normal ones that it "
              "calls abnormal too. Dashed: chance.",
              [&](Html& html) { draw_roc(html, r); });
  page.figure("precision-recall",
              "Where a third is found, " + percent(point_precision(r, 1.0 / 3)) + " of the alarms are right",
              "Precision over recall, at the prevalence of these data. Dashed: what alarms at random would reach.",
              [&](Html& html) { draw_precision_recall(html, r); });
  page.figure("scores", "Scores of normal and abnormal sequences",
              "Each group as shares of its own, so that a rare group can be seen.", [&](Html& html) {
                draw_scores(html, r.figures.normal, r.figures.abnormal,
                            chosen(r).has_threshold ? std::optional(chosen(r).threshold) : std::nullopt);
              });
  if (!r.normal_p_values.empty())
    page.figure(
        "calibration", calibration_title(r),
        "Normal sequences whose p-value is at most a level. Within the band of 95 % the promise is kept; above it "
        "false alarms are more frequent than the p-values say.",
        [&](Html& html) { draw_p_values(html, r.normal_p_values, "normal sequences"); });
}

void write_views(Page& page, const ViewCounts& views) {
  constexpr std::size_t k_most_kinds = 40;
  const std::size_t kinds = std::min(k_most_kinds, views.kinds.size());
  HeatMap map;
  map.rows.assign(views.kinds.begin(), views.kinds.begin() + static_cast<std::ptrdiff_t>(kinds));
  map.columns = views.views;
  map.slanted = true;
  map.name_width = 140;
  map.cell_height = 26;
  map.cell_width = std::min(90.0, 880 / std::max<double>(1, static_cast<double>(views.views.size())));
  const std::size_t n = views.views.size();
  for (std::size_t i = 0; i < kinds * n; ++i) {
    const double share = static_cast<double>(views.counts[i]) / static_cast<double>(views.sequences[i / n]);
    map.shades.push_back(share);
    map.words.push_back(views.counts[i] > 0 ? percent(share) : "");
    map.tips.push_back(views.kinds[i / n] + ", by " + views.views[i % n] + ": " + with_commas(views.counts[i]) +
                       " of " + with_commas(views.sequences[i / n]));
  }
  page.figure(
      "views", "Which view of the model found what",
      "Sequences of each kind that are called abnormal, by the view that contributed most to it; share of all of "
      "the kind. The row of normal ones are the false alarms." +
          std::string(kinds < views.kinds.size() ? " The first kinds; --json has all." : ""),
      [&](Html& html) {
        html.open("div", {{"class", "scroll"}});
        draw_heat_map(html, "kinds by views", map);
        html.close();
      },
      true);
}

void write_mistakes(Page& page, const EvaluationReport& r) {
  if (r.false_alarms.empty() && r.misses.empty()) return;
  const CardWriter cards({r.false_alarms, r.misses});
  const bool has_truth = std::any_of(r.misses.begin(), r.misses.end(), [](const SequenceCard& card) {
    return std::any_of(card.blocks.begin(), card.blocks.end(), [](const EventBlock& block) { return block.is_wrong; });
  });
  page.section("misses", "The worst misses",
               r.misses.empty() ? "Every abnormal sequence is called abnormal."
                                : "Abnormal sequences that look most normal to the model, the lowest score first.");
  write_card_legend(page.html(), has_truth);
  cards.write(page.html(), "missed-cards", r.misses);
  page.section("alarms", "The worst false alarms",
               r.false_alarms.empty()
                   ? "No normal sequence is called abnormal."
                   : "Sequences without a label that look most abnormal, the highest score first. Some may "
                     "be anomalies that nobody has labelled.");
  cards.write(page.html(), "alarm-cards", r.false_alarms);
}

}  // namespace

Mistakes worst_mistakes(std::span<const JudgedSequence> sequences) {
  Mistakes mistakes;
  for (std::size_t s = 0; s < sequences.size(); ++s) {
    const bool flagged = sequences[s].is_anomaly.value_or(false), is_normal = sequences[s].kind.empty();
    if (flagged == is_normal) (is_normal ? mistakes.false_alarms : mistakes.misses).push_back(s);
  }
  std::stable_sort(mistakes.false_alarms.begin(), mistakes.false_alarms.end(),
                   [&](std::size_t a, std::size_t b) { return sequences[a].score > sequences[b].score; });
  std::stable_sort(mistakes.misses.begin(), mistakes.misses.end(),
                   [&](std::size_t a, std::size_t b) { return sequences[a].score < sequences[b].score; });
  for (auto* list : {&mistakes.false_alarms, &mistakes.misses}) list->resize(std::min(k_most_mistakes, list->size()));
  return mistakes;
}

std::string evaluation_page(const EvaluationReport& r) {
  if (r.figures.curve.empty())
    fail(ErrorCode::invalid_argument, "evaluation_page", "figures", "those of measure_figures()", "none");
  const GroupMetrics& all = r.sequences.all;
  Page page("Evaluation", r.subject,
            with_commas(all.abnormal) + " abnormal sequences against " + with_commas(all.normal) + " normal ones" +
                (r.model.empty() ? "." : ", judged by " + r.model + "."));
  write_headline(page, r);
  write_curves(page, r);
  write_decisions(page, r);
  write_kinds(page, r);
  if (r.views && !r.views->views.empty()) write_views(page, *r.views);
  write_comparisons(page, r);
  write_folds(page, r);
  write_repairs(page, r);
  write_mistakes(page, r);
  return page.finish(
      footer_text("The numbers are those of seqguard evaluate --json; intervals by bootstrap with a fixed seed."));
}

}  // namespace v0
}  // namespace seqguard
