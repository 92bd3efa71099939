#include "events/persistent_columns.hpp"

#include <cstddef>
#include <string_view>
#include <vector>

namespace seqguard {
inline namespace v0 {
namespace {

/// Neighbours with the same primary value say nothing: what follows from the value agrees with it.
bool is_persistent(const Dataset& data, const EventSchema& schema, const EventColumn& column,
                   const ColumnNumbers& primary, const ColumnNumbers& values) {
  std::vector<bool> follows;  // whether the column's value follows from it, by number of the primary value
  for (const std::string_view text : primary.texts) {
    const TypeId type = schema.primary_column().vocabulary.type(text);
    follows.push_back(type < column.dependent_values.size() && column.dependent_values[type]);
  }
  std::vector<double> counts(values.distinct());
  double events = 0, pairs = 0, agreeing = 0;
  for (const DataSequence& sequence : data.sequences()) {
    for (std::size_t event = sequence.first; event < sequence.first + sequence.count; ++event) {
      if (follows[primary.of_event[event]]) continue;
      ++counts[values.of_event[event]];
      ++events;
      if (event == sequence.first || primary.of_event[event] == primary.of_event[event - 1]) continue;
      ++pairs;
      agreeing += values.of_event[event] == values.of_event[event - 1] ? 1 : 0;
    }
  }
  constexpr double k_least_pairs = 100, k_least_agreement = .8, k_most_of_chance = .5;
  if (pairs < k_least_pairs || agreeing < k_least_agreement * pairs) return false;
  double squares = 0;
  for (const double count : counts) squares += count * count;
  const double chance_to_differ = 1 - squares / (events * events);
  return 1 - agreeing / pairs <= k_most_of_chance * chance_to_differ && chance_to_differ > 0;
}

}  // namespace

void fit_persistent_columns(const Dataset& data, std::span<const ColumnNumbers> numbers, EventSchema& schema) {
  for (std::size_t c = 0; c < schema.columns.size(); ++c) {
    EventColumn& column = schema.columns[c];
    if (c != schema.primary && column.kind == ColumnKind::categorical)
      column.persistent = is_persistent(data, schema, column, numbers[schema.primary], numbers[c]);
  }
}

}  // namespace v0
}  // namespace seqguard
