#include "seqguard/sequence_scorer/damage_signs.hpp"

#include <algorithm>

namespace seqguard {
inline namespace v0 {
namespace {

/// A repetition farther away is no stutter but an event of its own.
constexpr std::size_t k_near = 3;

bool same(const ColumnView& values, std::size_t a, std::size_t b) {
  return values.is_text() ? values.text(a) == values.text(b) : values.ids()[a] == values.ids()[b];
}

bool repeats(const ColumnView& values, std::size_t i) {
  for (std::size_t back = 1; back <= std::min(i, k_near); ++back)
    if (same(values, i, i - back)) return true;
  return false;
}

}  // namespace

DamageSigns damage_signs(const Repair& repair, const EventsView& events, std::size_t primary) {
  DamageSigns signs;
  for (const Edit& edit : repair.edits) {
    switch (edit.operation) {
      case EditOperation::replace:
        ++signs.wrong;
        break;
      case EditOperation::remove:
        for (std::size_t i = edit.position; i < edit.position + edit.count; ++i)
          ++(repeats(events.columns[primary], i) ? signs.repeated : signs.foreign);
        break;
      case EditOperation::insert:
        ++signs.missing;
        break;
      case EditOperation::set_time:
        signs.times += edit.count;
        break;
    }
  }
  return signs;
}

std::vector<std::string> DamageSigns::in_words() const {
  std::vector<std::string> words;
  const auto add = [&](std::size_t count, const std::string& one, const std::string& several) {
    if (count > 0) words.push_back(count == 1 ? one : std::to_string(count) + " " + several);
  };
  add(repeated, "a repeated event", "repeated events");
  add(foreign, "a foreign event", "foreign events");
  add(wrong, "a wrong event", "wrong events");
  add(missing, "an event is missing", "events are missing");
  add(times, "a time out of order", "times out of order");
  return words;
}

}  // namespace v0
}  // namespace seqguard
