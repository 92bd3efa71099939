// The forms of input, one source each.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "events/line_reader.hpp"
#include "seqguard/events/reader.hpp"

namespace seqguard {
inline namespace v0 {

/// By the extension, behind which that of an archive may stand; guess: it says nothing.
DataFormat format_by_name(std::string_view name);

/// CSV (RFC 4180) or RecBole's tab-separated fields; `findings` says how the form was known. @throws Error bad_format:
/// no header, a name twice or empty.
std::unique_ptr<RowSource> open_table(std::unique_ptr<LineReader> lines, DataFormat format, const ReadOptions& options,
                                      std::vector<DataFinding> findings);

/// `rows`, or where lists in them are asked for (SourceColumn::is_list), their elements: a row is then a sequence.
std::unique_ptr<RowSource> with_lists(std::unique_ptr<RowSource> rows, const ReadOptions& options);

/// A sequence a line, events separated by blanks: "login view view buy", or with a key and a tab before them. The event
/// is field 0, the key, if there is one, field 1. @throws Error bad_format: a schema of more than one column.
std::unique_ptr<RowSource> open_lines(std::unique_ptr<LineReader> lines, const ReadOptions& options);

/// JSON lines: an object a line is an event or, where the first has an array "events", a sequence of events; fields by
/// their dotted names, in the order in which the first 20,000 lines (or 64 MiB) bring them; others are not read, which
/// is a finding.
/// @throws Error unsupported: a JSON array, or an object over several lines.
std::unique_ptr<RowSource> open_json(std::unique_ptr<LineReader> lines, const ReadOptions& options,
                                     std::vector<DataFinding> findings);

}  // namespace v0
}  // namespace seqguard
