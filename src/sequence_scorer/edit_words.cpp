#include "sequence_scorer/edit_words.hpp"

#include <string>
#include <utility>

#include "events/dependent_values.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

/// The value of event i as text: numbers as dependent values are written, ids as what they stand for.
std::string value_text(const ColumnView& column, const Vocabulary& vocabulary, std::size_t i) {
  if (column.is_text()) return std::string(column.text(i));
  if (column.kind() == ColumnView::Kind::floats) return number_text(column.floats()[i]);
  const TypeId type = column.ids()[i];
  return std::string(type < vocabulary.types() ? vocabulary.value(type) : "[UNK]");
}

}  // namespace

std::string value_in_words(const EventsView& events, const EventSchema& schema, std::size_t column, std::size_t i) {
  return value_text(events.columns[column], schema.columns[column].vocabulary, i);
}

Edit in_words(const EventEdit& edit, std::span<const EventEdit> script, const EventsView& events,
              const EventSchema& schema) {
  const auto value = [&](std::size_t c, std::size_t i) { return value_in_words(events, schema, c, i); };
  const bool is_new = !has_before(edit.operation);
  Edit words{.operation = edit.operation, .position = edit.position, .rank = edit.rank};
  words.count = edit.count;
  words.time_ms = edit.time_ms;
  words.shift_ms = edit.shift_ms;
  if (!is_new) words.before = value(schema.primary, edit.position);
  if (edit.operation == EditOperation::set_time) words.after = words.before;
  if (edit.operation == EditOperation::remove || edit.operation == EditOperation::set_time) return words;
  words.after = schema.primary_column().vocabulary.value(edit.type);
  for (std::size_t c = 0; c < schema.columns.size(); ++c) {
    const EventColumn& column = schema.columns[c];
    std::string before = is_new ? std::string() : value(c, edit.position), after = before;
    if (edit.type < column.dependent_values.size() && column.dependent_values[edit.type])
      after = *column.dependent_values[edit.type];
    else if (is_new && column.persistent && events.n > 0)
      after = value(c, event_beside(script, edit.position, events.n));
    if (before != after) words.followed.push_back({c, std::move(before), std::move(after)});
  }
  return words;
}

}  // namespace v0
}  // namespace seqguard
