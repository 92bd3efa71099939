// Rows of inserted events: where they stand in a table, their order and their time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "events/parse_value.hpp"
#include "events/time_text.hpp"
#include "seqguard/events/dataset.hpp"
#include "seqguard/events/event_row.hpp"

namespace seqguard::cli {

/// The rows of a table as they stand in the file.
class FileRows {
 public:
  explicit FileRows(const Dataset& data);

  std::span<const std::size_t> events() const noexcept { return order_; }  ///< in the order of the file
  std::size_t rank(std::size_t event) const noexcept { return ranks_[event]; }
  /// Where all rows of the file are in the order of their times: of the gaps first .. last between rows (gap i: before
  /// row i), the last one before which no row is later than `time_ms`. Else, and for a time that is not known,
  /// `otherwise`.
  std::size_t gap(std::size_t first, std::size_t last, std::int64_t time_ms, std::size_t otherwise) const;

 private:
  std::vector<std::size_t> order_, ranks_;
  std::vector<std::int64_t> times_;  // of the rows, unknown ones that before; empty: not in order
};

/// An event of an edited sequence as a row: what is written into its time and order, and where it stands in the file.
struct PlacedRow {
  std::string time, order;  ///< as written; empty where there is no such column
  OrderKey key;             ///< of `order`
  std::int64_t time_ms = k_no_time;
  /// Of a row of the file its rank; of a new row the gap that it is put into.
  std::size_t place = 0;
};

/// New rows with these times (k_no_time: not known) between two events of one sequence that stay, in their order.
/// `style` is how the sequence writes its times. The order is between those of the neighbours; where no number is, and
/// for times, it may be that of a neighbour: the order of the rows then decides, as it does for the reader. Where the
/// times are the order, an unknown one is put in the middle.
std::vector<PlacedRow> rows_between(const Dataset& data, const FileRows& rows, const PlacedRow* before,
                                    const PlacedRow* behind, std::span<const std::int64_t> times,
                                    const std::optional<TimeStyle>& style);

/// How the events [first, first + count) of the data write their times; nothing where none has one.
std::optional<TimeStyle> common_style(const Dataset& data, std::size_t first, std::size_t count);

/// Whether the order column is the time column.
bool times_are_order(const Dataset& data);

/// OrderKey of a text of the order column. @throws Error bad_event: it is none.
OrderKey order_key(const Dataset& data, const std::string& text);

}  // namespace seqguard::cli
