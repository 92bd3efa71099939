// The normal sequence that needs the fewest edits; private to the library.
#pragma once

#include <optional>

#include "seqguard/sequence_scorer/explanation.hpp"

namespace seqguard {
inline namespace v0 {

/// Among `normals`, the first with the smallest Levenshtein distance of the primary columns, with its alignment (own
/// values empty: filled by the caller). None without normals.
std::optional<NearestNormal> find_nearest_normal(const EncodedEvents& events, const EncodedData& normals);

}  // namespace v0
}  // namespace seqguard
