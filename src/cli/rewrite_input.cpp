#include "cli/rewrite_input.hpp"

#include <algorithm>
#include <string_view>

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
        fail(ErrorCode::unsupported, data.rejected().file, "an edited time cannot be written yet");
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

/// The bytes of a row with the edited value and those that follow it.
std::string replace_values(const Dataset& data, std::size_t event, const Edit& edit) {
  const auto field_of = [&](std::size_t column) { return data.columns()[column].field; };
  std::string row = replace_field(data.raw(event), data.format(), field_of(data.primary()), edit.after);
  for (const FollowingColumn& following : edit.followed)
    row = replace_field(row, data.format(), field_of(following.column), following.after);
  return row;
}

/// A removed event that ended its line leaves the line end, without the blanks before it.
void keep_line_end(std::string& text, std::string_view removed) {
  const std::size_t end = removed.find_first_of("\r\n");
  if (end == std::string_view::npos) return;
  while (text.ends_with(' ') || text.ends_with('\t')) text.pop_back();
  text += removed.substr(end);
}

/// The event itself, or what is left of it.
void append_event(std::string& text, const Dataset& data, std::size_t event, const Edit* edit) {
  if (edit == nullptr) {
    text += data.raw(event);
    return;
  }
  switch (edit->operation) {
    case EditOperation::replace:
      text += replace_values(data, event, *edit);
      break;
    case EditOperation::remove:
      if (data.format() == DataFormat::lines) keep_line_end(text, data.raw(event));
      break;
    case EditOperation::insert:    // stands beside the event
    case EditOperation::set_time:  // refused
      break;
  }
}

/// A new event as it stands in a line. In a table it would need a row: a time, and values of the other columns.
std::string inserted_word(const Dataset& data, const Edit& edit) {
  if (data.format() != DataFormat::lines)
    fail(ErrorCode::unsupported, data.rejected().file, "an inserted event cannot be written yet", "a file of lines",
         "a table: the event has no time, and no values in its other columns");
  return replace_field({}, data.format(), 0, edit.after);
}

/// New events at the end of the line that began at `line_begin`: before its end and the blanks there.
void append_to_line(std::string& text, std::size_t line_begin, const Dataset& data,
                    const std::vector<const Edit*>& insertions) {
  std::size_t end = text.size();
  while (end > line_begin && std::string_view(" \t\r\n").find(text[end - 1]) != std::string_view::npos) --end;
  const std::string rest = text.substr(end);
  text.resize(end);
  for (const Edit* edit : insertions) text += (text.size() > line_begin ? " " : "") + inserted_word(data, *edit);
  text += rest;
}

}  // namespace

std::string rewrite_input(const Dataset& data, const std::vector<Repair>& repairs) {
  const std::vector<EventEdits> edits = edits_by_event(data, repairs);
  const bool is_lines = data.format() == DataFormat::lines;
  std::vector<std::size_t> sequence_at(is_lines ? data.events() : 0, std::string::npos);
  if (is_lines)
    for (std::size_t s = 0; s < data.sequences().size(); ++s) sequence_at[data.sequences()[s].first] = s;
  std::string text(data.head());
  std::size_t line_begin = text.size();
  for (const std::size_t event : data.file_order()) {
    if (is_lines && sequence_at[event] != std::string::npos) {
      line_begin = text.size();
      text += data.lead(sequence_at[event]);
    }
    for (const Edit* edit : edits[event].insert_before) text += inserted_word(data, *edit) + " ";
    append_event(text, data, event, edits[event].own);
    if (!edits[event].insert_after.empty()) append_to_line(text, line_begin, data, edits[event].insert_after);
  }
  return text;
}

}  // namespace seqguard::cli
