#include "cli/rewrite_input.hpp"

#include <string_view>

#include "seqguard/events/rewrite.hpp"

namespace seqguard::cli {
namespace {

/// The edit of each event of the data set, or null.
std::vector<const Edit*> edits_by_event(const Dataset& data, const std::vector<Repair>& repairs) {
  std::vector<const Edit*> edits(data.events());
  for (std::size_t s = 0; s < repairs.size(); ++s)
    for (const Edit& edit : repairs[s].edits) edits[data.sequences()[s].first + edit.position] = &edit;
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

}  // namespace

std::string rewrite_input(const Dataset& data, const std::vector<Repair>& repairs) {
  const std::vector<const Edit*> edits = edits_by_event(data, repairs);
  const bool is_lines = data.format() == DataFormat::lines;
  std::vector<std::size_t> sequence_at(is_lines ? data.events() : 0, std::string::npos);
  if (is_lines)
    for (std::size_t s = 0; s < data.sequences().size(); ++s) sequence_at[data.sequences()[s].first] = s;
  std::string text(data.head());
  for (const std::size_t event : data.file_order()) {
    if (is_lines && sequence_at[event] != std::string::npos) text += data.lead(sequence_at[event]);
    const Edit* edit = edits[event];
    if (edit == nullptr)
      text += data.raw(event);
    else if (edit->operation == EditOperation::replace)
      text += replace_values(data, event, *edit);
    else if (is_lines)
      keep_line_end(text, data.raw(event));
  }
  return text;
}

}  // namespace seqguard::cli
