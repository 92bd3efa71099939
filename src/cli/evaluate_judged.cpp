#include "cli/evaluate_judged.hpp"

#include <algorithm>

namespace seqguard::cli {

void JudgedSequences::add(const SequenceScorer& scorer, const Dataset& data, std::span<const Score> scores,
                          const Truth& truth, bool with_cards) {
  const std::size_t first = sequences_.size();
  for (std::size_t s = 0; s < scores.size(); ++s) {
    const DataSequence& sequence = data.sequences()[s];
    Sequence& kept = sequences_.emplace_back();
    kept.id = {std::string(sequence.key), data.files().empty() ? sequence.line : 0};  // lines of several files
    kept.score = scores[s].value;
    kept.p_value = scores[s].p_value;
    kept.is_anomaly = scores[s].is_anomaly;
    kept.kind = truth.kinds[s];
    kept.view = scores[s].view;
  }
  if (!with_cards) return;
  const Mistakes mistakes = worst_mistakes(judged(first));
  CardMaker maker(scorer, data);
  for (const bool missed : {false, true})
    for (const std::size_t s : missed ? mistakes.misses : mistakes.false_alarms) {
      const DataSequence& sequence = data.sequences()[s];
      const std::span<const std::uint8_t> events(truth.events);
      SequenceCard card = maker.make(s, events.empty() ? events : events.subspan(sequence.first, sequence.count));
      if (missed) card.facts += "; labelled " + truth.kinds[s];
      (missed ? misses_ : false_alarms_).emplace_back(scores[s].value, std::move(card));
    }
}

void JudgedSequences::add(const ScoredLine& line) {
  Sequence& kept = sequences_.emplace_back();
  kept.id = {line.key, line.line};
  kept.score = line.score;
  kept.is_anomaly = line.is_anomaly;
  kept.kind = line.kind;
}

std::vector<JudgedSequence> JudgedSequences::judged(std::size_t first) const {
  std::vector<JudgedSequence> result;
  for (std::size_t s = first; s < sequences_.size(); ++s)
    result.push_back({sequences_[s].score, sequences_[s].is_anomaly, sequences_[s].kind});
  return result;
}

SequenceMetrics JudgedSequences::measure_new() {
  return measure_sequences(judged(std::exchange(measured_, sequences_.size())));
}

void JudgedSequences::compare(EvaluationReport& report, std::span<const std::string> others, std::uint64_t seed) const {
  std::vector<SequenceId> ids;
  for (const Sequence& sequence : sequences_) ids.push_back(sequence.id);
  // Keys, and lines, count only if all have one.
  if (std::any_of(ids.begin(), ids.end(), [](const SequenceId& id) { return id.key.empty(); }))
    for (SequenceId& id : ids) id.key.clear();
  if (std::any_of(ids.begin(), ids.end(), [](const SequenceId& id) { return id.line == 0; }))
    for (SequenceId& id : ids) id.line = 0;
  for (const std::string& path : others) {
    const std::vector<double> scores = read_other_scores(path, ids);
    std::vector<double> normal, abnormal;
    for (std::size_t s = 0; s < scores.size(); ++s)
      (sequences_[s].kind.empty() ? normal : abnormal).push_back(scores[s]);
    const PairedScores pairs{report.figures.normal, report.figures.abnormal, normal, abnormal};
    report.comparisons.push_back(
        {path, compare_auroc(pairs), compare_average_precision(pairs, {bootstrap_resamples(ids.size()), seed})});
  }
}

void JudgedSequences::report(EvaluationReport& report, bool detailed, std::uint64_t seed,
                             std::span<const std::string> others) const {
  const std::vector<JudgedSequence> all = judged(0);
  report.sequences = measure_sequences(all);
  if (!detailed) return;
  report.figures = measure_figures(all, seed);
  std::vector<ViewVerdict> verdicts;
  for (const Sequence& sequence : sequences_) {
    if (sequence.view.empty()) continue;  // of a file of scores
    if (sequence.kind.empty()) report.normal_p_values.push_back(sequence.p_value);
    verdicts.push_back({sequence.kind, sequence.view, sequence.is_anomaly.value_or(false)});
  }
  if (!verdicts.empty()) report.views = count_views(verdicts);
  const auto take = [](auto cards, bool highest) {
    std::stable_sort(cards.begin(), cards.end(),
                     [&](const auto& a, const auto& b) { return highest ? a.first > b.first : a.first < b.first; });
    constexpr std::size_t k_most = 10;
    std::vector<SequenceCard> result;
    for (std::size_t i = 0; i < std::min(k_most, cards.size()); ++i) result.push_back(std::move(cards[i].second));
    return result;
  };
  report.false_alarms = take(false_alarms_, true);
  report.misses = take(misses_, false);
  compare(report, others, seed);
}

}  // namespace seqguard::cli
