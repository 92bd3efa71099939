#include "cli/score_json.hpp"

#include <algorithm>
#include <numeric>
#include <vector>

#include "cli/read_input.hpp"
#include "seqguard/sequence_scorer/damage_signs.hpp"
#include "sequence_scorer/event_labels.hpp"

namespace seqguard::cli {
namespace {

/// "NAME": probability of each class.
void write_probabilities(std::span<const std::string> classes, std::span<const double> probabilities,
                         JsonWriter& json) {
  json.key("probabilities").begin_object();
  for (std::size_t c = 0; c < classes.size(); ++c) json.field(classes[c], probabilities[c]);
  json.end_object();
}

/// Of an abnormal sequence: the events that labels of events call more
/// probably abnormal than not, in their order.
void write_labelled_events(const Score& score, std::span<const std::string> classes, JsonWriter& json) {
  const std::span<const double> all = score.event_probabilities;
  json.key("labelled_events").begin_array();
  for (std::size_t i = 0; i * classes.size() < all.size(); ++i) {
    const std::span<const double> event = all.subspan(i * classes.size(), classes.size());
    if (1 - event[0] < k_labelled_event) continue;
    const auto most = std::max_element(event.begin() + 1, event.end()) - event.begin();
    json.begin_object().field("position", i).field("class", classes[static_cast<std::size_t>(most)]);
    json.field("probability", 1 - event[0]).end_object();
  }
  json.end_array();
}

}  // namespace

void write_events(const SequenceScorer& scorer, const EventsView& events, const Score& score, std::size_t count,
                  SequenceScorer::Scratch& scratch, JsonWriter& json) {
  std::vector<std::size_t> all(count > 0 ? score.events.size() : 0);
  std::iota(all.begin(), all.end(), std::size_t{0});
  const auto expected = scorer.expected(events, all, count, scratch);
  json.key("events").begin_array();
  for (std::size_t i = 0; i < score.events.size(); ++i) {
    json.begin_object().field("position", i);
    json.field("score", score.events[i].value).field("p_value", score.events[i].p_value);
    json.key("expected").begin_array();
    if (count > 0)
      for (const Candidate& candidate : expected[i])
        json.begin_array().value(candidate.value).value(candidate.probability).end_array();
    json.end_array();
    const std::span<const std::string> classes = scorer.classes();
    if (!score.event_probabilities.empty())
      write_probabilities(classes, std::span(score.event_probabilities).subspan(i * classes.size(), classes.size()),
                          json);
    json.end_object();
  }
  json.end_array();
}

void write_score(const Dataset& data, std::size_t s, const Score& score, std::span<const std::string> classes,
                 JsonWriter& json) {
  const DataSequence& sequence = data.sequences()[s];
  json.key("key");
  if (sequence.key.empty())
    json.null();
  else
    json.value(sequence.key);
  write_place(data, sequence.line, json);
  json.field("n_events", sequence.count).field("score", score.value);
  json.field("p_value", score.p_value).field("p_conformal", score.p_conformal);
  json.field("is_anomaly", score.is_anomaly).field("worst", score.worst).field("worst_by", to_string(score.worst_by));
  json.field("view", score.view);
  if (!data.profile_key_column().empty())
    json.field("profile_key", sequence.profile_key).field("has_profile", score.has_profile);
  if (classes.empty()) return;
  write_probabilities(classes, score.probabilities, json);
  if (score.is_anomaly && !score.event_probabilities.empty()) write_labelled_events(score, classes, json);
}

void write_signs(const SequenceScorer& scorer, const EventsView& events, SequenceScorer::Scratch& scratch,
                 JsonWriter& json) {
  const Repair repair = scorer.repair(events, scratch, {.judge = false});
  json.key("damage").values(damage_signs(repair, events, scorer.schema()->primary).in_words());
}

}  // namespace seqguard::cli
