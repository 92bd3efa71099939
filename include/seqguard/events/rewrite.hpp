// Rows written in a format of input: whole ones, and one field changed with every other byte kept, for repairs that are
// written back.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "seqguard/events/row_source.hpp"

namespace seqguard {
inline namespace v0 {

/// Appends a row of csv or recbole with its line end; fields of csv are quoted only if they hold a comma, a quote or a
/// line break.
/// @throws Error invalid_argument: a value that the format cannot hold (a tab in recbole), or another format.
void append_row(std::string& text, DataFormat format, std::span<const std::string_view> fields);

/// A file of csv or recbole with all rows that `source` still has, under a header of its columns' names.
/// @throws Error bad_event "name:line: reason" for a bad row; invalid_argument as append_row().
std::string table_text(RowSource& source, DataFormat format);

/// The value of one field of a row (RowOrigin::raw) of csv or recbole, without quotes and escapes.
/// @throws Error invalid_argument: no such field, or another format.
std::string field_value(std::string_view row, DataFormat format, std::size_t field);

/// The bytes of a row (RowOrigin::raw, Dataset::raw) with one field replaced; all other bytes, the line end included,
/// stay. For lines the row is the event itself and `field` is 0.
/// @throws Error invalid_argument: no such field, or a value that the format cannot hold (a tab in recbole, a blank in
/// lines).
std::string replace_field(std::string_view row, DataFormat format, std::size_t field, std::string_view value);

}  // namespace v0
}  // namespace seqguard
