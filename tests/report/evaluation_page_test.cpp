// The evaluation page: complete from very little, and nothing of the data is more than text.
#include <doctest/doctest.h>

#include "report/evaluation_tables.hpp"
#include "seqguard/core/error.hpp"
#include "seqguard/report/evaluation_report.hpp"

using namespace seqguard;

namespace {

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

std::vector<JudgedSequence> some_judged(std::string_view kind) {
  std::vector<JudgedSequence> judged;
  for (int i = 0; i < 40; ++i) judged.push_back({static_cast<double>(i % 20), i % 20 > 17, ""});
  for (int i = 0; i < 10; ++i) judged.push_back({static_cast<double>(2 * i + 5), i > 5, i % 2 == 0 ? kind : "b"});
  return judged;
}

}  // namespace

TEST_CASE("evaluation page: all its parts, and kinds that look like a page") {
  const std::string evil = "</td><script>alert(1)</script>";
  const auto judged = some_judged(evil);
  EvaluationReport report;
  report.subject = "<b>.csv";
  report.sequences = measure_sequences(judged);
  report.figures = measure_figures(judged);
  report.normal_p_values = {0.1, 0.5, 0.9, 0.01};
  report.views = count_views(std::vector<ViewVerdict>{{evil, "next", true}, {"", "next", false}});
  report.folds = {{10, report.sequences.all}, {11, report.sequences.all}};
  report.comparisons.push_back({evil, {0.8, 0.7, {0, 0.2}, 0.04}, {0.8, 0.7, {0, 0.2}, 0.2}});
  report.repairs.resize(2);
  report.misses.push_back({evil, "facts", {{evil, true, true, 0, evil}, {"", false, false, 12, ""}}, {evil}});
  const std::string page = evaluation_page(report);
  for (const char* figure : {"roc", "precision-recall", "scores", "calibration", "thresholds", "confusion",
                             "kinds-table", "views", "comparison-table", "fold-table", "repairs-table"})
    CHECK(has(page, "<figure id=\"" + std::string(figure) + "\""));
  CHECK(!has(page, "<script"));
  CHECK(!has(page, "<b>.csv"));
  CHECK(has(page, "&lt;script&gt;alert(1)"));
  CHECK(has(page, "wrong by the labels"));
  CHECK(!has(page, "nan"));
}

TEST_CASE("evaluation page: scores alone have one, without the parts that need a model") {
  auto judged = some_judged("a");
  for (JudgedSequence& sequence : judged) sequence.is_anomaly.reset();
  EvaluationReport report;
  report.subject = "scores.jsonl";
  report.sequences = measure_sequences(judged);
  CHECK_THROWS_AS(evaluation_page(report), Error);
  report.figures = measure_figures(judged);
  const std::string page = evaluation_page(report);
  CHECK(has(page, "<figure id=\"roc\""));
  CHECK(has(page, "At 1 % false alarms"));
  CHECK(!has(page, "<figure id=\"calibration\""));
  CHECK(!has(page, "<figure id=\"views\""));
}

TEST_CASE("worst mistakes: the highest false alarms and the lowest misses") {
  const std::vector<JudgedSequence> judged = {{5, true, ""},   {9, true, ""},   {7, true, "a"},
                                              {3, false, "a"}, {1, false, "b"}, {0, false, ""}};
  const Mistakes mistakes = worst_mistakes(judged);
  CHECK(mistakes.false_alarms == std::vector<std::size_t>{1, 0});
  CHECK(mistakes.misses == std::vector<std::size_t>{4, 3});
}

TEST_CASE("folds: mean and standard deviation") {
  std::vector<FoldFigures> folds(3);
  folds[0].metrics.auroc = 0.7;
  folds[1].metrics.auroc = 0.8;
  folds[2].metrics.auroc = 0.9;
  const Spread spread = spread_of(folds, &GroupMetrics::auroc);
  CHECK(spread.mean == doctest::Approx(0.8));
  CHECK(spread.deviation == doctest::Approx(0.1));
}
