#include "cli/repair_report.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "cli/console.hpp"
#include "cli/read_input.hpp"
#include "events/sequence_name.hpp"

namespace seqguard::cli {
namespace {

/// A field that is null where it says nothing.
template <class T>
void write_if(JsonWriter& json, const char* name, bool exists, const T& value) {
  json.key(name);
  if (exists)
    json.value(value);
  else
    json.null();
}

/// An inserted event stands before the row of its position; one at the end, behind the last.
std::size_t nearest_event(const DataSequence& sequence, const Edit& edit) {
  return sequence.first + std::min(edit.position, sequence.count - 1);
}

std::string_view value_at(const Dataset& data, std::size_t sequence, std::size_t i) {
  return data.view(sequence).columns[data.primary()].text(i);
}

void write_columns(const Dataset& data, const Edit& edit, bool is_made_up, JsonWriter& json) {
  json.key(is_made_up ? "made_up" : "followed").begin_object();
  if (is_made_up != has_before(edit.operation))
    for (const FollowingColumn& following : edit.followed)
      json.field(data.columns()[following.column].name, following.after);
  json.end_object();
}

void write_edit(const Dataset& data, std::size_t s, const Repair& repair, const Edit& edit, JsonWriter& json) {
  const DataSequence& sequence = data.sequences()[s];
  const bool sets_time = edit.operation == EditOperation::set_time, inserts = !has_before(edit.operation);
  json.begin_object();
  write_if(json, "key", !sequence.key.empty(), sequence.key);
  write_place(data, data.row(nearest_event(sequence, edit)), json);
  json.field("position", edit.position);
  json.field("count", edit.count).field("operation", to_string(edit.operation));
  write_if(json, "before", !inserts, edit.before);
  write_if(json, "after", has_after(edit.operation), edit.after);
  if (edit.count > 1) {
    json.key("values").begin_array();
    for (std::size_t i = 0; i < edit.count; ++i) json.value(value_at(data, s, edit.position + i));
    json.end_array();
  }
  write_if(json, "probability", !sets_time, edit.probability);
  write_if(json, "gain", !sets_time, edit.gain);
  const std::int64_t before =
      sets_time && !data.view(s).time_ms.empty() ? data.view(s).time_ms[edit.position] : k_no_time;
  const std::int64_t time = before != k_no_time ? before + edit.shift_ms : inserts ? edit.time_ms : k_no_time;
  write_if(json, "time", time != k_no_time, time);
  write_if(json, "shift_ms", sets_time, edit.shift_ms);
  write_if(json, "estimate", sets_time, repair.times_are_estimates);
  write_columns(data, edit, false, json);
  write_columns(data, edit, true, json);
  const bool is_edited = repair.result == RepairResult::edited;
  write_if(json, "score_before", is_edited, repair.score_before);
  write_if(json, "score_after", is_edited, repair.score_after);
  json.field("result", to_string(repair.result)).field("made", !edit.only_reported).end_object().end_line();
}

void write_suspect(const Dataset& data, std::size_t s, const Repair& repair, const Suspect& suspect, JsonWriter& json) {
  const DataSequence& sequence = data.sequences()[s];
  json.begin_object();
  write_if(json, "key", !sequence.key.empty(), sequence.key);
  write_place(data, data.row(sequence.first + suspect.position), json);
  json.field("position", suspect.position);
  json.field("count", std::size_t{1}).field("operation", "suspect").field("before", suspect.value);
  json.field("p_value", suspect.p_value).key("expected").begin_array();
  for (const Candidate& candidate : suspect.expected)
    json.begin_object().field("value", candidate.value).field("probability", candidate.probability).end_object();
  json.end_array().field("result", to_string(repair.result)).field("made", false).end_object().end_line();
}

/// "2 s earlier", "3:04 min later".
std::string shift_text(std::int64_t ms) {
  return duration(std::abs(static_cast<double>(ms)) / 1000) + (ms < 0 ? " earlier" : " later");
}

/// The events of a stretch: all, or the first and the number of the others.
std::string stretch_text(const Dataset& data, std::size_t s, const Edit& edit) {
  constexpr std::size_t k_shown = 4;
  std::string text;
  for (std::size_t i = 0; i < std::min(edit.count, k_shown); ++i)
    text += (i > 0 ? "  " : "") + std::string(value_at(data, s, edit.position + i));
  return edit.count > k_shown ? text + "  and " + with_commas(edit.count - k_shown) + " more" : text;
}

std::string bracketed(const Dataset& data, std::size_t s, const Edit& edit) {
  switch (edit.operation) {
    case EditOperation::replace:
      return "[" + edit.before + " -> " + edit.after + "]";
    case EditOperation::remove:
      return "[- " + stretch_text(data, s, edit) + "]";
    case EditOperation::insert:
      return "[+ " + edit.after + "]";
    case EditOperation::set_time:
      return "[" + stretch_text(data, s, edit) + ": " + shift_text(edit.shift_ms) + "]";
  }
  return {};
}

/// What is done, and what speaks for it.
std::string what_text(const Dataset& data, const Edit& edit) {
  const bool sets_time = edit.operation == EditOperation::set_time;
  std::string text = sets_time ? "set the time of " : std::string(to_string(edit.operation)) + " ";
  text += edit.count > 1 ? counted(edit.count, "event")
                         : "\"" + (has_before(edit.operation) ? edit.before : edit.after) + "\"";
  if (edit.operation == EditOperation::replace) text += " by \"" + edit.after + "\"";
  if (!sets_time && edit.probability > 0) text += ", probability " + percent(edit.probability);
  if (edit.gain != 0) text += ", expected gain " + fixed(edit.gain, 2);
  for (const FollowingColumn& following : edit.followed)
    text += ", " + data.columns()[following.column].name + " \"" + following.after + "\"";
  return text;
}

}  // namespace

RepairCounts count_repairs(const std::vector<Repair>& repairs) {
  RepairCounts counts;
  for (const Repair& repair : repairs) {
    ++counts.results[static_cast<std::size_t>(repair.result)];
    counts.suspects += repair.suspects.size();
    for (const Edit& edit : repair.edits) {
      if (edit.only_reported) {
        ++counts.stretches;
        counts.reported += edit.count;
        continue;
      }
      ++counts.edits;
      (edit.operation == EditOperation::replace  ? counts.replaced
       : edit.operation == EditOperation::remove ? counts.removed
       : edit.operation == EditOperation::insert ? counts.inserted
                                                 : counts.times_set) += edit.count;
    }
  }
  return counts;
}

std::string edits_text(const Dataset& data, const std::vector<Repair>& repairs) {
  JsonWriter json;
  for (std::size_t s = 0; s < repairs.size(); ++s) {
    for (const Edit& edit : repairs[s].edits) write_edit(data, s, repairs[s], edit, json);
    for (const Suspect& suspect : repairs[s].suspects) write_suspect(data, s, repairs[s], suspect, json);
  }
  return json.text();
}

std::string summary_text(const RepairCounts& counts) {
  std::size_t sequences = 0;
  for (const std::size_t count : counts.results) sequences += count;
  const std::size_t edited = counts.of(RepairResult::edited);
  std::string text = with_commas(edited) + " of " + counted(sequences, "sequence") + (edited == 1 ? " was" : " were") +
                     " edited: " + counted(counts.edits, "edit");
  std::string events;
  for (const auto& [count, what] : {std::pair{counts.removed, "deleted"},
                                    {counts.replaced, "replaced"},
                                    {counts.inserted, "inserted"},
                                    {counts.times_set, "given another time"}})
    if (count > 0) events += (events.empty() ? " (events: " : ", ") + with_commas(count) + " " + what;
  if (!events.empty()) text += events + ")";
  if (counts.stretches > 0)
    text += "; " + with_commas(counts.stretches) + (counts.stretches == 1 ? " stretch of " : " stretches of ") +
            counted(counts.reported, "event") + " only reported";
  if (counts.suspects > 0)
    text += "; " + counted(counts.suspects, "suspicious event") + " listed with the values that are likelier there";
  if (counts.declined > 0) text += "; " + counted(counts.declined, "edit") + " declined";
  if (counts.of(RepairResult::judged_normal) > 0)
    text += "; " + with_commas(counts.of(RepairResult::judged_normal)) + " judged normal and left alone";
  return text;
}

void write_counts(const RepairCounts& counts, JsonWriter& json) {
  std::size_t sequences = 0;
  for (const std::size_t count : counts.results) sequences += count;
  json.field("sequences", sequences);
  for (const RepairResult result :
       {RepairResult::untouched, RepairResult::edited, RepairResult::judged_normal, RepairResult::no_gate})
    json.field(to_string(result), counts.of(result));
  json.field("edits", counts.edits).field("events_replaced", counts.replaced).field("events_deleted", counts.removed);
  json.field("events_inserted", counts.inserted).field("times_set", counts.times_set);
  json.field("stretches_reported", counts.stretches).field("events_reported", counts.reported);
  json.field("suspects", counts.suspects).field("declined", counts.declined);
}

std::string edit_in_context(const Dataset& data, std::size_t s, const Edit& edit) {
  constexpr std::size_t k_reach = 3;
  const DataSequence& sequence = data.sequences()[s];
  const std::size_t first = edit.position > k_reach ? edit.position - k_reach : 0,
                    behind = edit.position + (has_before(edit.operation) ? edit.count : 0),
                    end = std::min(sequence.count, behind + k_reach);
  std::string events = first > 0 ? "..  " : "";
  for (std::size_t i = first; i < edit.position; ++i) events += std::string(value_at(data, s, i)) + "  ";
  events += bracketed(data, s, edit);
  for (std::size_t i = behind; i < end; ++i) events += "  " + std::string(value_at(data, s, i));
  if (end < sequence.count) events += "  ..";
  return "  " + sequence_name(data, s) + ", event " + std::to_string(edit.position) + " of " +
         std::to_string(sequence.count) + ", row " + row_name(data, data.row(nearest_event(sequence, edit))) + ": " +
         what_text(data, edit) + "\n    " + events;
}

}  // namespace seqguard::cli
