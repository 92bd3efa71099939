#include "seqguard/training/non_finite_guard.hpp"

#include <string>

#include "seqguard/core/error.hpp"

namespace seqguard {
inline namespace v0 {

bool NonFiniteGuard::skip(std::uint64_t limit) noexcept {
  ++skipped;
  return ++in_a_row >= limit;
}

void NonFiniteGuard::end(std::string_view what, std::uint64_t step) const {
  std::string message = "the " + std::string(what) + " of step " + std::to_string(step) + " is not finite";
  if (in_a_row > 1)
    message += ", the " + std::to_string(in_a_row) +
               "th step in a row without finite loss and gradient; none of them " + "has changed the weights";
  fail(ErrorCode::non_finite, "training", message);
}

}  // namespace v0
}  // namespace seqguard
