// Repaired sequences in the format of the input.
#pragma once

#include <string>
#include <vector>

#include "seqguard/events/dataset.hpp"
#include "seqguard/sequence_scorer/sequence_scorer.hpp"

namespace seqguard::cli {

/// The input file with the edits of repairs[i] applied to sequence i; read again it gives what apply_script() makes of
/// the sequences. Every byte that no edit names stays. `data` was read with keep_raw.
/// - Rows of removed events are left out; a replaced event gets another value in the primary column and in those that
///   follow from it; a time that is set is written as it was: the unit, the digits and the zone of the column.
/// - An inserted event of a line stands between blanks. In a table it is a row of its key, behind the row of the event
///   before it - in a file whose rows are in the order of their times, at its time -, with its value, the columns of
///   Edit::followed, a time in the form of its neighbours (rounded down to their digits) and an order between theirs: a
///   whole number where there is one, else one with digits behind the point; where the order is a date, perhaps that of
///   a neighbour. Other columns stay empty.
/// Edits that are only reported are not made.
/// @throws Error invalid_argument: a value that the format cannot hold, a time where there are none, an edited time by
/// which a reader would order the events otherwise; out_of_range: a date beyond the year 9999.
std::string rewrite_input(const Dataset& data, const std::vector<Repair>& repairs);

/// @throws Error unsupported: rewrite_input() could not write the data, whatever the repairs.
void require_rewritable(const Dataset& data);

}  // namespace seqguard::cli
