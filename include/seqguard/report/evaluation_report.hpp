// The evaluation page: how well scores tell abnormal sequences from normal ones, how sure that is, and where they fail.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "seqguard/evaluation/evaluation_figures.hpp"
#include "seqguard/evaluation/event_metrics.hpp"
#include "seqguard/evaluation/repair_metrics.hpp"
#include "seqguard/evaluation/sequence_metrics.hpp"
#include "seqguard/events/data_finding.hpp"
#include "seqguard/report/sequence_card.hpp"

namespace seqguard {
inline namespace v0 {

/// Another system's scores of the same sequences beside ours.
struct Comparison {
  std::string name;
  Difference auroc;              ///< ours, theirs: DeLong's test
  Difference average_precision;  ///< paired bootstrap
};

/// One fold of a cross-validation.
struct FoldFigures {
  std::size_t learned = 0;  ///< normal sequences that its model was fitted on
  GroupMetrics metrics;     ///< of the sequences that it has not seen
};

struct EvaluationReport {
  std::string subject, model;        ///< what was judged, and by what; model: may be empty
  std::optional<double> target_fpr;  ///< of the model
  SequenceMetrics sequences;
  EvaluationFigures figures;                       ///< empty unless asked for
  std::optional<EventMetrics> events;              ///< where the labels name events
  std::optional<EventMetrics> labelled_events;     ///< the same by what the model has learned from labels of events
  std::vector<RepairMetrics> repairs;              ///< all, then each kind; empty without clean twins
  std::vector<DataFinding> findings;               ///< about the data that were judged
  std::vector<double> normal_p_values;             ///< empty where only scores are known
  std::optional<ViewCounts> views;                 ///< likewise
  std::vector<SequenceCard> false_alarms, misses;  ///< the worst of either kind first
  std::vector<Comparison> comparisons;
  std::vector<FoldFigures> folds;
};

/// The worst mistakes among some sequences, at most ten of either kind: normal ones that are called abnormal, the
/// highest score first; abnormal ones that are not, the lowest first.
struct Mistakes {
  std::vector<std::size_t> false_alarms, misses;
};
Mistakes worst_mistakes(std::span<const JudgedSequence> sequences);

/// A whole HTML file. @throws Error invalid_argument: figures were not measured.
std::string evaluation_page(const EvaluationReport& report);

}  // namespace v0
}  // namespace seqguard
