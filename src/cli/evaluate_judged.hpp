// The sequences that `evaluate` has judged, whatever they came from, and what the report makes of them.
#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "seqguard/evaluation/other_scores.hpp"
#include "seqguard/evaluation/scores_file.hpp"
#include "seqguard/evaluation/truth.hpp"
#include "seqguard/report/evaluation_report.hpp"

namespace seqguard::cli {

class JudgedSequences {
 public:
  /// `with_cards`: the worst mistakes among them are drawn.
  void add(const SequenceScorer& scorer, const Dataset& data, std::span<const Score> scores, const Truth& truth,
           bool with_cards);
  void add(const ScoredLine& line);

  /// Figures of what was added since the last call.
  SequenceMetrics measure_new();
  /// Fills in metrics, and if `detailed` all that the page and --json show; compares with the files of `others`.
  void report(EvaluationReport& report, bool detailed, std::uint64_t seed, std::span<const std::string> others) const;

 private:
  struct Sequence {
    SequenceId id;
    double score = 0, p_value = 1;
    std::optional<bool> is_anomaly;
    std::string kind, view;
  };
  std::vector<JudgedSequence> judged(std::size_t first) const;
  void compare(EvaluationReport& report, std::span<const std::string> others, std::uint64_t seed) const;

  std::vector<Sequence> sequences_;
  std::vector<std::pair<double, SequenceCard>> false_alarms_, misses_;
  std::size_t measured_ = 0;
};

}  // namespace seqguard::cli
