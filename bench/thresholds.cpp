// Whether thresholds hold: fits generated data sets (tests/support/threshold_sets.hpp), and prints for each the alarms
// among 2,000 fresh normals and how many of 20 planted anomalies of each kind are found; bench/thresholds.sh builds it.
//
//   seqguard_thresholds SETS THREADS
#include <cstdio>
#include <cstdlib>
#include <string>

#include "support/threshold_sets.hpp"

using namespace seqguard;

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: seqguard_thresholds SETS THREADS\n");
    return 2;
  }
  constexpr std::size_t k_fresh = 2000;
  const std::size_t sets = std::strtoul(argv[1], nullptr, 10);
  const auto executor = make_thread_pool(std::strtoul(argv[2], nullptr, 10));
  std::size_t exceeded = 0, unwarned = 0, warned = 0, warned_varied = 0, can_tell = 0, told = 0;
  for (std::size_t index = 0; index < sets; ++index) {
    const ThresholdOutcome outcome = judge_threshold_set(index, k_fresh, *executor);
    std::printf("%-36s own %3zu of %3zu, fresh %4zu of %zu (at most %zu)", outcome.name.c_str(), outcome.own_alarms,
                outcome.normals, outcome.alarms, outcome.fresh, outcome.most_alarms);
    for (const auto& planted : outcome.planted) {
      std::printf(planted.can_tell ? ", %s %zu" : ", (%s %zu)", std::string(planted.kind).c_str(), planted.found);
      if (!planted.can_tell) continue;
      ++can_tell;
      told += 2 * planted.found >= ThresholdOutcome::k_planted ? 1 : 0;
    }
    std::printf("%s%s\n", outcome.holds() ? "" : "  TOO MANY", outcome.is_warned() ? "  warned" : "");
    std::fflush(stdout);
    exceeded += outcome.holds() ? 0 : 1;
    unwarned += outcome.holds() || outcome.is_warned() ? 0 : 1;
    warned += outcome.is_warned() ? 1 : 0;
    warned_varied += outcome.is_warned() && outcome.is_varied && outcome.normals >= 200 ? 1 : 0;
  }
  std::printf(
      "%zu sets: too many alarms in %zu, without a warning in %zu; warned %zu, of 200 varied normals or more %zu; "
      "planted anomalies found in %zu of %zu cases\n",
      sets, exceeded, unwarned, warned, warned_varied, told, can_tell);
  // 3 %: few normals lack a rare kind of traffic now and then; no rule can know it.
  const bool holds =
      100 * unwarned <= 3 * sets && 5 * warned <= sets && warned_varied == 0 && 10 * told >= 8 * can_tell;
  std::printf("%s\n", holds ? "thresholds hold" : "thresholds do NOT hold");
  return holds ? 0 : 1;
}
