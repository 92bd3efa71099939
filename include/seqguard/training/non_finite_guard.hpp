// The guard against NaN and infinity: a step whose loss or gradient is not finite changes nothing, and too many of them
// in a row end the training.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace seqguard {
inline namespace v0 {

/// What is known of the steps so far: has to be stored to go on bit for bit.
struct NonFiniteGuard {
  std::uint64_t skipped = 0;   ///< steps that were left out
  std::uint64_t in_a_row = 0;  ///< of them, those since the last step that was finite

  void pass() noexcept { in_a_row = 0; }
  /// Counts a step; whether it is the `limit`-th in a row, so that the training has to end.
  bool skip(std::uint64_t limit) noexcept;
  /// `what`: of step `step`, "loss" or "gradient". @throws Error non_finite always, with the number of steps in a row.
  [[noreturn]] void end(std::string_view what, std::uint64_t step) const;

  template <class Self, class Visit>
  static void visit_fields(Self& self, const Visit& visit) {
    visit("skipped", self.skipped);
    visit("in_a_row", self.in_a_row);
  }
};

}  // namespace v0
}  // namespace seqguard
