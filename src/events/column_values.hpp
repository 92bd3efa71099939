// What the first rows of a table say about a column.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "seqguard/events/event_row.hpp"

namespace seqguard {
inline namespace v0 {

/// The values of one field in the sound rows of a sample.
std::vector<std::string_view> values_of(std::span<const SourceRow> sample, std::size_t field);

std::size_t distinct_values(const std::vector<std::string_view>& values);

/// The kind of a column that is not called like an identifier. A few texts among numbers make it a categorical one, and
/// that is said.
ColumnKind infer_kind(const SourceInfo& source, const SourceColumn& column, const std::vector<std::string_view>& values,
                      ColumnPlan& plan);

/// Whether an inferred column of times or orders cannot be read, which is said: it is worth less than its rows.
bool is_left_out(const SourceInfo& source, const ColumnPlan::Field& field, std::span<const SourceRow> sample,
                 bool is_time, ColumnPlan& plan);

/// Chooses the order of day and month where nobody has given it, once for all columns of times and orders, and says so.
void choose_date_order(const SourceInfo& source, std::span<const SourceRow> sample, ColumnPlan& plan);

/// The unit of plain numbers as times.
std::string infer_time_unit(const std::vector<std::string_view>& values, char decimal);

}  // namespace v0
}  // namespace seqguard
