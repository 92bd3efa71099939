// The exploration page: what is in a data set, and, with a model, how its sequences are judged.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "seqguard/core/executor.hpp"
#include "seqguard/core/progress.hpp"
#include "seqguard/evaluation/exploration.hpp"
#include "seqguard/evaluation/sequence_map.hpp"
#include "seqguard/report/sequence_card.hpp"

namespace seqguard {
inline namespace v0 {

/// How a model judges a data set.
struct JudgedData {
  std::string model;                     ///< its name for people
  double target_fpr = 0;                 ///< share of normal sequences that may be called abnormal
  double threshold = 0;                  ///< score from which on a sequence is called abnormal
  std::vector<double> scores, p_values;  ///< per sequence
  std::vector<std::uint8_t> is_anomaly;  ///< per sequence
  std::size_t abnormal = 0;              ///< sequences that are judged so
  std::optional<SequenceMap> map;
  std::vector<SequenceCard> worst;  ///< the most abnormal first
};

struct JudgeDataOptions {
  std::size_t worst = 12;  ///< sequences of which cards are made
  bool with_map = true;
};
/// Progress: phase "score". @throws Error as judge_dataset().
JudgedData judge_data(const SequenceScorer& scorer, const Dataset& data, std::string model,
                      const JudgeDataOptions& options, Executor& executor = inline_executor(),
                      ProgressSink progress = {});

/// Cards of these sequences, in their order.
std::vector<SequenceCard> make_cards(const SequenceScorer& scorer, const Dataset& data,
                                     const std::vector<std::size_t>& sequences);

/// A whole HTML file: inline CSS and SVG, nothing loaded, nothing executed, every text of the data escaped.
std::string exploration_page(const Exploration& exploration, const JudgedData* judged = nullptr);

/// The most abnormal sequences alone, in the same look. `file`: what was judged; `events`: of all its sequences.
std::string worst_page(const JudgedData& judged, const std::string& file, std::size_t events);

}  // namespace v0
}  // namespace seqguard
