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

Edit in_words(const EventEdit& edit, const EventsView& events, const EventSchema& schema) {
  const auto before = [&](std::size_t c) {
    return has_before(edit.operation) ? value_text(events.columns[c], schema.columns[c].vocabulary, edit.position)
                                      : std::string();
  };
  Edit words{.operation = edit.operation, .position = edit.position, .rank = edit.rank};
  words.count = edit.count;
  words.time_ms = edit.time_ms;
  words.shift_ms = edit.shift_ms;
  words.before = before(schema.primary);
  if (edit.operation == EditOperation::set_time) words.after = words.before;
  if (edit.operation == EditOperation::remove || edit.operation == EditOperation::set_time) return words;
  words.after = schema.primary_column().vocabulary.value(edit.type);
  for (std::size_t c = 0; c < schema.columns.size(); ++c) {
    const auto& values = schema.columns[c].dependent_values;
    if (edit.type >= values.size() || !values[edit.type]) continue;
    std::string present = before(c);
    if (present != *values[edit.type]) words.followed.push_back({c, std::move(present), *values[edit.type]});
  }
  return words;
}

}  // namespace v0
}  // namespace seqguard
