// Rows one after another, split into fields that nobody has interpreted yet: what every form of input becomes first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "seqguard/events/data_finding.hpp"
#include "seqguard/events/schema.hpp"

namespace seqguard {
inline namespace v0 {

enum class DataFormat {
  guess,  ///< by the extension (.csv; .inter, .tsv: recbole; .jsonl, .ndjson; before .gz), else by the first two lines
  lines,  ///< a sequence a line, events separated by blanks
  csv,    ///< cells by comma, semicolon, tab, pipe or blank, quoted as in RFC 4180, under a header; an event a row
  /// Tab-separated, header of name:type (token, float) or plain names, an event a row; where a column of lists
  /// (token_seq, float_seq: elements by blanks) is asked for, a sequence a row.
  recbole,
  jsonl,  ///< an object a line: an event, or a sequence if the first line has an array "events"
};

/// "lines", "csv", "recbole", "jsonl". @throws Error invalid_argument for other names.
DataFormat data_format_from_string(std::string_view name);

/// How an input was packed: known by its first bytes, whatever it is called.
enum class Compression { none, gzip, zstd };

/// A column of a source, as its header names it.
struct SourceColumn {
  std::string name;
  std::optional<ColumnKind> kind = {};  ///< where the header says it: RecBole's token and float, also of lists
  std::string unusable = {};  ///< why nobody can have it: a list, no name, a name that stands twice; else empty
  bool is_list = false;       ///< RecBole's token_seq and float_seq: usable if it was asked for when it was opened
};

/// A column of events.
struct DataColumn {
  std::string name;
  ColumnKind kind = ColumnKind::categorical;
  std::size_t field = 0;  ///< its place among the fields of a row, from 0; 0 for lines
};

/// How the rows of a source are written.
struct RowStyle {
  DataFormat format = DataFormat::csv;
  char separator = ',', decimal = '.';  ///< of csv and recbole
  std::vector<std::string> names = {};  ///< of the fields, for jsonl
  std::size_t comment_lines = 0;        ///< in front of a table, which its head holds

  RowStyle(DataFormat rows, std::vector<std::string> fields = {})
      : format(rows), separator(rows == DataFormat::recbole ? '\t' : ','), names(std::move(fields)) {}
};

/// One of several files that are read as one input: the line of a row counts on from file to file.
struct SourceFile {
  std::string name;
  std::uint64_t lines_before = 0;  ///< its first line has this number and 1
};

/// What is known of a source before its first row.
struct SourceInfo {
  std::string name;  ///< of the file, for messages; "stdin" for "-"
  DataFormat format = DataFormat::csv;
  std::vector<SourceColumn> columns;
  bool line_is_sequence = false;  ///< the rows of a line are one sequence, whatever its key; else those of a key are
  std::string head;               ///< bytes before the first row: the header of a table
  Compression compression = Compression::none;
  char separator = ',', decimal = '.';  ///< of csv and recbole
  std::size_t comment_lines = 0;        ///< of the head, in front of the header
  std::vector<DataFinding> findings;    ///< about the file as a whole; complete at its end
  std::vector<SourceFile> files;        ///< of several: those that were begun; else empty
};

/// Where a row stands in its source, or why it cannot be read. Texts last until the source is asked for its next row.
/// A source that is no file of text has neither lead nor raw.
struct RowOrigin {
  std::uint64_t line = 0;  ///< where the row begins, from 1
  std::string_view lead;   ///< where a line is a sequence: what stands before its first event
  std::string_view raw;    ///< the row's bytes, line end included; there: the event and what stands before the next one
  std::string problem;     ///< what is wrong with the row, of which only the line is then valid; empty: it is sound
};

/// A row as it is written.
struct SourceRow : RowOrigin {
  std::vector<std::string_view> fields;  ///< one per SourceInfo::columns, without quotes and escapes
};

/// An input of rows. Not thread-safe.
class RowSource {
 public:
  virtual ~RowSource() = default;
  virtual const SourceInfo& info() const noexcept = 0;
  /// Goes to the next row that is not blank; false at the end. A bad row is handed out with its problem, and the rows
  /// after it are read. Reuses the capacity of `row`. @throws Error io_error.
  virtual bool next(SourceRow& row) = 0;
  /// Lines without content that were passed over so far.
  virtual std::uint64_t blank_lines() const noexcept { return 0; }
  /// Bytes of the input, as they lie in its files, that were read so far, and all (0: not known).
  virtual std::uint64_t bytes_read() const noexcept { return 0; }
  virtual std::uint64_t bytes_in_all() const noexcept { return 0; }
};

}  // namespace v0
}  // namespace seqguard
