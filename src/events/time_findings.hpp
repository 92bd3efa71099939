// What is odd about the times, orders and values of a data set.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "seqguard/events/dataset.hpp"
#include "seqguard/events/event_row.hpp"

namespace seqguard {
inline namespace v0 {

/// Rows that a message names: how many there are, and the lines of the first.
struct NamedRows {
  std::uint64_t count = 0;
  std::array<std::uint64_t, 3> lines = {};  // in the order of the file; 0: none

  void add(std::uint64_t line);
  /// "line 17", "lines 17, 18, 40 and 9 more"; of several files "a.csv:17, b.csv:3 and 9 more".
  std::string text(const Dataset& data) const;
};

/// The rows of a column by how its values are written.
struct RowsByForm {
  std::array<NamedRows, 4> forms;

  void add(TimeForm form, std::uint64_t line) { forms[static_cast<std::size_t>(form)].add(line); }
  const NamedRows& of(TimeForm form) const { return forms[static_cast<std::size_t>(form)]; }
};

/// The unit in which a time that was read as a number of `unit` would lie within 1980 .. 2099; nullopt: it does so
/// already, or in none.
std::optional<std::string_view> likelier_unit(std::int64_t time_ms, std::string_view unit);
/// Whether a time lies within 1980 .. 2099.
bool is_of_today(std::int64_t time_ms);

/// What of the columns is no longer seen in a data set, or is noted in passing.
struct RowsOfNote {
  RowsByForm times, orders;
  NamedRows ties;       ///< rows with the order of the event before them
  NamedRows too_large;  ///< rows with an EventRow::likelier_unit
  std::string_view likelier_unit;
  NamedRows empty;                 ///< rows without a value of the judged column
  std::vector<NamedRows> grouped;  ///< by column: rows with a number as "1,234", by the decimal sign
};

/// The findings of Dataset::findings(), beside those of the source and of the plan of columns.
std::vector<DataFinding> find_in_rows(const Dataset& data, const RowsOfNote& rows);

}  // namespace v0
}  // namespace seqguard
