#include "seqguard/events/edit_script.hpp"

#include <algorithm>
#include <numeric>
#include <string>

#include "seqguard/core/error.hpp"
#include "seqguard/events/edit_events.hpp"

namespace seqguard {
inline namespace v0 {

std::string_view to_string(EditOperation operation) noexcept {
  switch (operation) {
    case EditOperation::replace:
      return "replace";
    case EditOperation::remove:
      return "delete";
    case EditOperation::insert:
      return "insert";
  }
  return "unknown";
}

void apply_script(std::span<const EventEdit> script, const EncodedEvents& original, const EventSchema& schema,
                  EncodedEvents& out, std::vector<std::size_t>& origins) {
  std::vector<EventEdit> order(script.begin(), script.end());
  std::sort(order.begin(), order.end(), edit_precedes<EventEdit>);
  out = original;
  origins.resize(original.n);
  std::iota(origins.begin(), origins.end(), std::size_t{0});
  EncodedEvents inserted;
  // From the last to the first: what precedes an edit keeps its place.
  for (auto edit = order.rbegin(); edit != order.rend(); ++edit) {
    const std::size_t end = original.n + (has_before(edit->operation) ? 0 : 1);
    if (edit->position >= end)
      fail(ErrorCode::out_of_range, "edit", "its position is beyond the sequence", "below " + std::to_string(end),
           std::to_string(edit->position));
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
        make_event(inserted, schema, edit->type);
        insert_events(out, schema, edit->position, inserted);
        origins.insert(origin, k_inserted);
        break;
    }
  }
}

}  // namespace v0
}  // namespace seqguard
