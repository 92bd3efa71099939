// Sequences read from a file: columns side by side, grouped by key and in order, with the way back to the file's rows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "seqguard/events/data_finding.hpp"
#include "seqguard/events/events_view.hpp"
#include "seqguard/events/row_source.hpp"

namespace seqguard {
inline namespace v0 {

/// Where a row begins.
struct RowPlace {
  std::string file;
  std::uint64_t line = 0;  ///< in the file, from 1

  std::string text() const { return file + ":" + std::to_string(line); }
};

/// A row that could not be read.
struct RejectedRow {
  std::uint64_t line = 0;  ///< where the row begins, from 1
  std::string reason;
  std::string file = {};  ///< that of the line, where several are read as one input; else empty
};

/// What was left out of a file and why.
struct RejectReport {
  std::string file;               ///< as given; "stdin" for "-"; of several: the first, and how many more
  std::uint64_t count = 0;        ///< all rejected rows
  std::vector<RejectedRow> rows;  ///< the first of them (ReadOptions::kept_rejects)

  /// "file:line: reason" of rows[i].
  std::string message(std::size_t i) const;
};

/// One sequence of a data set.
struct DataSequence {
  std::string_view key;               ///< empty for lines without a key
  std::uint64_t line = 0;             ///< line of its first row in the file, from 1
  std::size_t first = 0;              ///< index of its first event
  std::size_t count = 0;              ///< number of its events
  std::string_view profile_key = {};  ///< whose profile it is judged by; empty where the data set has no such column
};

/// Which field of a row is what, counted from 0; nothing where there is no such column. Other columns:
/// DataColumn::field.
struct RowFields {
  std::size_t count = 0;  ///< fields of a row
  std::optional<std::size_t> key = {}, profile_key = {}, order = {}, time = {};
};

struct ReadingChoices;  // event_row.hpp

/// Owns everything its views show. Movable; reading it is thread-safe.
class Dataset {
 public:
  Dataset();
  ~Dataset();
  Dataset(Dataset&&) noexcept;
  Dataset& operator=(Dataset&&) noexcept;

  /// Sequences by the first appearance of their key; their events by the order column, ties by row.
  std::span<const DataSequence> sequences() const noexcept;
  std::size_t events() const noexcept;
  std::span<const DataColumn> columns() const noexcept;
  std::size_t primary() const noexcept;  ///< index of the primary column
  /// Names of the columns with these roles (empty where there is none), and the unit of plain numbers as times.
  const std::string& key_column() const noexcept;
  const std::string& profile_key_column() const noexcept;
  const std::string& order_column() const noexcept;
  const std::string& time_column() const noexcept;
  const std::string& time_unit() const noexcept;
  DataFormat format() const noexcept;
  Compression compression() const noexcept;
  const RowStyle& row_style() const noexcept;
  const ReadingChoices& reading() const noexcept;
  std::optional<UsualNumbers> usual_numbers(std::size_t column) const;  ///< where outliers are cleaned
  bool line_is_sequence() const noexcept;
  const RowFields& row_fields() const noexcept;

  /// The events of one sequence; valid as long as the data set.
  EventsView view(std::size_t sequence) const noexcept;

  /// Nanoseconds that come on top of an event's time_ms, 0 .. 999,999. Models do not see them.
  std::int32_t time_ns(std::size_t event) const noexcept;
  /// Line on which the row of an event begins, from 1; of several files they count on from file to file.
  std::uint64_t row(std::size_t event) const noexcept;
  std::span<const SourceFile> files() const noexcept;  ///< of several; else empty
  RowPlace place(std::uint64_t row) const;             ///< of a row(), or of DataSequence::line
  /// Value of the order column as written; empty if there is none.
  std::string_view order_text(std::size_t event) const noexcept;
  /// The bytes of an event's row, line end included (ReadOptions::keep_raw, else empty). For lines: the event and the
  /// blanks after it. head() and the rows of all events in file_order() (for lines, with lead() before the first event
  /// of each sequence) give the file back, without its rejected rows and blank lines.
  std::string_view raw(std::size_t event) const noexcept;
  /// Bytes before the first event: the header row of a table; nothing for lines.
  std::string_view head() const noexcept;
  /// For lines: the bytes before the first event of a sequence (its key and blanks).
  std::string_view lead(std::size_t sequence) const noexcept;
  /// Events in the order in which they stood in the file.
  std::vector<std::size_t> file_order() const;

  const RejectReport& rejected() const noexcept;
  /// What was found out about times and order while the rows were read; show their messages to people.
  std::span<const DataFinding> findings() const noexcept;
  std::uint64_t blank_lines() const noexcept;  ///< lines without content, passed over
  /// Columns of the file that are not used, e.g. row identifiers.
  std::span<const std::string> ignored_columns() const noexcept;

  struct Storage;
  explicit Dataset(std::unique_ptr<Storage> storage);

 private:
  std::unique_ptr<Storage> storage_;
};

}  // namespace v0
}  // namespace seqguard
