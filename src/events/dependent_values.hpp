// Columns that follow the primary one: the category of an item, the empty price of an event that sells nothing.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "events/column_numbers.hpp"
#include "seqguard/events/dataset.hpp"
#include "seqguard/events/schema.hpp"

namespace seqguard {
inline namespace v0 {

/// Fills EventColumn::dependent_values of all columns but the primary one, whose vocabulary is fitted. `numbers`: of
/// each column.
void fit_dependent_values(const Dataset& data, std::span<const ColumnNumbers> numbers, EventSchema& schema);

/// A number as dependent_values hold it: the shortest text that gives the same float; "" for a missing one.
std::string number_text(float value);
/// The number of such a text, or nothing if it is none; NaN for "".
std::optional<float> number_of(const std::string& text);

}  // namespace v0
}  // namespace seqguard
