#include "seqguard/evaluation/repair_metrics.hpp"

#include <algorithm>
#include <numeric>

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

/// The same place holds a value that nothing equals: an event that is there, or one that is missing.
Change struck_out(Change edit) {
  if (edit.operation == EditOperation::remove) edit.operation = EditOperation::replace;
  edit.value = k_no_value;
  return edit;
}

/// What is done to the values, from the last to the first: what precedes an edit keeps its place.
std::vector<Change> from_the_last(std::span<const Edit> edits, std::size_t n) {
  std::vector<Change> changes;
  for (const Edit& edit : edits) {
    if (edit.only_reported || edit.operation == EditOperation::set_time) continue;
    const std::size_t end = n + (has_before(edit.operation) ? 0 : 1);
    if (edit.position >= end || edit.count > end - edit.position)
      fail(ErrorCode::out_of_range, "edit", "its position is beyond the sequence", "below " + std::to_string(end),
           std::to_string(edit.position));
    for (std::size_t i = 0; i < edit.count; ++i)
      changes.push_back({edit.operation, edit.position + i, edit.rank, edit.after});
  }
  std::stable_sort(changes.begin(), changes.end(),
                   [](const Change& a, const Change& b) { return edit_precedes(b, a); });
  return changes;
}

}  // namespace

std::size_t edit_distance(std::span<const std::string_view> a, std::span<const std::string_view> b) {
  const auto same_start =
      static_cast<std::size_t>(std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin());
  a = a.subspan(same_start);
  b = b.subspan(same_start);
  const auto same_end =
      static_cast<std::size_t>(std::mismatch(a.rbegin(), a.rend(), b.rbegin(), b.rend()).first - a.rbegin());
  a = a.first(a.size() - same_end);
  b = b.first(b.size() - same_end);
  std::vector<std::size_t> row(b.size() + 1);  // distances of a[0 .. i) from b[0 .. j)
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row.back();
}

Values apply_edits(std::span<const std::string_view> values, std::span<const Edit> edits) {
  Values result(values.begin(), values.end());
  for (const Change& change : from_the_last(edits, values.size())) apply_change(result, change);
  return result;
}

void RepairMetrics::add(const RepairMetrics& other) noexcept {
  sequences += other.sequences;
  errors += other.errors;
  left += other.left;
  edits += other.edits;
  located += other.located;
  right += other.right;
  exact += other.exact;
}

RepairMetrics measure_repair(std::span<const std::string_view> damaged, std::span<const std::string_view> clean,
                             std::span<const Edit> edits) {
  RepairMetrics m;
  Values values(damaged.begin(), damaged.end());
  std::size_t distance = edit_distance(values, clean);
  m.errors = distance;
  m.sequences = distance > 0 ? 1 : 0;
  for (const Change& change : from_the_last(edits, damaged.size())) {
    Values struck = values;
    apply_change(struck, struck_out(change));
    const bool wrong_event = edit_distance(struck, clean) == distance;
    apply_change(values, change);
    ++m.edits;
    const std::size_t after = edit_distance(values, clean);
    m.located += wrong_event ? 1 : 0;
    m.right += after < distance ? 1 : 0;
    distance = after;
  }
  m.left = distance;
  m.exact = m.sequences > 0 && distance == 0 ? 1 : 0;
  return m;
}

}  // namespace v0
}  // namespace seqguard
