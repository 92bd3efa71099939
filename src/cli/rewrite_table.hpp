// Repaired sequences as a table of the input's format.
#pragma once

#include <string>
#include <vector>

#include "seqguard/events/dataset.hpp"
#include "seqguard/sequence_scorer/sequence_scorer.hpp"

namespace seqguard::cli {

/// rewrite_input() for csv and recbole.
std::string rewrite_table(const Dataset& data, const std::vector<Repair>& repairs);

}  // namespace seqguard::cli
