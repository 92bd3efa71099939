#include "seqguard/events/edit_script.hpp"

#include <algorithm>
#include <limits>
#include <numeric>
#include <string>

#include "seqguard/core/error.hpp"
#include "seqguard/events/edit_events.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

constexpr bool has_count(EditOperation operation) noexcept {
  return operation == EditOperation::remove || operation == EditOperation::set_time;
}

/// One edit for each event, in the order of the script.
std::vector<EventEdit> one_by_one(std::span<const EventEdit> script, std::size_t n) {
  std::vector<EventEdit> edits;
  for (const EventEdit& edit : script) {
    if (edit.count == 0 || (edit.count > 1 && !has_count(edit.operation)))
      fail(ErrorCode::invalid_argument, "edit", "number of its events", has_count(edit.operation) ? "1 or more" : "1",
           std::to_string(edit.count));
    const std::size_t end = n + (has_before(edit.operation) ? 0 : 1);
    if (edit.position >= end || edit.count > end - edit.position)
      fail(ErrorCode::out_of_range, "edit", "its position is beyond the sequence", "below " + std::to_string(end),
           std::to_string(edit.position + (edit.position < end ? edit.count - 1 : 0)));
    EventEdit one = edit;
    one.count = 1;
    for (std::size_t i = 0; i < edit.count; ++i, ++one.position) edits.push_back(one);
  }
  std::sort(edits.begin(), edits.end(), edit_precedes<EventEdit>);
  const auto same = [](const EventEdit& a, const EventEdit& b) { return !edit_precedes(a, b); };
  if (const auto twice = std::adjacent_find(edits.begin(), edits.end(), same); twice != edits.end())
    fail(ErrorCode::invalid_argument, "edit",
         "event " + std::to_string(twice->position) +
             (has_before(twice->operation) ? " is edited twice" : " has two insertions of one rank before it"));
  return edits;
}

void set_times(std::span<const EventEdit> edits, const EventSchema& schema, EncodedEvents& events) {
  for (const EventEdit& edit : edits) {
    if (edit.operation != EditOperation::set_time) continue;
    if (events.time_ms.empty())
      fail(ErrorCode::invalid_argument, "edit", "sets a time", "a sequence with times", "no times");
    std::int64_t& time = events.time_ms[edit.position];
    if (time == k_no_time) continue;
    constexpr std::int64_t k_most = std::numeric_limits<std::int64_t>::max();
    if (edit.shift_ms > 0 ? time > k_most - edit.shift_ms : time < -k_most - edit.shift_ms)
      fail(ErrorCode::out_of_range, "edit", "the time of event " + std::to_string(edit.position), "64 bits",
           std::to_string(time) + " + " + std::to_string(edit.shift_ms));
    time += edit.shift_ms;
    encode_gaps(events, schema, edit.position, std::min(events.n, edit.position + 2));
  }
}

}  // namespace

std::string_view to_string(EditOperation operation) noexcept {
  switch (operation) {
    case EditOperation::replace:
      return "replace";
    case EditOperation::remove:
      return "delete";
    case EditOperation::insert:
      return "insert";
    case EditOperation::set_time:
      return "set_time";
  }
  return "unknown";
}

std::size_t event_beside(std::span<const EventEdit> script, std::size_t position, std::size_t n) {
  const auto stays = [&](std::size_t i) {
    return std::none_of(script.begin(), script.end(), [&](const EventEdit& edit) {
      return edit.operation == EditOperation::remove && edit.position <= i && i - edit.position < edit.count;
    });
  };
  for (std::size_t i = position; i-- > 0;)
    if (stays(i)) return i;
  for (std::size_t i = position; i < n; ++i)
    if (stays(i)) return i;
  return std::min(position, n - 1);
}

void apply_script(std::span<const EventEdit> script, const EncodedEvents& original, const EventSchema& schema,
                  EncodedEvents& out, std::vector<std::size_t>& origins) {
  const std::vector<EventEdit> order = one_by_one(script, original.n);
  out = original;
  origins.resize(original.n);
  std::iota(origins.begin(), origins.end(), std::size_t{0});
  set_times(order, schema, out);
  EncodedEvents inserted;
  // From the last to the first: what precedes an edit keeps its place.
  for (auto edit = order.rbegin(); edit != order.rend(); ++edit) {
    const auto origin = origins.begin() + static_cast<std::ptrdiff_t>(edit->position);
    switch (edit->operation) {
      case EditOperation::replace:
        replace_event(out, schema, edit->position, edit->type);
        break;
      case EditOperation::remove:
        remove_events(out, schema, edit->position);
        origins.erase(origin);
        break;
      case EditOperation::insert:
        if (original.n > 0)
          make_event(inserted, schema, edit->type, edit->time_ms, &original,
                     event_beside(order, edit->position, original.n));
        else
          make_event(inserted, schema, edit->type, edit->time_ms);
        insert_events(out, schema, edit->position, inserted);
        origins.insert(origin, k_inserted);
        break;
      case EditOperation::set_time:
        break;  // done before
    }
  }
}

}  // namespace v0
}  // namespace seqguard
