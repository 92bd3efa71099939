// Which sequences a repair may touch: a promise about normal ones, kept by what was seen on held-out normals.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "seqguard/model/detail/profile_io.hpp"

namespace seqguard {
inline namespace v0 {

/// What a gate admits.
struct GateDecision {
  bool exists = false;           ///< false: too few held-out normals for the promise, nothing may be touched
  bool repairs_times = false;    ///< times out of order
  bool strikes_repeats = false;  ///< repetitions, by RepeatsRule
  double gain = 1;               ///< the tagger's edits, of a sequence whose largest gain exceeds this
};

/// What the parts of a repair say of held-out normals, of which none was learned from.
struct RepairGate {
  std::vector<double> gains;       ///< ascending: SequenceRepairer::gate_gain() of each
  std::uint64_t disordered = 0;    ///< those whose times would be repaired
  std::uint64_t with_repeats = 0;  ///< those of which a repetition would be struck; 0 where the rule does not hold

  /// A gate through which at most the share `max_false_edits` of new normals passes, expected over normals like these:
  /// of n + 1 exchangeable normals, floor(a (n + 1)) may be touched (conformal prediction, Vovk 2005). Times and
  /// repetitions that normals have too take their part of these, as long as it is not more than half; the tagger's
  /// threshold is the gain that as many normals as are left reach. It exists from 1 / a - 1 normals on.
  GateDecision decide(double max_false_edits) const;

  void save(ProfileWriter& writer) const;
  /// @throws Error bad_checkpoint: gains that are not ascending in [-1, 1], more normals than gains.
  void load(const ProfileReader& reader);
};

}  // namespace v0
}  // namespace seqguard
