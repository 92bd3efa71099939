#include "cli/explain_output.hpp"

#include <algorithm>
#include <string_view>

#include "cli/console.hpp"
#include "cli/read_input.hpp"
#include "cli/sequence_view.hpp"
#include "events/sequence_name.hpp"

namespace seqguard::cli {
namespace {

void write_candidates(const std::vector<Candidate>& candidates, JsonWriter& json) {
  json.key("expected").begin_array();
  for (const Candidate& candidate : candidates)
    json.begin_array().value(candidate.value).value(candidate.probability).end_array();
  json.end_array();
}

void write_event(const SuspiciousEvent& event, JsonWriter& json) {
  constexpr std::size_t k_attributions = 20;  // the largest; the library gives all
  json.begin_object().field("position", event.position).field("p_value", event.p_value);
  json.field("p_next", event.p_next).field("p_masked", event.p_masked).field("words", event.words);
  if (!event.label.empty()) json.field("label", event.label).field("label_probability", event.label_probability);
  json.key("columns").begin_array();
  for (const ColumnReason& column : event.columns) {
    json.begin_object().field("column", column.column).field("value", column.value);
    json.field("probability", column.probability).field("surprise", column.surprise).field("typical", column.typical);
    write_candidates(column.expected, json);
    json.end_object();
  }
  json.end_array();
  if (!event.attributions.empty()) {
    json.field("surprise", event.surprise).field("baseline_surprise", event.baseline_surprise);
    json.field("complete", event.complete).key("attributions").begin_array();
    for (std::size_t i = 0; i < std::min(k_attributions, event.attributions.size()); ++i) {
      const EventAttribution& a = event.attributions[i];
      json.begin_object().field("position", a.event).field("column", a.column).field("value", a.value).end_object();
    }
    json.end_array();
  }
  json.end_object();
}

void write_stretch(std::string_view name, const std::optional<Stretch>& stretch, bool with_score, JsonWriter& json) {
  if (!stretch) return;
  json.key(name).begin_object().field("first", stretch->first).field("count", stretch->count);
  if (with_score) json.field("score_without", stretch->score_without).field("p_without", stretch->p_without);
  json.field("words", stretch->words).end_object();
}

void write_nearest(const NearestNormal& nearest, const Dataset& normals, JsonWriter& json) {
  const DataSequence& sequence = normals.sequences()[nearest.index];
  json.key("nearest").begin_object().field("key", sequence.key);
  write_place(normals, sequence.line, json);
  json.field("distance", nearest.distance).key("alignment").begin_array();
  for (const AlignedEvent& pair : nearest.alignment) {
    json.begin_array();
    for (const auto& [place, value] : {std::pair(pair.own, pair.own_value), std::pair(pair.normal, pair.normal_value)})
      if (place == k_no_event)
        json.null();
      else
        json.value(value);
    json.end_array();
  }
  json.end_array().end_object();
}

}  // namespace

void write_explanation(const Explanation& explanation, const Dataset* normals, JsonWriter& json) {
  json.key("explanation").begin_object().key("sentences").values(explanation.sentences());
  json.key("views").begin_array();
  for (const ViewReason& view : explanation.views)
    json.begin_object()
        .field("view", view.view)
        .field("share", view.share)
        .field("value", view.value)
        .field("p_value", view.p_value)
        .field("words", view.words)
        .end_object();
  json.end_array().key("ranking").values(explanation.ranking).key("events").begin_array();
  for (const SuspiciousEvent& event : explanation.events) write_event(event, json);
  json.end_array();
  write_stretch("stretch", explanation.stretch, true, json);
  write_stretch("even_pace", explanation.even_pace, false, json);
  if (explanation.label) {
    constexpr std::size_t k_events = 10;
    const LabelReason& label = *explanation.label;
    json.key("label").begin_object().field("name", label.name).field("probability", label.probability);
    json.key("events").begin_array();
    for (std::size_t i = 0; i < std::min(k_events, label.events.size()); ++i)
      json.begin_array().value(label.events[i].first).value(label.events[i].second).end_array();
    json.end_array().end_object();
  }
  json.key("removals").begin_array();
  for (const Removal& removal : explanation.removals)
    json.begin_object()
        .field("position", removal.position)
        .field("score", removal.score)
        .field("p_value", removal.p_value)
        .end_object();
  json.end_array().key("edits").begin_array();
  for (const Edit& edit : explanation.edits)
    json.begin_object()
        .field("position", edit.position)
        .field("count", edit.count)
        .field("operation", to_string(edit.operation))
        .field("before", edit.before)
        .field("after", edit.after)
        .field("probability", edit.probability)
        .field("only_reported", edit.only_reported)
        .end_object();
  json.end_array();
  if (!explanation.edits.empty())
    json.field("score_repaired", explanation.score_repaired).field("p_repaired", explanation.p_repaired);
  if (explanation.nearest && normals != nullptr) write_nearest(*explanation.nearest, *normals, json);
  json.end_object();
}

void show_explained(const SequenceScorer& scorer, const Dataset& data, const std::vector<std::size_t>& sequences,
                    const ExplainOptions& options, const Dataset* normals, const std::string& of) {
  auto scratch = scorer.make_scratch(0);
  const Paint paint = Paint::of_stderr();
  say(false, "the " + (sequences.size() == 1 ? "" : std::to_string(sequences.size()) + " ") + "most abnormal of " + of +
                 ", " + paint.legend() + ":");
  for (const std::size_t s : sequences) {
    const EventsView events = data.view(s);
    const Explanation explanation = scorer.explain(events, scratch, options);
    say(false, "\n" + paint.bold(printable(sequence_name(data, s))) + ": score " + fixed(explanation.score.value, 1) +
                   ", p " + (explanation.score.p_value < 0.001 ? "below 0.001" : fixed(explanation.score.p_value, 3)) +
                   (explanation.score.is_anomaly ? ", abnormal" : ", normal"));
    for (const std::string& line : sequence_lines(events.columns[data.primary()], explanation, paint))
      say(false, "    " + line);
    for (const std::string& sentence : explanation.sentences()) say(false, "  - " + printable(sentence));
    if (explanation.nearest && normals != nullptr)
      say(false, "  - nearest normal, " + printable(sequence_name(*normals, explanation.nearest->index)) + ", " +
                     counted(explanation.nearest->distance, "edit") +
                     " away: " + alignment_text(*explanation.nearest, paint));
  }
}

}  // namespace seqguard::cli
