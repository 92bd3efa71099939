#include "sequence_scorer/edited_sequence.hpp"

#include "events/dependent_values.hpp"

namespace seqguard {

std::string value_text(const ColumnView& column, const Vocabulary& vocabulary, std::size_t i) {
  if (column.is_text()) return std::string(column.text(i));
  if (column.kind() == ColumnView::Kind::floats) return number_text(column.floats()[i]);
  const TypeId type = column.ids()[i];
  return std::string(type < vocabulary.types() ? vocabulary.value(type) : "[UNK]");
}

const std::string* dependent_value(const EventSchema& schema, std::size_t c, std::string_view primary_value) {
  const auto& values = schema.columns[c].dependent_values;
  const TypeId type = schema.primary_column().vocabulary.type(primary_value);
  return type < values.size() && values[type] ? &*values[type] : nullptr;
}

std::vector<FollowingColumn> followed_by(const Edit& edit, const EventsView& events, const EventSchema& schema) {
  std::vector<FollowingColumn> result;
  if (edit.operation != EditOperation::replace) return result;
  for (std::size_t c = 0; c < schema.columns.size(); ++c) {
    const std::string* const after = dependent_value(schema, c, edit.after);
    if (after == nullptr) continue;
    std::string before = value_text(events.columns[c], schema.columns[c].vocabulary, edit.position);
    if (before != *after) result.push_back({c, std::move(before), *after});
  }
  return result;
}

EditedSequence::EditedSequence(const EventsView& original, const EventSchema& schema)
    : original_(original), schema_(schema), edit_at_(original.n) {
  const std::size_t columns = original.columns.size();
  texts_.resize(columns);
  floats_.resize(columns);
  ids_.resize(columns);
  views_.resize(columns);
}

const EventsView& EditedSequence::apply(const std::vector<Edit>& edits) {
  edit_at_.assign(original_.n, nullptr);
  for (const Edit& edit : edits) edit_at_[edit.position] = &edit;
  kept_.clear();
  for (std::size_t i = 0; i < original_.n; ++i)
    if (edit_at_[i] == nullptr || edit_at_[i]->operation != EditOperation::remove) kept_.push_back(i);
  for (std::size_t c = 0; c < original_.columns.size(); ++c) copy_column(c);
  times_.clear();
  if (!original_.time_ms.empty())
    for (const std::size_t i : kept_) times_.push_back(original_.time_ms[i]);
  view_ = {kept_.size(), views_, times_};
  return view_;
}

void EditedSequence::copy_column(std::size_t c) {
  const ColumnView& column = original_.columns[c];
  texts_[c].clear();
  floats_[c].clear();
  ids_[c].clear();
  for (const std::size_t i : kept_) {
    if (column.is_text()) texts_[c].push_back(column.text(i));
    if (column.kind() == ColumnView::Kind::floats) floats_[c].push_back(column.floats()[i]);
    if (column.kind() == ColumnView::Kind::ids) ids_[c].push_back(column.ids()[i]);
    if (edit_at_[i] == nullptr) continue;
    const std::string* const value =
        c == schema_.primary ? &edit_at_[i]->after : dependent_value(schema_, c, edit_at_[i]->after);
    if (value != nullptr) put(c, *value);
  }
  if (column.is_text()) views_[c] = ColumnView(std::span<const std::string_view>(texts_[c]));
  if (column.kind() == ColumnView::Kind::floats) views_[c] = ColumnView(std::span<const float>(floats_[c]));
  if (column.kind() == ColumnView::Kind::ids) views_[c] = ColumnView(std::span<const TypeId>(ids_[c]));
}

/// Replaces the last value of column c.
void EditedSequence::put(std::size_t c, const std::string& value) {
  switch (original_.columns[c].kind()) {
    case ColumnView::Kind::floats:
      floats_[c].back() = *number_of(value);  // check(schema) has read it
      break;
    case ColumnView::Kind::ids:
      ids_[c].back() = schema_.columns[c].vocabulary.type(value);
      break;
    default:
      texts_[c].back() = value;
  }
}

}  // namespace seqguard
