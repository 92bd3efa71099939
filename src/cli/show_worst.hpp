// Abnormal sequences as people want to see them.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "seqguard/events/dataset.hpp"
#include "seqguard/sequence_scorer/sequence_scorer.hpp"

namespace seqguard::cli {

/// Prints each of these sequences on stderr: its score, and the event that gives it away between its neighbours, with
/// what was expected there. `of`: all that were judged.
void show_worst(const SequenceScorer& scorer, const Dataset& data, const std::vector<std::size_t>& sequences,
                const std::string& of);

}  // namespace seqguard::cli
