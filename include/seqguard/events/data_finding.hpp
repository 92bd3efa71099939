// What is odd about a data set as a whole, though each of its rows can be read.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace seqguard {
inline namespace v0 {

struct DataFinding {
  enum class Kind {
    // Found by reading: Dataset::findings().
    rows_run_backwards,  ///< there are times and no order column, and rows are earlier than the one before of their key
    order_ties,          ///< most rows have the order of a row before them of their key
    gaps_below_ms,       ///< gaps that are shorter than a millisecond, the finest step that models know
    numbers_among_dates,  ///< a column of dates and of plain numbers
    unread_column,        ///< a column of times or orders by its name, which cannot be read as one
    guessed,              ///< a format by the first lines, a decimal comma, or thousands ("1,234")
    late_field,           ///< a field of JSON lines that first appears after those that were looked at: not read
    no_events,            ///< events without a value of the judged column, or sequences of JSON lines without events
    almost_numbers,       ///< nine tenths of a column are numbers, the rest makes it a categorical one
    cleaned,              ///< what a rule of cleaning did, or would do
    mixed_time_zones,     ///< a column of dates with a time zone and without
    mixed_time_units,     ///< plain numbers that would be dates of today in another unit, among others
    // Found by reading, where they are too large for their unit and count as unknown, or against a schema.
    time_unit,  ///< most times are dates of today only in another unit than the schema's
    // Found against a schema: compare_with_schema().
    gap_scale,    ///< gaps between events are longer or shorter by orders of magnitude
    value_scale,  ///< numbers of a column are larger or smaller by orders of magnitude, or always were 0
    missing,      ///< a column that was there is missing
    vocabulary,   ///< hardly any value of a column is known
  };

  Kind kind = Kind::rows_run_backwards;
  std::string column;
  double share = 0;        ///< of the rows, gaps or values that could show it, those that do; above 0, at most 1
  std::uint64_t line = 0;  ///< of the first row that shows it; 0: no row in particular
  std::string message;     ///< file, column, what was found, what is assumed and what to do, in one line

  /// Whether the data are most likely not what they are taken for, so that a strict reader refuses them: true for
  /// mixed_time_units and for all kinds that are found against a schema.
  bool is_refused_if_strict() const noexcept { return kind >= Kind::mixed_time_units; }
};

/// "rows_run_backwards" and so on.
std::string_view to_string(DataFinding::Kind kind) noexcept;

}  // namespace v0
}  // namespace seqguard
