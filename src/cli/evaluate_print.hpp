// Results of `evaluate` for people and for programs.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "seqguard/evaluation/event_metrics.hpp"
#include "seqguard/evaluation/repair_metrics.hpp"
#include "seqguard/evaluation/sequence_metrics.hpp"
#include "seqguard/events/data_finding.hpp"

namespace seqguard::cli {

struct Evaluation {
  SequenceMetrics sequences;
  std::optional<EventMetrics> events;  ///< where the labels name events
  std::vector<RepairMetrics> repairs;  ///< all, then each kind; empty without clean twins
  std::vector<DataFinding> findings;   ///< about the data that were judged
};

/// Tables.
std::string to_text(const Evaluation& evaluation);
/// One JSON object.
std::string to_json(const Evaluation& evaluation);

}  // namespace seqguard::cli
