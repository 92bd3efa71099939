// The tables of the evaluation page.
#pragma once

#include "report/page.hpp"
#include "seqguard/report/evaluation_report.hpp"

namespace seqguard {
inline namespace v0 {

/// Precision of the first threshold that finds at least `recall` of the abnormal sequences.
double point_precision(const EvaluationReport& report, double recall);

/// Thresholds, and the counts of the decision.
void write_decisions(Page& page, const EvaluationReport& report);
void write_kinds(Page& page, const EvaluationReport& report);
void write_comparisons(Page& page, const EvaluationReport& report);
void write_folds(Page& page, const EvaluationReport& report);
void write_repairs(Page& page, const EvaluationReport& report);

/// "0.012", or "-" where it cannot be told.
std::string p_value_text(const Difference& difference);

/// Mean and standard deviation (n - 1) of a figure over folds; 0 for fewer than two.
struct Spread {
  double mean = 0, deviation = 0;
};
Spread spread_of(const std::vector<FoldFigures>& folds, double GroupMetrics::*figure);

}  // namespace v0
}  // namespace seqguard
