#include "cli/rewrite_table.hpp"

#include <algorithm>
#include <optional>
#include <string_view>
#include <tuple>
#include <unordered_map>

#include "cli/new_rows.hpp"
#include "cli/read_input.hpp"
#include "events/sequence_name.hpp"
#include "seqguard/core/error.hpp"
#include "seqguard/events/rewrite.hpp"

namespace seqguard::cli {
namespace {

/// A row that is put into the file.
struct NewRow {
  std::size_t gap;      ///< of the rows of the file (FileRows)
  std::int64_t latest;  ///< its time, or that of an event before it
  std::string text;     ///< without line end
};

/// What is done to one event of a sequence.
struct OwnEdits {
  const Edit* value = nullptr;  ///< replaces or removes it
  const Edit* time = nullptr;   ///< sets its time
  bool is_removed() const { return value != nullptr && value->operation == EditOperation::remove; }
};

/// One event of the edited sequence: a row of the file, or a new one.
struct EditedEvent {
  PlacedRow row;
  const Edit* insertion = nullptr;
};

class TableRewriter {
 public:
  explicit TableRewriter(const Dataset& data) : data_(data), rows_(data) {}

  void edit(std::size_t s, const std::vector<Edit>& edits);
  std::string text();

 private:
  std::string edited_row(std::size_t event, const OwnEdits& own, const std::optional<TimeStyle>& style) const;
  std::string as_written(const FollowingColumn& following) const;
  std::string new_row(const DataSequence& sequence, const EditedEvent& event) const;
  PlacedRow placed(std::size_t event) const;
  void require_order(std::size_t s, const std::vector<EditedEvent>& events) const;
  std::string_view line_end() const;
  void append(std::string& text, std::string_view row) const;

  const Dataset& data_;
  FileRows rows_;
  std::unordered_map<std::size_t, std::string> changed_;  // by event; empty: the row goes
  std::vector<NewRow> new_rows_;
};

PlacedRow TableRewriter::placed(std::size_t event) const {
  PlacedRow row;
  const std::string_view raw = changed_.contains(event) ? std::string_view(changed_.at(event)) : data_.raw(event);
  const auto field = [&](const std::optional<std::size_t>& number) {
    return number ? field_value(raw, data_.row_style(), *number) : std::string();
  };
  row.time = field(data_.row_fields().time);
  row.order = field(data_.row_fields().order);
  if (data_.row_fields().order) row.key = order_key(data_, row.order);
  ExactTime time;
  if (parse_time(row.time, data_.reading().time, time) == ParseStatus::ok) row.time_ms = time.ms;
  row.place = rows_.rank(event);
  return row;
}

/// A number has the decimal sign of the file.
std::string TableRewriter::as_written(const FollowingColumn& following) const {
  std::string text = following.after;
  if (data_.columns()[following.column].kind == ColumnKind::numeric)
    std::replace(text.begin(), text.end(), '.', data_.row_style().decimal);
  return text;
}

/// The bytes of a row with the edited value, those that follow it, and the edited time.
std::string TableRewriter::edited_row(std::size_t event, const OwnEdits& own,
                                      const std::optional<TimeStyle>& style) const {
  std::string row(data_.raw(event));
  const auto put = [&](std::size_t field, std::string_view value) {
    row = replace_field(row, data_.row_style(), field, value);
  };
  if (own.value != nullptr) {
    put(data_.columns()[data_.primary()].field, own.value->after);
    for (const FollowingColumn& following : own.value->followed)
      put(data_.columns()[following.column].field, as_written(following));
  }
  if (own.time == nullptr) return row;
  if (!data_.row_fields().time)
    fail(ErrorCode::invalid_argument, data_.rejected().file, "an edit sets a time, and there is no time column");
  const std::size_t field = *data_.row_fields().time;
  const std::string before = field_value(row, data_.row_style(), field);
  ExactTime time;
  if (parse_time(before, data_.reading().time, time) != ParseStatus::ok) return row;  // not known, and stays so
  TimeStyle own_style = time_style(before, data_.reading().time).value();
  if (style) widen(own_style, *style);
  put(field, time_text(own_style, time.ms + own.time->shift_ms, time.ns));
  return row;
}

std::string TableRewriter::new_row(const DataSequence& sequence, const EditedEvent& event) const {
  const RowFields& fields = data_.row_fields();
  std::vector<std::string_view> values(fields.count);
  values[data_.columns()[data_.primary()].field] = event.insertion->after;
  std::vector<std::string> followed;
  followed.reserve(event.insertion->followed.size());  // the fields point into it
  for (const FollowingColumn& following : event.insertion->followed)
    values[data_.columns()[following.column].field] = followed.emplace_back(as_written(following));
  if (fields.key) values[*fields.key] = sequence.key;
  if (fields.time) values[*fields.time] = event.row.time;
  if (fields.order) values[*fields.order] = event.row.order;
  std::string text;
  append_row(text, data_.row_style(), values, data_.raw(sequence.first));
  text.pop_back();  // its line end is that of the file
  return text;
}

/// A reader sorts by the order column, and rows of equal order as they stand: that must give the edited sequence.
void TableRewriter::require_order(std::size_t s, const std::vector<EditedEvent>& events) const {
  for (std::size_t i = 1; i < events.size(); ++i) {
    const PlacedRow &a = events[i - 1].row, &b = events[i].row;
    // Gap i lies before row i.
    const std::size_t a_place = 2 * a.place + (events[i - 1].insertion == nullptr ? 1 : 0),
                      b_place = 2 * b.place + (events[i].insertion == nullptr ? 1 : 0);
    if (a.key < b.key || (a.key == b.key && a_place <= b_place)) continue;
    fail(ErrorCode::invalid_argument, data_.rejected().file,
         sequence_name(data_, s) + ": edited, event " + std::to_string(i) +
             " would be read before the one in front of it (column " + quoted(data_.order_column()) +
             " orders the events)",
         "at least " + a.order, b.order);
  }
}

void TableRewriter::edit(std::size_t s, const std::vector<Edit>& edits) {
  const DataSequence& sequence = data_.sequences()[s];
  std::vector<OwnEdits> own(sequence.count);
  std::vector<const Edit*> insertions;
  for (const Edit& edit : edits) {
    if (edit.only_reported) continue;
    if (!has_before(edit.operation)) {
      insertions.push_back(&edit);
      continue;
    }
    for (std::size_t i = 0; i < edit.count; ++i) {
      OwnEdits& event = own[edit.position + i];
      (edit.operation == EditOperation::set_time ? event.time : event.value) = &edit;
    }
  }
  std::sort(insertions.begin(), insertions.end(), [](const Edit* a, const Edit* b) { return edit_precedes(*a, *b); });
  const bool sets_time = std::any_of(own.begin(), own.end(), [](const OwnEdits& e) { return e.time != nullptr; });
  const bool moves = !insertions.empty() || (sets_time && times_are_order(data_));  // events, in the order of a reader
  const auto style =
      sets_time || moves ? common_style(data_, sequence.first, sequence.count) : std::optional<TimeStyle>();

  std::vector<EditedEvent> events;
  std::vector<std::int64_t> times;  // of the insertions that wait for the event behind them
  auto next = insertions.begin();
  const auto place_insertions = [&](const PlacedRow* behind) {
    const PlacedRow* before = events.empty() ? nullptr : &events.back().row;
    PlacedRow gone;
    if (before == nullptr && behind == nullptr) {
      gone = placed(sequence.first);  // nothing of the sequence is left but new rows
      before = &gone;
    }
    const std::vector<PlacedRow> rows = rows_between(data_, rows_, before, behind, times, style);
    std::int64_t latest = before != nullptr ? before->time_ms : k_no_time;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      latest = std::max(latest, rows[i].time_ms);
      events.push_back({rows[i], *(next - static_cast<std::ptrdiff_t>(rows.size() - i))});
      new_rows_.push_back({rows[i].place, latest, new_row(sequence, events.back())});
    }
    times.clear();
  };
  for (std::size_t i = 0; i <= sequence.count; ++i) {
    for (; next != insertions.end() && (*next)->position == i; ++next) times.push_back((*next)->time_ms);
    if (i == sequence.count) break;
    const std::size_t event = sequence.first + i;
    if (own[i].is_removed()) continue;
    if (own[i].value != nullptr || own[i].time != nullptr) changed_[event] = edited_row(event, own[i], style);
    if (!moves) continue;
    const PlacedRow row = placed(event);
    if (!times.empty()) place_insertions(&row);
    events.push_back({row});
  }
  if (!times.empty()) place_insertions(nullptr);
  for (std::size_t i = 0; i < sequence.count; ++i)
    if (own[i].is_removed()) changed_[sequence.first + i].clear();
  require_order(s, events);
}

/// That of the header, or where there is none (at most a byte order mark), of the first row.
std::string_view TableRewriter::line_end() const {
  const std::string_view head = data_.head();
  const std::string_view first = !head.ends_with('\n') && data_.events() > 0 ? data_.raw(0) : head;
  return first.ends_with("\r\n") ? "\r\n" : "\n";
}

/// A row may come behind one that ended the file without a line end.
void TableRewriter::append(std::string& text, std::string_view row) const {
  if (text.size() > data_.head().size() && text.back() != '\n') text += line_end();
  text += row;
}

std::string TableRewriter::text() {
  std::stable_sort(new_rows_.begin(), new_rows_.end(), [](const NewRow& a, const NewRow& b) {
    return std::tie(a.gap, a.latest) < std::tie(b.gap, b.latest);
  });
  std::string text(data_.head());
  auto row = new_rows_.begin();
  const std::span<const std::size_t> events = rows_.events();
  for (std::size_t rank = 0; rank <= events.size(); ++rank) {
    for (; row != new_rows_.end() && row->gap == rank; ++row) {
      append(text, row->text);
      text += line_end();
    }
    if (rank == events.size()) break;
    const auto changed = changed_.find(events[rank]);
    if (changed == changed_.end())
      append(text, data_.raw(events[rank]));
    else if (!changed->second.empty())
      append(text, changed->second);
  }
  const bool ends_line = events.empty() || data_.raw(events.back()).ends_with('\n');
  if (!ends_line && !new_rows_.empty() && new_rows_.back().gap == events.size())
    text.resize(text.size() - line_end().size());
  return text;
}

}  // namespace

std::string rewrite_table(const Dataset& data, const std::vector<Repair>& repairs) {
  TableRewriter rewriter(data);
  for (std::size_t s = 0; s < repairs.size(); ++s)
    if (!repairs[s].edits.empty()) rewriter.edit(s, repairs[s].edits);
  return rewriter.text();
}

}  // namespace seqguard::cli
