// Times that fall though the order of the events is known: sorted, or a stretch of them moved.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "seqguard/events/edit_script.hpp"
#include "seqguard/events/encode.hpp"
#include "seqguard/repair/gap_model.hpp"

namespace seqguard {
inline namespace v0 {

struct TimeRepair {
  std::vector<EventEdit> edits;  ///< set_time, by position; empty: nothing is to be done
  /// One stretch was moved: its times are right up to the true gap at one of its ends, which nobody knows.
  bool is_estimate = false;
  double gain = 0;  ///< in log-likelihood of the gaps
  /// Not all stretches were tried: there are more than 100,000 (reached above 300 events), or a time lies beyond 2^61
  /// ms, and the sequence was left as it is.
  bool is_complete = true;
};

struct TimeRepairOptions {
  /// Share of the normals with times out of order up to which such times are wrong; above it nothing is repaired.
  double most_disordered = 0.01;
};

/// Repairs a sequence in which a time lies before the one in front of it; any other gets no edit. L(t) = sum of the
/// log- likelihoods of the gaps (GapModel). Candidates:
/// - sort: the times in order, the events as they stand;
/// - move: for a time t_j that falls, a stretch [j, o) later, or [o, j) earlier, by what makes one of its end gaps the
///   median of its pair or 100 ms 2^(k/2), k = 1 .. 39. A stretch that ends with the sequence pays 3.
/// The best L is taken; a move must beat the sorted times by 2. Events without a time are passed over. Allocates
/// nothing but for a sequence out of order. Thread-safe.
void repair_times(const GapModel& model, const EncodedEvents& events, TimeRepair& out,
                  const TimeRepairOptions& options = {});

}  // namespace v0
}  // namespace seqguard
