// Why a sequence was judged as it was: what SequenceScorer::explain() gives.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "seqguard/events/encoded_data.hpp"
#include "seqguard/sequence_scorer/sequence_scorer.hpp"

namespace seqguard {
inline namespace v0 {

/// What is asked for. Each part costs what its comment says, for a sequence of L events.
struct ExplainOptions {
  std::size_t max_events = 5;   ///< suspicious events described
  double max_p_value = 0.05;    ///< of a suspicious event; the most suspicious one is always described
  std::size_t candidates = 3;   ///< expected values of each column
  bool attributions = true;     ///< integrated gradients: some 30 encoder passes for each event described
  double tolerance = 0.01;      ///< of their completeness
  std::size_t max_removed = 5;  ///< events of which it is said what is left of the score without them: about L
                                ///< judgements each, of the min(L, 64) most suspicious ones
  bool stretches = true;        ///< judges the sequence without each of its stretches, about 5 L judgements
  bool counterfactual = true;   ///< SequenceScorer::repair()
  bool attention = false;       ///< attention roll-out
  /// Normal sequences of the same schema, among which the nearest one is looked for. Borrowed; null: none.
  const EncodedData* normals = nullptr;
};

/// One view of the recipe.
struct ViewReason {
  std::string view;
  double share = 0;    ///< of what lifts the score above that of an unremarkable sequence; all views sum to 1
  double value = 0;    ///< what the view says of the sequence
  double p_value = 1;  ///< of that among the normals that calibrated the view
  std::string words;   ///< a sentence with the numbers of the sequence and of the normals
};

/// A column of a suspicious event that the network predicts.
struct ColumnReason {
  std::string column;
  std::string value;       ///< as given; of the time column the gap to the event before
  double surprise = 0;     ///< nats, the event hidden and all others visible
  double probability = 0;  ///< of the value, exp(-surprise)
  double typical = 0;      ///< median surprise that normal sequences have in this column on average, of the past alone
  std::vector<Candidate> expected;  ///< the most probable values instead; gaps as "6 min to 8.1 min"
};

/// What a column of an event contributes.
struct EventAttribution {
  std::size_t event = 0;  ///< position
  std::string column;
  double value = 0;  ///< nats: positive makes the explained event more surprising
};

struct SuspiciousEvent {
  std::size_t position = 0;
  double p_value = 1;                 ///< the smaller one of both surprises
  double p_next = 1, p_masked = 1;    ///< EventScore::p_value by the past, by both sides
  double label_probability = 0;       ///< of being abnormal, by labels of events (Score::event_probabilities)
  std::string label;                  ///< its most probable class apart from the normal one; "" without such labels
  std::vector<ColumnReason> columns;  ///< the oddest first: by surprise above the typical one
  /// Integrated gradients of the surprise of this event, hidden, with respect to the other events of its window; the
  /// baseline hides them all. They sum to surprise - baseline_surprise within ExplainOptions::tolerance where
  /// `complete`. The largest in size first.
  std::vector<EventAttribution> attributions;
  double surprise = 0, baseline_surprise = 0;  ///< nats, with all other events and with none
  bool complete = false;
  std::string words;
};

/// Some of the events in a row.
struct Stretch {
  std::size_t first = 0, count = 0;
  double score_without = 0;  ///< Score::value of the sequence without them
  double p_without = 1;
  std::string words;
};

/// One event less.
struct Removal {
  std::size_t position = 0;
  double score = 0, p_value = 1;  ///< of the sequence without this event and those of the removals before
};

/// What single events mean for what was learned from labels (fine_tune()).
struct LabelReason {
  std::string name;        ///< the most probable class apart from the normal one
  double probability = 0;  ///< of it
  /// Position, and by how much the view of the labels (log odds of an anomaly) is lower without this event: what speaks
  /// for an anomaly first. The counts that the labels' networks read are no gradient's business: events are left out.
  std::vector<std::pair<std::size_t, double>> events;
};

/// How an event of the sequence corresponds to one of a normal sequence; k_no_event: to none.
inline constexpr std::size_t k_no_event = static_cast<std::size_t>(-1);
struct AlignedEvent {
  std::size_t own = k_no_event, normal = k_no_event;
  std::string own_value, normal_value;
  bool differs() const { return own_value != normal_value; }
};
struct NearestNormal {
  std::size_t index = 0;                ///< in ExplainOptions::normals
  std::size_t distance = 0;             ///< fewest replaced, removed and inserted events between them
  std::vector<AlignedEvent> alignment;  ///< empty where the product of both lengths exceeds 16 million
};

struct Explanation {
  Score score;
  std::vector<ViewReason> views;  ///< the largest share first
  /// All events, the most suspicious first: before all others those that labels of events call more probably abnormal
  /// than not.
  std::vector<std::size_t> ranking;
  std::vector<SuspiciousEvent> events;  ///< the first of them
  std::optional<Stretch> stretch;       ///< without which the score falls most for each event that it has
  std::optional<Stretch> even_pace;     ///< events in time with each other, more than those of people are
  std::optional<LabelReason> label;     ///< of a model with labels, with ExplainOptions::stretches
  std::vector<Removal> removals;        ///< each lowers the score most; ends where nothing lowers it
  std::vector<Edit> edits;              ///< the counterfactual: the smallest edit that a repair found; may be none
  double score_repaired = 0, p_repaired = 1;
  std::optional<NearestNormal> nearest;
  std::vector<double> attention;    ///< [P, P] of the most suspicious event's window, marks included
  std::size_t attention_begin = 0;  ///< position of its first row; 0 is the beginning mark

  /// Sentences for people, the most telling first.
  std::vector<std::string> sentences() const;
};

}  // namespace v0
}  // namespace seqguard
