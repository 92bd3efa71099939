// A file of labels beside a data set: which sequence or event each row speaks of.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "seqguard/events/dataset.hpp"

namespace seqguard {
inline namespace v0 {

/// What a row says.
struct LabelRow {
  std::size_t sequence = 0;          ///< of the data set
  std::optional<std::size_t> event;  ///< of the data set; empty: the row speaks of the whole sequence
  std::string text;                  ///< the label as written
  std::uint64_t line = 0;            ///< of the file, from 1
};

struct LabelRows {
  std::string file;                               ///< for messages
  bool of_events = false;                         ///< the file has a column of positions
  std::size_t key_field = 0, position_field = 0;  ///< which fields of a row name the sequence and the event, from 0
  std::vector<LabelRow> rows;

  /// "file:line" of a row.
  std::string place(const LabelRow& row) const { return file + ":" + std::to_string(row.line); }
};

/// Reads a CSV file with header. Its columns: the key, named as in the data (`line`, from 1, for data without keys);
/// the label, named `column` or, where that is empty, `label` or `kind`; and `position` (or the name of the data's
/// order column), whose value is that of the order column, or without one the place in the sequence, from 0. Other
/// columns are not looked at.
/// @throws Error file_not_found, io_error; bad_format: no such column, a row of a sequence or event that the data do
/// not have, or of a position that several events share; bad_event "file:line: reason" for a malformed row.
LabelRows read_label_rows(const std::string& path, const Dataset& data, std::string_view column = {});

}  // namespace v0
}  // namespace seqguard
