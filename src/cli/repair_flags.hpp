// The flags that say how sequences are repaired, for the commands that have them.
#pragma once

#include <cstddef>
#include <string>

#include "cli/options.hpp"
#include "seqguard/sequence_scorer/sequence_scorer.hpp"

namespace seqguard::cli {

RepairOptions repair_options(const RepairFlags& flags);

/// @throws Error unsupported: `scorer`, of that directory, has not learned to repair.
void require_repair(const SequenceScorer& scorer, const std::string& directory);

/// Warns if `sequences` were left alone because the promise of --max-false-edits needs more held-out normals than the
/// model has.
void warn_without_gate(std::size_t sequences, const SequenceScorer& scorer, const RepairFlags& flags);

}  // namespace seqguard::cli
