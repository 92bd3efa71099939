#include "cli/show_worst.hpp"

#include <algorithm>
#include <string>

#include "cli/console.hpp"
#include "cli/read_input.hpp"
#include "events/sequence_name.hpp"
#include "seqguard/sequence_scorer/damage_signs.hpp"

namespace seqguard::cli {
namespace {

/// "a  b  [c]  d  e": the worst event in brackets, two neighbours on each side.
std::string neighbourhood(const ColumnView& values, std::size_t worst) {
  constexpr std::size_t k_reach = 2;
  const std::size_t first = worst > k_reach ? worst - k_reach : 0, end = std::min(values.size(), worst + k_reach + 1);
  std::string text = first > 0 ? ".." : "";
  for (std::size_t i = first; i < end; ++i) {
    const std::string value(values.text(i));
    text += (text.empty() ? "" : "  ") + (i == worst ? "[" + value + "]" : value);
  }
  return text + (end < values.size() ? "  .." : "");
}

std::string alternatives(const std::vector<Candidate>& candidates) {
  std::string text;
  for (const Candidate& candidate : candidates)
    text += (text.empty() ? "" : ", ") + candidate.value + " (" + fixed(100 * candidate.probability, 0) + " %)";
  return text;
}

/// "; damaged: 3 repeated events, ..", or nothing.
std::string damage_text(const SequenceScorer& scorer, const EventsView& events, SequenceScorer::Scratch& scratch,
                        std::size_t primary) {
  if (!scorer.can_repair()) return "";
  const Repair repair = scorer.repair(events, scratch, {.judge = false});
  std::string text;
  for (const std::string& sign : damage_signs(repair, events, primary).in_words())
    text += (text.empty() ? "; damaged: " : ", ") + sign;
  return text;
}

}  // namespace

void show_worst(const SequenceScorer& scorer, const Dataset& data, const std::vector<std::size_t>& sequences,
                const std::string& of) {
  auto scratch = scorer.make_scratch(0);
  Score score;
  say(false, "the " + (sequences.size() == 1 ? "" : std::to_string(sequences.size()) + " ") + "most abnormal of " + of +
                 ", the event that gives each away in brackets:");
  for (const std::size_t s : sequences) {
    const EventsView events = data.view(s);
    const ColumnView values = events.columns[data.primary()];
    scorer.score(events, score, scratch, {.masked_if_anomalous = true});
    say(false, "  " + sequence_name(data, s) + ": score " + fixed(score.value, 1) + ", p " +
                   p_value_text(score.p_value) + ", mostly by \"" + score.view + "\"" +
                   damage_text(scorer, events, scratch, data.primary()));
    say(false, "    event " + std::to_string(score.worst) + " of " + std::to_string(events.n) + ", row " +
                   row_name(data, data.row(data.sequences()[s].first + score.worst)) + ":  " +
                   neighbourhood(values, score.worst));
    say(false, score.worst_by == SurpriseKind::labels
                   ? "    wrong by what labels of events have taught (--explain says more)"
                   : "    expected there: " + alternatives(scorer.expected(events, score.worst, 3, scratch)));
  }
}

}  // namespace seqguard::cli
