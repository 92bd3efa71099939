// What is done to a sequence, in the positions of the original: an ordered list of edits.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "seqguard/events/encode.hpp"
#include "seqguard/events/schema.hpp"

namespace seqguard {
inline namespace v0 {

enum class EditOperation {
  replace,  ///< another value in the primary column, and in the columns that follow from it
  remove,   ///< the event goes
  insert,   ///< a new event
};
/// "replace", "delete", "insert".
std::string_view to_string(EditOperation operation) noexcept;

/// Whether the original has the event: all but an inserted one.
constexpr bool has_before(EditOperation operation) noexcept {
  switch (operation) {
    case EditOperation::replace:
    case EditOperation::remove:
      return true;
    case EditOperation::insert:
      break;
  }
  return false;
}

/// Whether the edited sequence has the event: all but a removed one.
constexpr bool has_after(EditOperation operation) noexcept {
  switch (operation) {
    case EditOperation::replace:
    case EditOperation::insert:
      return true;
    case EditOperation::remove:
      break;
  }
  return false;
}

/// An edit of a sequence of encoder input.
struct EventEdit {
  EditOperation operation = EditOperation::replace;
  std::size_t position = 0;  ///< in the original sequence: the event itself; of insert, the event before which the new
                             ///< one comes (as many as there are events: at the end)
  std::size_t rank = 0;      ///< order of the insertions at one position; 0 for the others
  TypeId type = 0;           ///< the new value of the primary column; meaningless for remove
};

/// The order of a script: by position; what is inserted before an event, by rank, comes before what is done to the
/// event. For anything with the members operation, position and rank.
template <class E>
bool edit_precedes(const E& a, const E& b) {
  if (a.position != b.position) return a.position < b.position;
  const bool a_stands = has_before(a.operation), b_stands = has_before(b.operation);
  return a_stands != b_stands ? b_stands : a.rank < b.rank;
}

/// Applies `script`, in any order, to `original`. `out` becomes the edited sequence; origins [out.n] the positions that
/// its events had, k_inserted for new ones. At most one edit of an event itself; new events have no time of their own.
/// @throws Error out_of_range for a position beyond the sequence.
void apply_script(std::span<const EventEdit> script, const EncodedEvents& original, const EventSchema& schema,
                  EncodedEvents& out, std::vector<std::size_t>& origins);
inline constexpr std::size_t k_inserted = static_cast<std::size_t>(-1);

}  // namespace v0
}  // namespace seqguard
