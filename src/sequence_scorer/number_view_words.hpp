// What the views of numbers say of a sequence; private to the library.
#pragma once

#include <string>

#include "sequence_scorer/view_words.hpp"

namespace seqguard {
inline namespace v0 {

/// A sentence about a view of NumberProfile::views() by its name: which statistic of which column is the oddest, and
/// what it is in the normals.
std::string number_view_words(const ViewFacts& facts, const std::string& view, double raw);

}  // namespace v0
}  // namespace seqguard
