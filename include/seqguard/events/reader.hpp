// From files to rows, and from rows to sequences.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "seqguard/core/progress.hpp"
#include "seqguard/events/dataset.hpp"
#include "seqguard/events/row_source.hpp"
#include "seqguard/events/schema.hpp"

namespace seqguard {
inline namespace v0 {

/// A column asked for by name. Without a kind, it is inferred.
struct ColumnRequest {
  std::string name;
  std::optional<ColumnKind> kind = {};
  std::string whole = {};  ///< "NAME:KIND" as it was asked for: a column of just that name comes first
};
/// "NAME" or "NAME:KIND", where KIND is that of a column or RecBole's token or float. Behind another colon nothing is
/// special: it belongs to the name. @throws Error unsupported (hash), invalid_argument (empty name).
ColumnRequest column_request_from_string(std::string_view text);

struct ReadOptions {
  DataFormat format = DataFormat::guess;
  /// Reads exactly the columns of this schema, in its order; the six fields below are then not looked at. Borrowed.
  const EventSchema* schema = nullptr;
  std::string key = {}, order = {}, time = {};  ///< names that override the inferred ones; of tables only
  /// Column that names a sequence's profile (SequenceRules::profile_key); of lines "key": before a tab. Empty: none.
  std::string profile_key = {};
  std::vector<ColumnRequest> columns = {};  ///< if not empty: only these, the first categorical one is primary
  /// Of tables; 0: guessed. Thousands may be apart: by blanks, apostrophes, the one of "," and "." that is not decimal.
  char separator = 0, decimal = 0;
  bool no_header = false;  ///< the first row of a table is data
  /// Then its columns by position; "-" is one that nobody needs. Empty: "1", "2", ..
  std::vector<ColumnRequest> header = {};
  // Of tables and JSON lines; given, they hold instead of what the schema says.
  std::vector<std::string> missing = {};      ///< texts of keys and categories that mean a missing value, as "NA"
  std::string time_format = {};               ///< of the time column, as of strptime (TimeReading)
  DateOrder date_order = DateOrder::unknown;  ///< of 01/02/2024 in it and in the order column; unknown: guessed
  std::string cleaning = {};                  ///< rules of cleaning_from_string(); with a schema those of the schema
  bool keyed_lines = false;                   ///< lines are KEY<tab>events
  bool keep_raw = false;                      ///< keep the bytes of each row, for writing the file again
  bool strict = false;                        ///< throw at the first bad row
  std::size_t kept_rejects = 1000;
  std::size_t max_line_bytes = std::size_t{16} << 20;
  std::size_t max_columns = 10'000;
  /// An archive may unpack to this many times its size once 64 MiB are out, and to so many bytes in all.
  std::uint64_t max_unpacked_ratio = 250, max_unpacked_bytes = std::uint64_t{1} << 40;
  ProgressSink progress = {};  ///< "reading", in MB of the input, from the 16th on
};

/// Opens a file, or standard input for "-"; archives of gzip and zstd, known by their first bytes, are unpacked. Of the
/// options, those of the format, of tables and of the limits are looked at; lines of events take the names of their
/// columns from the schema. @throws Error file_not_found, io_error; bad_format: no header, a damaged archive, lines
/// under a schema of more than one column; unsupported: Parquet, UTF-16, a JSON array and the like;
/// invalid_argument: options of tables for what is none.
std::unique_ptr<RowSource> open_rows(const std::string& path, const ReadOptions& options = {});
/// The same from memory, which must outlive the source; `name` stands for the file.
std::unique_ptr<RowSource> open_rows_from_text(std::string_view text, const std::string& name,
                                               const ReadOptions& options = {});

/// Reads a file, or standard input for "-", in one pass; apart from the data it keeps, memory is bounded by the longest
/// line and by the sample from which the columns are inferred. Where the name says no format, an object in the first
/// line makes JSON lines, a header with a key above a row of as many cells a table; else they are lines of events. What
/// does no harm in a table: a byte order mark, any line end, comments in front ("#"), a header cell without a name or
/// with one that stands twice (nobody can ask for it), a separator at the end of rows, a file without line end.
///
/// Inference, from the first 20,000 rows or 64 MiB (ReadOptions overrides each step):
/// - key: the first column named like user, user_id, session, customer, account; others of such names are left out;
/// - time: ts, time, timestamp, datetime, ..; plain numbers are seconds, ms, us or ns by their size; or dates (see
///   parse_time() in src/events: ISO-8601, slashes, AM and PM, those of Apache's logs; UTC where none names a zone).
///   Whether 01/02/2024 has the day or the month first is decided once, with a finding: by values that can only be one
///   of them, else by the order in which neighbours lie closer together. A column of which half cannot be read is left
///   out, and so is such an order, with a finding;
/// - order: order, position, seq, step, ..; without one the order of the rows. Never the time, unless it is asked for.
///   Orders are compared exactly (OrderKey), while times become whole milliseconds, rounded down;
/// - other columns: RecBole's type; else numeric if all values are numbers, more than 20 differ, and the name is not an
///   identifier's (.._id, item, product, ..); else categorical. A categorical column whose values, 100 or more, all
///   differ is taken for a number of the row and left out. An empty field is a missing number, an unknown time, or a
///   category of its own;
/// - primary: the first categorical column named like event or action, else the first with at least two values.
/// A bad row (wrong number of fields, a value that is no number or time, an order that cannot be kept exactly, empty
/// key, unterminated quote, invalid UTF-8, NUL, a line or number of fields beyond the limits) is left out and noted in
/// rejected(); its neighbours are read. A plain number that is too large for a time in the column's unit, and would be
/// one of today in a finer unit, is an unknown time. What is odd about times and order as a whole is noted in
/// findings(); compare_with_schema() finds more.
/// @throws Error file_not_found, io_error; bad_format: no header, no key, a named column that is absent or cannot be
/// used, data that take more than 360 MB and more than 18 times the file (only rows or sequences of a single letter
/// do); bad_event "file:line: reason" at the first bad row if strict; what open_rows() throws; invalid_argument: a
/// column that is listed twice, a second time column, a --time-format that names no date, names of columns and the like
/// for lines of events; cancelled.
Dataset read_events(const std::string& path, const ReadOptions& options = {});

/// The same of all rows that a source still has: the options that choose the format and its limits are not looked at.
Dataset read_events(RowSource& source, const ReadOptions& options = {});

/// The same from memory; `name` stands for the file in messages and for guessing the format.
Dataset read_events_from_text(std::string_view text, const std::string& name, const ReadOptions& options = {});

}  // namespace v0
}  // namespace seqguard
