#include "seqguard/repair/repair_gate.hpp"

#include <algorithm>
#include <cmath>

namespace seqguard {
inline namespace v0 {

GateDecision RepairGate::decide(double max_false_edits) const {
  GateDecision decision;
  // A share such as .07 of 99 + 1 normals is 7 of them, whatever the product is in binary.
  const double allowed = std::floor(max_false_edits * static_cast<double>(gains.size() + 1) + 1e-9);
  auto left = static_cast<std::uint64_t>(std::max(0.0, allowed));
  decision.exists = left > 0;
  if (!decision.exists) return decision;
  const auto admits = [&](std::uint64_t touched) {
    if (2 * touched > left) return false;
    left -= touched;
    return true;
  };
  decision.repairs_times = admits(disordered);
  decision.strikes_repeats = admits(with_repeats);
  decision.gain = gains[gains.size() - std::min<std::size_t>(gains.size(), left)];
  return decision;
}

void RepairGate::save(ProfileWriter& writer) const {
  writer.write("gains", gains);
  writer.write("touched", std::vector<std::uint64_t>{disordered, with_repeats});
}

void RepairGate::load(const ProfileReader& reader) {
  gains = reader.f64("gains");
  const std::vector<std::uint64_t> touched = reader.u64("touched");
  reader.require_size("touched", touched.size(), 2);
  disordered = touched[0];
  with_repeats = touched[1];
  const auto is_gain = [](double gain) { return gain >= -1 && gain <= 1; };
  reader.require(std::is_sorted(gains.begin(), gains.end()) && std::all_of(gains.begin(), gains.end(), is_gain),
                 "gains", "not ascending between -1 and 1");
  reader.require(disordered <= gains.size() && with_repeats <= gains.size(), "touched",
                 "more normals than there are gains");
}

}  // namespace v0
}  // namespace seqguard
