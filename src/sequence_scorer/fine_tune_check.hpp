// What a fine-tuning can be asked for; private to the library.
#pragma once

#include <cstddef>

#include "seqguard/sequence_scorer/fine_tune.hpp"

namespace seqguard {
inline namespace v0 {

/// Fewest labelled sequences.
inline constexpr std::size_t k_least_normals = 20, k_least_abnormal = 2;

/// @throws Error invalid_argument: labels that do not fit the data, too few of them, options out of range.
void check_fine_tune(const ClassLabels& labels, const Dataset& data, const FineTuneOptions& options);

}  // namespace v0
}  // namespace seqguard
