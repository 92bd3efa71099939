#include "cli/repair_flags.hpp"

#include <algorithm>
#include <cmath>

#include "cli/console.hpp"
#include "seqguard/core/error.hpp"
#include "seqguard/sequence_scorer/behaviour_model.hpp"

namespace seqguard::cli {

RepairOptions repair_options(const RepairFlags& flags) {
  RepairOptions options;
  options.max_false_edits = flags.max_false_edits;
  options.least_probability = flags.least_probability;
  options.only_abnormal = flags.only_abnormal;
  options.strike_stretches = !flags.report_stretches;
  return options;
}

void require_repair(const SequenceScorer& scorer, const std::string& directory) {
  if (scorer.can_repair()) return;
  fail(ErrorCode::unsupported, directory,
       "the model has not learned to repair: it was fitted with --no-repair, or by a version that could not; fit it "
       "again");
}

void warn_without_gate(std::size_t sequences, const SequenceScorer& scorer, const RepairFlags& flags) {
  if (sequences == 0) return;
  const double needed = std::ceil(1 / flags.max_false_edits - 1 - 1e-9);  // 1 / .01 is not quite 100
  warn("nothing was edited: to promise that at most " + percent(flags.max_false_edits) +
       " of normal sequences are touched (--max-false-edits) takes " +
       counted(static_cast<std::size_t>(std::max(1.0, needed)), "held-out normal") + ", the model has " +
       with_commas(scorer.model()->repairer->gate.gains.size()) + "; give fit more, or raise --max-false-edits");
}

}  // namespace seqguard::cli
