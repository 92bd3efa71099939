#include "seqguard/events/encoded_data.hpp"

#include <algorithm>

#include "events/column_numbers.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

/// The types of a categorical column, of all events: each of its values is looked up once.
std::vector<TypeId> types_of(const Dataset& data, const EventSchema& schema, std::size_t column) {
  const ColumnNumbers numbers = number_values(data, column);
  std::vector<TypeId> type_of_number;
  type_of_number.reserve(numbers.texts.size());
  for (const std::string_view text : numbers.texts)
    type_of_number.push_back(schema.columns[column].vocabulary.type(text));
  std::vector<TypeId> types;
  types.reserve(numbers.of_event.size());
  for (const std::uint32_t number : numbers.of_event) types.push_back(type_of_number[number]);
  return types;
}

}  // namespace

EncodedData::EncodedData(const Dataset& data, const EventSchema& schema) : sequences_(data.sequences().size()) {
  const std::size_t columns = std::min(data.columns().size(), schema.columns.size());
  std::vector<std::vector<TypeId>> types(columns);
  for (std::size_t c = 0; c < columns; ++c)
    if (data.columns()[c].kind == ColumnKind::categorical && schema.columns[c].kind == ColumnKind::categorical)
      types[c] = types_of(data, schema, c);
  std::vector<ColumnView> views;
  for (std::size_t s = 0; s < sequences_.size(); ++s) {
    EventsView events = data.view(s);
    views.assign(events.columns.begin(), events.columns.end());
    for (std::size_t c = 0; c < columns; ++c)
      if (!types[c].empty())
        views[c] = ColumnView(std::span<const TypeId>(types[c])).slice(data.sequences()[s].first, events.n);
    events.columns = views;
    encode(events, schema, sequences_[s]);
  }
}

}  // namespace v0
}  // namespace seqguard
