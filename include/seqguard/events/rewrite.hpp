// Rows written in a format of input: whole ones, and one field changed with every other byte kept, for repairs that are
// written back.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "seqguard/core/function_ref.hpp"
#include "seqguard/events/row_source.hpp"

namespace seqguard {
inline namespace v0 {

/// Appends a row of csv, recbole or jsonl with its line end; fields of csv are quoted only if they hold a separator, a
/// quote or a line break. An object has the names of the style; with `like`, a row of the same source, it is nested and
/// typed as that and has no empty fields, else all are texts or null.
/// @throws Error invalid_argument: a value that the format cannot hold (a tab in recbole), or another format.
void append_row(std::string& text, const RowStyle& style, std::span<const std::string_view> fields,
                std::string_view like = {});

/// A file of csv, recbole or jsonl with all rows that `source` still has, in tables under a header of its columns'
/// names. @throws Error bad_event "name:line: reason" for a bad row; invalid_argument as append_row().
std::string table_text(RowSource& source, DataFormat format);
/// The same in pieces of a megabyte, for tables that do not fit into memory.
void write_table(RowSource& source, DataFormat format, FunctionRef<void(std::string_view)> write);

/// The value of one field of a row (RowOrigin::raw) of csv, recbole or jsonl, without quotes and escapes.
/// @throws Error invalid_argument: no such field, or another format.
std::string field_value(std::string_view row, const RowStyle& style, std::size_t field);

/// The bytes of a row (RowOrigin::raw, Dataset::raw) with one field replaced; all other bytes, the line end included,
/// stay. For lines the row is the event itself and `field` is 0. In jsonl a number stays a number where the new value
/// is one, and an empty value is null.
/// @throws Error invalid_argument: no such field, or a value that the format cannot hold (a tab in recbole, a blank in
/// lines).
std::string replace_field(std::string_view row, const RowStyle& style, std::size_t field, std::string_view value);

}  // namespace v0
}  // namespace seqguard
