#include "cli/new_rows.hpp"

#include <algorithm>

#include "events/order_between.hpp"
#include "seqguard/core/error.hpp"
#include "seqguard/events/event_row.hpp"
#include "seqguard/events/rewrite.hpp"

namespace seqguard::cli {
namespace {

std::int64_t middle(std::int64_t a, std::int64_t b, std::size_t part, std::size_t parts) {
  return a + (b - a) / static_cast<std::int64_t>(parts) * static_cast<std::int64_t>(part);
}

/// Texts of an order column that holds dates, or of which there is no number between: `count` of them.
std::vector<std::string> orders_beside(const PlacedRow* before, const PlacedRow* behind, std::size_t count,
                                       const TimeReading& reading) {
  const std::string& bound = before != nullptr ? before->order : behind->order;
  std::vector<std::string> orders(count, bound);
  ExactTime first, last;
  if (before == nullptr || behind == nullptr || parse_time(before->order, reading, first) != ParseStatus::ok ||
      parse_time(behind->order, reading, last) != ParseStatus::ok || first.form == TimeForm::number ||
      last.form == TimeForm::number)
    return orders;
  const auto own = time_style(bound, reading), other = time_style(behind->order, reading);
  if (!own || !other) return orders;
  TimeStyle style = *own;
  widen(style, *other);
  for (std::size_t i = 0; i < count; ++i) orders[i] = time_text(style, middle(first.ms, last.ms, i + 1, count + 1), 0);
  return orders;
}

/// How a time is written where no row beside it has one.
TimeStyle style_without_example(const TimeReading& reading) {
  if (reading.format.empty()) return {.form = TimeForm::number, .unit = reading.unit, .digits = 9};
  return {.form = TimeForm::date, .digits = 6, .format = reading.format, .zone = "+0000"};
}

/// A text that the digits of the column put beyond a neighbour becomes that of the neighbour.
void stay_between(PlacedRow& row, const PlacedRow* before, const PlacedRow* behind) {
  const PlacedRow* bound = before != nullptr && row.key < before->key   ? before
                           : behind != nullptr && row.key > behind->key ? behind
                                                                        : nullptr;
  if (bound == nullptr) return;
  row.order = bound->order;
  row.key = bound->key;
}

/// The time of a new row where times are the order.
void order_by_time(const Dataset& data, PlacedRow& row, bool is_known, const PlacedRow* before,
                   const PlacedRow* behind) {
  row.order = row.time;
  row.key = order_key(data, row.order);
  // A time that is really beyond a neighbour stays, and is refused later.
  const bool is_beyond = is_known && ((before != nullptr && row.time_ms < before->time_ms) ||
                                      (behind != nullptr && row.time_ms > behind->time_ms));
  if (!is_beyond) stay_between(row, before, behind);
  row.time = row.order;
}

/// Gaps of new rows: behind the row before and in front of the row behind. With an order column these may stand the
/// other way round: only rows of equal order are then held apart by their places.
void find_gaps(const FileRows& rows, const PlacedRow* before, const PlacedRow* behind, std::span<PlacedRow> placed) {
  const std::size_t first = before != nullptr ? before->place + 1 : 0,
                    last = behind != nullptr ? behind->place : rows.events().size();
  std::int64_t latest = before != nullptr ? before->time_ms : k_no_time;
  std::size_t gap = first;
  for (PlacedRow& row : placed) {
    latest = std::max(latest, row.time_ms);
    if (first > last) {
      row.place = row.key == behind->key && row.key != before->key ? last : first;
      continue;
    }
    gap = std::max(gap, rows.gap(first, last, latest, before != nullptr ? first : last));
    row.place = gap;
  }
}

}  // namespace

FileRows::FileRows(const Dataset& data) : order_(data.file_order()), ranks_(order_.size()) {
  for (std::size_t rank = 0; rank < order_.size(); ++rank) ranks_[order_[rank]] = rank;
  if (data.time_column().empty()) return;
  std::vector<std::int64_t> times(order_.size());
  for (std::size_t s = 0; s < data.sequences().size(); ++s) {
    const std::span<const std::int64_t> known = data.view(s).time_ms;
    for (std::size_t i = 0; i < known.size(); ++i) times[ranks_[data.sequences()[s].first + i]] = known[i];
  }
  std::int64_t latest = k_no_time;
  for (std::int64_t& time : times) {
    if (time != k_no_time && time < latest) return;
    latest = time = std::max(time, latest);
  }
  times_ = std::move(times);
}

std::size_t FileRows::gap(std::size_t first, std::size_t last, std::int64_t time_ms, std::size_t otherwise) const {
  if (times_.empty() || time_ms == k_no_time) return otherwise;
  const auto at = [&](std::size_t rank) { return times_.begin() + static_cast<std::ptrdiff_t>(rank); };
  return static_cast<std::size_t>(std::upper_bound(at(first), at(last), time_ms) - times_.begin());
}

bool times_are_order(const Dataset& data) {
  const RowFields& fields = data.row_fields();
  return fields.order && fields.order == fields.time;
}

OrderKey order_key(const Dataset& data, const std::string& text) {
  OrderKey key;
  TimeForm form = TimeForm::none;
  if (parse_order(text, times_are_order(data) ? data.reading().time : data.reading().order, key, form) !=
      ParseStatus::ok)
    fail(ErrorCode::bad_event, data.rejected().file, "no order: " + quoted(text));
  return key;
}

std::optional<TimeStyle> common_style(const Dataset& data, std::size_t first, std::size_t count) {
  std::optional<TimeStyle> style;
  if (!data.row_fields().time) return style;
  for (std::size_t event = first; event < first + count; ++event) {
    const auto one =
        time_style(field_value(data.raw(event), data.row_style(), *data.row_fields().time), data.reading().time);
    if (one && style)
      widen(*style, *one);
    else if (one)
      style = one;
  }
  return style;
}

std::vector<PlacedRow> rows_between(const Dataset& data, const FileRows& rows, const PlacedRow* before,
                                    const PlacedRow* behind, std::span<const std::int64_t> times,
                                    const std::optional<TimeStyle>& style) {
  std::vector<PlacedRow> placed(times.size());
  // As the neighbour writes it, with the digits of the sequence.
  std::optional<TimeStyle> own;
  for (const PlacedRow* neighbour : {before, behind})
    if (!own && neighbour != nullptr) own = time_style(neighbour->time, data.reading().time);
  if (!own) own = style ? *style : style_without_example(data.reading().time);
  if (style) widen(*own, *style);
  std::optional<std::vector<std::string>> orders;
  if (data.row_fields().order && !times_are_order(data)) {
    const auto text = [](const PlacedRow* row) {
      return row != nullptr ? std::optional<std::string_view>(row->order) : std::nullopt;
    };
    orders = numbers_between(text(before), text(behind), times.size());
    if (!orders) orders = orders_beside(before, behind, times.size(), data.reading().order);
  }
  for (std::size_t i = 0; i < placed.size(); ++i) {
    PlacedRow& row = placed[i];
    row.time_ms = times[i];
    const bool is_known = row.time_ms != k_no_time;
    if (!is_known && times_are_order(data))
      row.time_ms = before == nullptr   ? behind->time_ms
                    : behind == nullptr ? before->time_ms
                                        : middle(before->time_ms, behind->time_ms, i + 1, placed.size() + 1);
    if (data.row_fields().time && row.time_ms != k_no_time) row.time = time_text(*own, row.time_ms, 0);
    if (times_are_order(data)) {
      order_by_time(data, row, is_known, before, behind);
    } else if (orders) {
      row.order = (*orders)[i];
      row.key = order_key(data, row.order);
      stay_between(row, before, behind);
    }
  }
  find_gaps(rows, before, behind, placed);
  return placed;
}

}  // namespace seqguard::cli
