#include "seqguard/evaluation/sequence_metrics.hpp"

#include <map>

#include "seqguard/core/error.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

/// The abnormal sequences of one kind.
struct Group {
  std::vector<double> scores;
  std::size_t flagged = 0;
};

GroupMetrics measure(std::string_view kind, const Group& normal, const Group& abnormal, bool decided) {
  GroupMetrics m;
  m.kind = kind;
  m.normal = normal.scores.size();
  m.abnormal = abnormal.scores.size();
  m.prevalence = static_cast<double>(m.abnormal) / static_cast<double>(m.normal + m.abnormal);
  m.auroc = auroc(normal.scores, abnormal.scores);
  m.average_precision = average_precision(normal.scores, abnormal.scores);
  m.tpr_at_1 = tpr_at_fpr(normal.scores, abnormal.scores, 0.01);
  m.tpr_at_5 = tpr_at_fpr(normal.scores, abnormal.scores, 0.05);
  if (decided)
    m.decision = Confusion{.true_positives = static_cast<double>(abnormal.flagged),
                           .false_positives = static_cast<double>(normal.flagged),
                           .false_negatives = static_cast<double>(m.abnormal - abnormal.flagged),
                           .true_negatives = static_cast<double>(m.normal - normal.flagged)};
  return m;
}

}  // namespace

SequenceMetrics measure_sequences(std::span<const JudgedSequence> sequences) {
  Group normal, abnormal;
  std::map<std::string_view, Group> kinds;
  bool decided = true;
  for (const JudgedSequence& sequence : sequences) {
    const bool flagged = sequence.is_anomaly.value_or(false);
    decided = decided && sequence.is_anomaly.has_value();
    const auto add = [&](Group& group) {
      group.scores.push_back(sequence.score);
      group.flagged += flagged ? 1 : 0;
    };
    add(sequence.kind.empty() ? normal : abnormal);
    if (!sequence.kind.empty()) add(kinds[sequence.kind]);
  }
  if (normal.scores.empty() || abnormal.scores.empty())
    fail(ErrorCode::invalid_argument, "evaluation", "one group is empty", "normal and abnormal sequences",
         std::to_string(normal.scores.size()) + " normal, " + std::to_string(abnormal.scores.size()) + " abnormal");
  SequenceMetrics result{measure("all", normal, abnormal, decided), {}};
  if (kinds.size() > 1)
    for (const auto& [kind, group] : kinds) result.kinds.push_back(measure(kind, normal, group, decided));
  return result;
}

}  // namespace v0
}  // namespace seqguard
