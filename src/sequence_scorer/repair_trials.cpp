#include "sequence_scorer/repair_trials.hpp"

#include <algorithm>

namespace seqguard {
inline namespace v0 {
namespace {

/// A threshold with less than this share of the best net is not chosen for being larger.
constexpr double k_nearly = 0.99;

double net_of_removal(EventTag tag) { return tag == EventTag::remove ? 1 : tag == EventTag::replace ? 0 : -1; }

double net_of(const DamagedEvents& damaged, const EventEdit& edit) {
  double net = 0;
  switch (edit.operation) {
    case EditOperation::remove:
      for (std::size_t i = 0; i < edit.count; ++i) net += net_of_removal(damaged.tags[edit.position + i]);
      return net;
    case EditOperation::replace:
      if (damaged.tags[edit.position] == EventTag::keep) return -1;
      return damaged.tags[edit.position] == EventTag::replace && damaged.originals[edit.position] == edit.type ? 1 : 0;
    case EditOperation::insert:
      if (damaged.missing[edit.position] == k_nothing_missing) return -1;
      return edit.rank == 0 && damaged.missing[edit.position] == edit.type ? 1 : 0;
    case EditOperation::set_time:
      break;
  }
  return 0;
}

}  // namespace

double net_edits(const DamagedEvents& damaged, std::span<const ProposedEdit> script) {
  double net = 0;
  for (const ProposedEdit& proposed : script) net += proposed.only_reported ? 0 : net_of(damaged, proposed.edit);
  return net;
}

std::size_t count_errors(const DamagedEvents& damaged) {
  const auto wrong =
      std::count_if(damaged.tags.begin(), damaged.tags.end(), [](EventTag tag) { return tag != EventTag::keep; });
  const auto holes = std::count_if(damaged.missing.begin(), damaged.missing.end(),
                                   [](TypeId type) { return type != k_nothing_missing; });
  return static_cast<std::size_t>(wrong + holes);
}

ThresholdChoice choose_threshold(const RepairTrials& trials, double gate) {
  std::array<double, k_tried_thresholds.size()> net{};
  double errors = 0;
  for (std::size_t k = 0; k < trials.gains.size(); ++k) {
    errors += trials.errors[k];
    if (!(trials.gains[k] > gate)) continue;
    for (std::size_t i = 0; i < net.size(); ++i) net[i] += trials.net[k * net.size() + i];
  }
  ThresholdChoice choice;
  const double best = *std::max_element(net.begin(), net.end());
  if (!(best > 0)) return choice;
  for (std::size_t i = net.size(); i-- > 0;) {
    if (net[i] < k_nearly * best) continue;
    choice.threshold = k_tried_thresholds[i];
    choice.net_share = net[i] / errors;
    break;
  }
  return choice;
}

}  // namespace v0
}  // namespace seqguard
