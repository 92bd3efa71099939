// The guard against outliers: a step whose gradient is far larger than those of late changes nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace seqguard {
inline namespace v0 {

struct OutlierOptions {
  /// A step is left out if the norm of its gradient (before clipping) is above `factor` times the median of the last
  /// `window` norms. 0: no step.
  double factor = 0;
  std::uint64_t window = 64;
  std::uint64_t at_least = 16;  ///< no step is left out before so many norms are known
};

/// @throws Error invalid_argument: a factor that is neither 0 nor above 1; no window; more norms needed than it holds.
void check_outliers(const OutlierOptions& options);

/// The last norms: has to be stored to go on bit for bit.
struct OutlierGuard {
  std::vector<double> norms;  ///< the latest, each at its number modulo the window
  std::uint64_t seen = 0;
  std::uint64_t skipped = 0;  ///< steps that were left out

  /// Whether a step with this norm, a finite one, is left out. It counts among the last norms either way: the median
  /// bears less than half of them, and where gradients have grown for good they are the rule after half a window.
  bool rejects(double norm, const OutlierOptions& options);

  template <class Self, class Visit>
  static void visit_fields(Self& self, const Visit& visit) {
    visit("norms", self.norms);
    visit("seen", self.seen);
    visit("skipped", self.skipped);
  }
};

}  // namespace v0
}  // namespace seqguard
