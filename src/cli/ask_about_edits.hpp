// repair --interactive: each edit is shown, and made only if the user wants it.
#pragma once

#include <cstddef>
#include <iosfwd>
#include <vector>

#include "seqguard/events/dataset.hpp"
#include "seqguard/sequence_scorer/sequence_scorer.hpp"

namespace seqguard::cli {

/// @throws Error invalid_argument unless answers can be typed and questions seen: stdin and stderr are terminals.
void require_terminal();

/// Shows each edit in its context and asks: y(es), n(o), a(ll that are left of the sequence), q(uit: no further ones).
/// Edits that are not wanted are taken out of `repairs`; where some but not all of a sequence are, its score_after and
/// p_after are NaN: nobody has judged what is left. The end of the answers is a q. @return how many were taken out.
std::size_t ask_about_edits(const Dataset& data, std::vector<Repair>& repairs, std::istream& answers,
                            std::ostream& screen);

}  // namespace seqguard::cli
