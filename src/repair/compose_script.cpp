#include "repair/compose_script.hpp"

#include <algorithm>
#include <cstdint>

namespace seqguard {
inline namespace v0 {
namespace {

bool is_removal(const ProposedEdit& edit) { return edit.edit.operation == EditOperation::remove; }

/// Removals that follow each other become one; `script` is in the order of edit_precedes().
void merge_removals(std::vector<ProposedEdit>& script) {
  std::size_t kept = 0;
  for (std::size_t k = 0; k < script.size(); ++k) {
    ProposedEdit* const last = kept > 0 ? &script[kept - 1] : nullptr;
    if (last != nullptr && last->only_reported == script[k].only_reported && is_removal(*last) &&
        is_removal(script[k]) && last->edit.position + last->edit.count == script[k].edit.position) {
      const auto a = static_cast<double>(last->edit.count), b = static_cast<double>(script[k].edit.count);
      last->probability = (a * last->probability + b * script[k].probability) / (a + b);
      last->gain += script[k].gain;
      last->edit.count += script[k].edit.count;
    } else {
      script[kept++] = script[k];
    }
  }
  script.resize(kept);
}

}  // namespace

void compose_scripts(std::span<const EventEdit> first, std::size_t n, std::span<const std::size_t> origins,
                     std::span<const ProposedEdit> second, std::vector<ProposedEdit>& out) {
  out.clear();
  // What a rule does is certain for it.
  for (const EventEdit& edit : first)
    out.push_back({edit, 1, edit.operation == EditOperation::remove ? static_cast<double>(edit.count) : 0});
  for (const ProposedEdit& proposed : second) {
    ProposedEdit edit = proposed;
    if (!is_removal(edit)) {
      edit.edit.position = edit.edit.position < origins.size() ? origins[edit.edit.position] : n;
      out.push_back(edit);
      continue;
    }
    // Between neighbours of the second pass the first one may have taken events out.
    for (std::size_t i = 0; i < proposed.edit.count; ++i) {
      edit.edit.position = origins[proposed.edit.position + i];
      edit.edit.count = 1;
      edit.gain = proposed.gain / static_cast<double>(proposed.edit.count);
      out.push_back(edit);
    }
  }
  std::stable_sort(out.begin(), out.end(),
                   [](const ProposedEdit& a, const ProposedEdit& b) { return edit_precedes(a.edit, b.edit); });
  merge_removals(out);
}

void set_inserted_times(const EncodedEvents& events, const GapModel& gaps, std::vector<ProposedEdit>& script) {
  if (events.time_ms.empty()) return;
  for (std::size_t first = 0; first < script.size();) {
    if (script[first].edit.operation != EditOperation::insert) {
      ++first;
      continue;
    }
    const std::size_t at = script[first].edit.position;
    std::size_t last = first;
    while (last < script.size() && script[last].edit.operation == EditOperation::insert &&
           script[last].edit.position == at)
      ++last;
    const std::int64_t before = at > 0 ? events.time_ms[at - 1] : k_no_time;
    const std::int64_t behind = at < events.n ? events.time_ms[at] : k_no_time;
    const auto count = static_cast<std::int64_t>(last - first);
    if (before != k_no_time && behind != k_no_time && before <= behind) {
      const std::int64_t gap = GapModel::gap_ms(before, behind) / (count + 1);
      for (std::int64_t k = 0; k < count; ++k)
        script[first + static_cast<std::size_t>(k)].edit.time_ms = before + (k + 1) * gap;
    } else if (before != k_no_time) {
      std::int64_t time = before;
      TypeId type = events.types[at - 1];
      for (std::size_t k = first; k < last; ++k) {
        time += gaps.median_ms(type, script[k].edit.type);
        script[k].edit.time_ms = time;
        type = script[k].edit.type;
      }
    } else if (behind != k_no_time) {
      std::int64_t time = behind;
      TypeId type = events.types[at];
      for (std::size_t k = last; k-- > first;) {
        time -= gaps.median_ms(script[k].edit.type, type);
        script[k].edit.time_ms = time;
        type = script[k].edit.type;
      }
    }
    first = last;
  }
}

}  // namespace v0
}  // namespace seqguard
