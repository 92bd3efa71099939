#include "cli/rewrite_input.hpp"

#include <algorithm>
#include <string_view>

#include "cli/rewrite_table.hpp"
#include "seqguard/core/error.hpp"
#include "seqguard/events/rewrite.hpp"

namespace seqguard::cli {
namespace {

/// What is done around one event of the data set.
struct EventEdits {
  std::vector<const Edit*> insert_before, insert_after;  ///< by rank
  const Edit* own = nullptr;                             ///< replaces or removes the event
};

/// By event of the data set. Insertions at the end of a sequence follow its last event.
std::vector<EventEdits> edits_by_event(const Dataset& data, const std::vector<Repair>& repairs) {
  std::vector<EventEdits> edits(data.events());
  for (std::size_t s = 0; s < repairs.size(); ++s) {
    const DataSequence& sequence = data.sequences()[s];
    for (const Edit& edit : repairs[s].edits) {
      if (edit.only_reported) continue;
      if (edit.operation == EditOperation::set_time)
        fail(ErrorCode::invalid_argument, data.rejected().file, "an edit sets a time, and lines of events have none");
      if (has_before(edit.operation))
        for (std::size_t i = 0; i < edit.count; ++i) edits[sequence.first + edit.position + i].own = &edit;
      else if (edit.position < sequence.count)
        edits[sequence.first + edit.position].insert_before.push_back(&edit);
      else
        edits[sequence.first + sequence.count - 1].insert_after.push_back(&edit);
    }
  }
  for (EventEdits& event : edits)
    for (std::vector<const Edit*>* insertions : {&event.insert_before, &event.insert_after})
      std::sort(insertions->begin(), insertions->end(), [](const Edit* a, const Edit* b) { return a->rank < b->rank; });
  return edits;
}

/// A removed event that ended its line, whose events began at `begin`, leaves the line end, without the blanks before
/// it.
void keep_line_end(std::string& text, std::size_t begin, std::string_view removed) {
  const std::size_t end = removed.find_first_of("\r\n");
  if (end == std::string_view::npos) return;
  while (text.size() > begin && (text.ends_with(' ') || text.ends_with('\t'))) text.pop_back();
  text += removed.substr(end);
}

/// The event itself, or what is left of it.
void append_event(std::string& text, std::size_t begin, std::string_view raw, const Edit* edit) {
  if (edit == nullptr)
    text += raw;
  else if (edit->operation == EditOperation::remove)
    keep_line_end(text, begin, raw);
  else
    text += replace_field(raw, DataFormat::lines, 0, edit->after);
}

/// A new event as it stands in a line.
std::string inserted_word(const Edit& edit) { return replace_field({}, DataFormat::lines, 0, edit.after); }

/// New events at the end of the line whose events began at `begin`: before its end and the blanks there.
void append_to_line(std::string& text, std::size_t begin, const std::vector<const Edit*>& insertions) {
  std::size_t end = text.size();
  while (end > begin && std::string_view(" \t\r\n").find(text[end - 1]) != std::string_view::npos) --end;
  const std::string rest = text.substr(end);
  text.resize(end);
  for (const Edit* edit : insertions) text += (text.size() > begin ? " " : "") + inserted_word(*edit);
  text += rest;
}

std::string rewrite_lines(const Dataset& data, const std::vector<Repair>& repairs) {
  const std::vector<EventEdits> edits = edits_by_event(data, repairs);
  std::string text;
  for (std::size_t s = 0; s < data.sequences().size(); ++s) {
    const DataSequence& sequence = data.sequences()[s];
    const std::size_t line_begin = text.size();
    text += data.lead(s);
    const std::size_t events_begin = text.size();
    for (std::size_t event = sequence.first; event < sequence.first + sequence.count; ++event) {
      for (const Edit* edit : edits[event].insert_before) text += inserted_word(*edit) + " ";
      append_event(text, events_begin, data.raw(event), edits[event].own);
      if (!edits[event].insert_after.empty()) append_to_line(text, events_begin, edits[event].insert_after);
    }
    // A key without events would be a bad row.
    const bool is_empty = text.find_first_not_of(" \t\r\n", events_begin) == std::string::npos;
    if (is_empty && !sequence.key.empty()) text.resize(line_begin);
  }
  return text;
}

}  // namespace

void require_rewritable(const Dataset& data) {
  if (!data.line_is_sequence() || data.format() == DataFormat::lines) return;
  const bool is_json = data.format() == DataFormat::jsonl;
  fail(ErrorCode::unsupported, data.rejected().file,
       std::string(is_json ? "a sequence a line of JSON" : "a sequence a row, of lists,") +
           " is not written back yet; with an event a " + (is_json ? "line, {\"user\":..,\"event\":..}" : "row") +
           ", a repair keeps every byte that no edit names (--dry-run shows the edits all the same)");
}

std::string rewrite_input(const Dataset& data, const std::vector<Repair>& repairs) {
  require_rewritable(data);
  return data.format() == DataFormat::lines ? rewrite_lines(data, repairs) : rewrite_table(data, repairs);
}

}  // namespace seqguard::cli
