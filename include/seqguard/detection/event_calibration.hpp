// What a single event is compared with: the events of normals that the encoder has not seen.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "seqguard/detection/normals.hpp"
#include "seqguard/detection/tail_calibration.hpp"
#include "seqguard/events/vocabulary.hpp"

namespace seqguard {
inline namespace v0 {

/// What a likelihood does not see: a value that stood earlier in its sequence (the event before it makes a duplicate
/// plausible), and one that nobody has seen (all of them are UNK, of which an encoder learns little). Where the normals
/// hardly ever do such a thing, it is suspicious by itself.
struct EventRules {
  double repeat_share = 1;  ///< share of the normals' events whose value stood earlier in their sequence
  double unseen_share = 1;  ///< Vocabulary::unseen_share() of the primary column
  /// What a smaller share of the normals' events does is suspicious by itself.
  static constexpr double k_rare = 0.05;

  bool repeats_are_rare() const noexcept { return repeat_share < k_rare; }
  bool unseen_are_rare() const noexcept { return unseen_share < k_rare; }

  /// Calls suspicious(i, share) for each event i of a sequence that does what only that share of the normals' events
  /// does. `seen` is a buffer; it allocates nothing once it has room for the sequence's distinct values.
  template <class Suspicious>
  void for_each_suspicious(std::span<const TypeId> types, std::vector<TypeId>& seen, Suspicious&& suspicious) const {
    seen.clear();
    for (std::size_t i = 0; i < types.size(); ++i) {
      if (unseen_are_rare() && is_unseen(types[i])) suspicious(i, unseen_share);
      if (!repeats_are_rare()) continue;
      const auto at = std::lower_bound(seen.begin(), seen.end(), types[i]);
      if (at == seen.end() || *at != types[i])
        seen.insert(at, types[i]);
      else
        suspicious(i, repeat_share);
    }
  }

  /// Values that would be repeats at `position` of a sequence of encoder ids cannot be expected there: log_p = -inf.
  void exclude_repeats(std::span<const std::int32_t> ids, std::size_t position, std::span<float> log_p) const {
    if (!repeats_are_rare()) return;
    for (std::size_t t = 0; t < ids.size(); ++t)
      if (t != position && ids[t] >= k_reserved_ids) log_p[static_cast<std::size_t>(ids[t])] = -INFINITY;
  }
};

/// Calibration of single events on the events of held-out normals.
struct EventCalibration {
  TailCalibration next;    ///< surprise of the past alone; empty: not calibrated
  TailCalibration masked;  ///< surprise of both sides
  EventRules rules;
};

/// Share of the events of the normals whose value stood earlier in their sequence.
double share_of_repeats(const Normals& normals);

/// p-values per event from the scores of held-out normal events, whatever gave them. Of more than `most` scores a
/// random sample of that size is used, the same for the same seed. @throws Error as TailCalibration.
TailCalibration calibrate_events(std::span<const double> scores, std::size_t most = 65'536, std::uint64_t seed = 1);

}  // namespace v0
}  // namespace seqguard
