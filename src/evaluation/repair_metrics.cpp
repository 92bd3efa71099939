#include "seqguard/evaluation/repair_metrics.hpp"

#include <algorithm>
#include <numeric>

#include "evaluation/align_times.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

/// Equals no value: not UTF-8.
constexpr std::string_view k_no_value = "\xFF";

/// An edit of one value.
struct Change {
  EditOperation operation;
  std::size_t position, rank;
  std::string_view value;

  std::size_t end() const { return position + (has_before(operation) ? 1 : 0); }  // of what it concerns
};

void apply_change(Values& values, const Change& edit) {
  const auto place = values.begin() + static_cast<std::ptrdiff_t>(edit.position);
  switch (edit.operation) {
    case EditOperation::replace:
      *place = edit.value;
      break;
    case EditOperation::remove:
      values.erase(place);
      break;
    case EditOperation::insert:
      values.insert(place, edit.value);
      break;
    case EditOperation::set_time:
      break;
  }
}

void require_within(const Edit& edit, std::size_t n) {
  const std::size_t end = n + (has_before(edit.operation) ? 0 : 1);
  if (edit.position >= end || edit.count > end - edit.position)
    fail(ErrorCode::out_of_range, "edit", "its position is beyond the sequence", "below " + std::to_string(end),
         std::to_string(edit.position));
}

/// What is done to the values, from the last to the first: what precedes an edit keeps its place.
std::vector<Change> from_the_last(std::span<const Edit> edits, std::size_t n) {
  std::vector<Change> changes;
  for (const Edit& edit : edits) {
    require_within(edit, n);
    if (edit.only_reported || edit.operation == EditOperation::set_time) continue;
    for (std::size_t i = 0; i < edit.count; ++i)
      changes.push_back({edit.operation, edit.position + i, edit.rank, edit.after});
  }
  std::stable_sort(changes.begin(), changes.end(),
                   [](const Change& a, const Change& b) { return edit_precedes(b, a); });
  return changes;
}

std::size_t common_start(std::span<const std::string_view> a, std::span<const std::string_view> b) {
  return static_cast<std::size_t>(std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin());
}
std::size_t common_end(std::span<const std::string_view> a, std::span<const std::string_view> b) {
  return static_cast<std::size_t>(std::mismatch(a.rbegin(), a.rend(), b.rbegin(), b.rend()).first - a.rbegin());
}

/// row[j], the distance of some values from b[0 .. j), becomes that of the values with one more behind them.
void append_value(std::vector<std::size_t>& row, std::string_view value, std::span<const std::string_view> b) {
  std::size_t diagonal = row[0];
  ++row[0];
  for (std::size_t j = 1; j <= b.size(); ++j) {
    const std::size_t above = row[j];
    row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (value == b[j - 1] ? 0 : 1)});
    diagonal = above;
  }
}

/// row[j], the distance of some values from b[j .. ), becomes that of the values with one more before them.
void prepend_value(std::vector<std::size_t>& row, std::string_view value, std::span<const std::string_view> b) {
  std::size_t diagonal = row[b.size()];
  ++row[b.size()];
  for (std::size_t j = b.size(); j-- > 0;) {
    const std::size_t below = row[j];
    row[j] = std::min({below + 1, row[j + 1] + 1, diagonal + (value == b[j] ? 0 : 1)});
    diagonal = below;
  }
}

/// Distances of a sequence from its clean twin while changes are made from the last to the first. What lies before a
/// change is as it was, what lies behind is as it stays: the distance of the whole is the least sum of that of the one
/// part from clean[0 .. j) and of the other from clean[j .. ). Each change costs |clean|.
class ChangingDistance {
 public:
  /// `changes` from the last to the first, at least one.
  ChangingDistance(std::span<const std::string_view> damaged, std::span<const std::string_view> clean,
                   std::span<const Change> changes) {
    // What is equal at both ends, and not changed, adds nothing.
    begin_ = std::min(common_start(damaged, clean), changes.back().position);
    const std::size_t end = std::max_element(changes.begin(), changes.end(), [](const Change& a, const Change& b) {
                              return a.end() < b.end();
                            })->end();
    const std::size_t tail = std::min({common_end(damaged, clean), damaged.size() - std::max(end, begin_),
                                       damaged.size() - begin_, clean.size() - begin_});
    damaged_ = damaged.subspan(begin_, damaged.size() - begin_ - tail);
    clean_ = clean.subspan(begin_, clean.size() - begin_ - tail);
    std::vector<std::size_t> row(clean_.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    std::size_t i = 0;
    for (auto change = changes.rbegin(); change != changes.rend(); ++change) {
      for (; begin_ + i < change->position; ++i) append_value(row, damaged_[i], clean_);
      starts_.push_back(row);
    }
    end_row_.resize(clean_.size() + 1);
    std::iota(end_row_.rbegin(), end_row_.rend(), std::size_t{0});
    kept_ = damaged_.size();
  }

  /// Makes the next change. @return the distances after it, and with a value that nothing equals in its place.
  struct Distances {
    std::size_t after, struck;
  };
  Distances make(const Change& change) {
    for (; begin_ + kept_ > change.end(); --kept_) prepend_value(end_row_, damaged_[kept_ - 1], clean_);
    kept_ = change.position - begin_;
    std::vector<std::size_t> struck = end_row_;
    prepend_value(struck, k_no_value, clean_);
    if (has_after(change.operation)) prepend_value(end_row_, change.value, clean_);
    const std::vector<std::size_t> start = std::move(starts_.back());
    starts_.pop_back();
    return {least_sum(start, end_row_), least_sum(start, struck)};
  }

 private:
  static std::size_t least_sum(const std::vector<std::size_t>& a, const std::vector<std::size_t>& b) {
    std::size_t least = a[0] + b[0];
    for (std::size_t j = 1; j < a.size(); ++j) least = std::min(least, a[j] + b[j]);
    return least;
  }

  std::span<const std::string_view> damaged_, clean_;
  std::size_t begin_ = 0;                         // of both, in the whole
  std::vector<std::vector<std::size_t>> starts_;  // for each change: distances of what lies before it
  std::vector<std::size_t> end_row_;              // of what lies behind, changed
  std::size_t kept_ = 0;                          // values of damaged_ before that
};

/// What the edits make of the time of each event; k_no_time: the event is gone.
std::vector<std::int64_t> edited_times(std::span<const std::int64_t> times, std::span<const Edit> edits) {
  std::vector<std::int64_t> result(times.begin(), times.end());
  for (const Edit& edit : edits) {
    if (edit.only_reported || edit.operation != EditOperation::set_time) continue;
    for (std::size_t i = edit.position; i < edit.position + edit.count; ++i)
      if (result[i] != k_no_time) result[i] += edit.shift_ms;
  }
  for (const Edit& edit : edits)
    if (!edit.only_reported && edit.operation == EditOperation::remove)
      std::fill_n(result.begin() + static_cast<std::ptrdiff_t>(edit.position), edit.count, k_no_time);
  return result;
}

void measure_times(RepairMetrics& m, const TimedValues& damaged, const TimedValues& clean,
                   std::span<const Edit> edits) {
  const auto is_near = [](std::int64_t a, std::int64_t b) {
    constexpr double k_minute = 60'000;
    return a != k_no_time && std::abs(static_cast<double>(a) - static_cast<double>(b)) <= k_minute;
  };
  const std::vector<std::size_t> partner = aligned(damaged, clean, m.errors);
  const std::vector<std::int64_t> after = edited_times(damaged.times, edits);
  std::size_t near_after = 0;
  for (std::size_t i = 0; i < partner.size(); ++i) {
    if (partner[i] == k_unmatched) continue;
    const std::int64_t time = damaged.times[i], truth = clean.times[partner[i]];
    if (time == truth || time == k_no_time || truth == k_no_time) continue;
    ++m.wrong_times;
    m.near_before += is_near(time, truth) ? 1 : 0;
    near_after += is_near(after[i], truth) ? 1 : 0;
  }
  m.near_after = near_after;
  m.clocks = m.wrong_times > 0 ? 1 : 0;
  m.clocks_right = m.clocks > 0 && near_after == m.wrong_times ? 1 : 0;
}

}  // namespace

std::size_t edit_distance(std::span<const std::string_view> a, std::span<const std::string_view> b) {
  const std::size_t same_start = common_start(a, b);
  a = a.subspan(same_start);
  b = b.subspan(same_start);
  const std::size_t same_end = common_end(a, b);
  a = a.first(a.size() - same_end);
  b = b.first(b.size() - same_end);
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (const std::string_view value : a) append_value(row, value, b);
  return row.back();
}

Values apply_edits(std::span<const std::string_view> values, std::span<const Edit> edits) {
  Values result(values.begin(), values.end());
  for (const Change& change : from_the_last(edits, values.size())) apply_change(result, change);
  return result;
}

void RepairMetrics::add(const RepairMetrics& other) noexcept {
  for (const auto field :
       {&RepairMetrics::sequences, &RepairMetrics::errors, &RepairMetrics::left, &RepairMetrics::edits,
        &RepairMetrics::located, &RepairMetrics::right, &RepairMetrics::exact, &RepairMetrics::reported,
        &RepairMetrics::undamaged, &RepairMetrics::touched, &RepairMetrics::harm, &RepairMetrics::time_edits,
        &RepairMetrics::wrong_times, &RepairMetrics::near_before, &RepairMetrics::near_after, &RepairMetrics::clocks,
        &RepairMetrics::clocks_right})
    this->*field += other.*field;
}

double RepairMetrics::net_reduction() const noexcept {
  return errors > 0 ? 1 - static_cast<double>(left) / static_cast<double>(errors) : 0;
}

double RepairMetrics::put_right() const noexcept {
  return errors > 0 ? static_cast<double>(right) / static_cast<double>(errors) : 0;
}

RepairMetrics measure_repair(std::span<const std::string_view> damaged, std::span<const std::string_view> clean,
                             std::span<const Edit> edits, std::span<const std::int64_t> damaged_times,
                             std::span<const std::int64_t> clean_times) {
  const bool has_times = !damaged_times.empty() && !clean_times.empty();
  if (has_times && (damaged_times.size() != damaged.size() || clean_times.size() != clean.size()))
    fail(ErrorCode::invalid_argument, "times", "not as many as values",
         std::to_string(damaged.size()) + " and " + std::to_string(clean.size()),
         std::to_string(damaged_times.size()) + " and " + std::to_string(clean_times.size()));
  RepairMetrics m;
  const std::vector<Change> changes = from_the_last(edits, damaged.size());
  m.errors = edit_distance(damaged, clean);
  m.sequences = m.errors > 0 ? 1 : 0;
  m.edits = changes.size();
  std::size_t distance = m.errors;
  if (!changes.empty()) {
    ChangingDistance changing(damaged, clean, changes);
    for (const Change& change : changes) {
      const auto [after, struck] = changing.make(change);
      m.located += struck == distance ? 1 : 0;
      m.right += after < distance ? 1 : 0;
      distance = after;
    }
  }
  m.exact = m.sequences > 0 && distance == 0 ? 1 : 0;
  for (const Edit& edit : edits) {
    if (edit.only_reported) m.reported += edit.count;
    if (!edit.only_reported && edit.operation == EditOperation::set_time) m.time_edits += edit.count;
  }
  if (has_times) measure_times(m, {damaged, damaged_times}, {clean, clean_times}, edits);
  const bool is_damaged = m.sequences > 0 || m.clocks > 0;
  m.undamaged = is_damaged ? 0 : 1;
  m.touched = !is_damaged && m.edits + m.time_edits > 0 ? 1 : 0;
  (is_damaged ? m.left : m.harm) = distance;
  return m;
}

}  // namespace v0
}  // namespace seqguard
