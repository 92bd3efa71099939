// What can be done to an event, and the order in which a script names it.
#pragma once

#include <string_view>

namespace seqguard {
inline namespace v0 {

enum class EditOperation {
  replace,   ///< another value in the primary column, and in the columns that follow from it
  remove,    ///< the event goes
  insert,    ///< a new event
  set_time,  ///< the event stays, its time changes
};
/// "replace", "delete", "insert", "set_time".
std::string_view to_string(EditOperation operation) noexcept;

/// Whether the original has the event: all but an inserted one.
constexpr bool has_before(EditOperation operation) noexcept { return operation != EditOperation::insert; }

/// Whether the edited sequence has the event: all but a removed one.
constexpr bool has_after(EditOperation operation) noexcept { return operation != EditOperation::remove; }

/// The order of a script: by position; at one position what is inserted before the event, by rank, then its time, then
/// what is done to the event. For anything with the members operation, position and rank.
template <class E>
bool edit_precedes(const E& a, const E& b) {
  const auto stage = [](EditOperation operation) {
    return operation == EditOperation::insert ? 0 : operation == EditOperation::set_time ? 1 : 2;
  };
  if (a.position != b.position) return a.position < b.position;
  const int a_stage = stage(a.operation), b_stage = stage(b.operation);
  return a_stage != b_stage ? a_stage < b_stage : a.rank < b.rank;
}

}  // namespace v0
}  // namespace seqguard
