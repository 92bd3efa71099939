// What a tagger makes of damage whose truth is known: the threshold of edits is chosen by it, without a label.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "seqguard/events/damage.hpp"
#include "seqguard/repair/decode_edits.hpp"

namespace seqguard {
inline namespace v0 {

/// Thresholds that are tried. Between them little changes (reference/repair.md, section 5): of nearly equal ones the
/// largest is taken.
inline constexpr std::array<double, 5> k_tried_thresholds = {0.0, 0.1, 0.2, 0.3, 0.4};

/// Steps towards the right sequence less steps away from it, as the labels of the damage say. An edit of a wrong event
/// that does not make it right, and a second event in a hole, are neither.
double net_edits(const DamagedEvents& damaged, std::span<const ProposedEdit> script);
/// Edits that would be needed: wrong events, and holes.
std::size_t count_errors(const DamagedEvents& damaged);

/// Damaged held-out normals: [trials] largest gain and errors, [trials, thresholds] net_edits().
struct RepairTrials {
  std::vector<double> gains, errors, net;

  template <class Self, class Visit>
  static void visit_fields(Self& self, const Visit& visit) {
    visit("gains", self.gains);
    visit("errors", self.errors);
    visit("net", self.net);
  }
};

/// The threshold with the largest net of the trials that pass a gate, and that net over the errors of all trials.
struct ThresholdChoice {
  double threshold = 0.1, net_share = 0;
};
ThresholdChoice choose_threshold(const RepairTrials& trials, double gate);

}  // namespace v0
}  // namespace seqguard
