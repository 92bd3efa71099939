// Repaired sequences in the format of the input.
#pragma once

#include <string>
#include <vector>

#include "seqguard/events/dataset.hpp"
#include "seqguard/sequence_scorer/sequence_scorer.hpp"

namespace seqguard::cli {

/// The input file with the edits of repairs[i] applied to sequence i: rows of removed events are left out, replaced
/// events get another value in the primary column and in those that follow from it, inserted ones stand between blanks;
/// every other byte stays as it was. `data` was read with keep_raw.
/// @throws Error unsupported: an event inserted into a table; invalid_argument: a value that the format cannot hold.
std::string rewrite_input(const Dataset& data, const std::vector<Repair>& repairs);

}  // namespace seqguard::cli
