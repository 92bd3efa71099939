#include "events/persistent_columns.hpp"

#include <cstddef>
#include <string_view>
#include <unordered_map>

#include "core/secret_hash.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

/// Neighbours with the same primary value say nothing: what follows from the value agrees with it.
bool is_persistent(const Dataset& data, const EventSchema& schema, std::size_t column) {
  const Vocabulary& primary = schema.primary_column().vocabulary;
  const auto& dependent = schema.columns[column].dependent_values;
  std::unordered_map<std::string_view, double, SecretHash> counts;
  double events = 0, pairs = 0, agreeing = 0;
  for (std::size_t s = 0; s < data.sequences().size(); ++s) {
    const EventsView view = data.view(s);
    const ColumnView &keys = view.columns[schema.primary], &values = view.columns[column];
    for (std::size_t i = 0; i < view.n; ++i) {
      const TypeId type = primary.type(keys.text(i));
      if (type < dependent.size() && dependent[type]) continue;
      ++counts[values.text(i)];
      ++events;
      if (i == 0 || keys.text(i) == keys.text(i - 1)) continue;
      ++pairs;
      agreeing += values.text(i) == values.text(i - 1) ? 1 : 0;
    }
  }
  constexpr double k_least_pairs = 100, k_least_agreement = .8, k_most_of_chance = .5;
  if (pairs < k_least_pairs || agreeing < k_least_agreement * pairs) return false;
  double squares = 0;
  for (const auto& [value, count] : counts) squares += count * count;
  const double chance_to_differ = 1 - squares / (events * events);
  return 1 - agreeing / pairs <= k_most_of_chance * chance_to_differ && chance_to_differ > 0;
}

}  // namespace

void fit_persistent_columns(const Dataset& data, EventSchema& schema) {
  for (std::size_t c = 0; c < schema.columns.size(); ++c) {
    EventColumn& column = schema.columns[c];
    if (c != schema.primary && column.kind == ColumnKind::categorical)
      column.persistent = is_persistent(data, schema, c);
  }
}

}  // namespace v0
}  // namespace seqguard
