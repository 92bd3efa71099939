// Ranks of numbers, some of them equal.
#pragma once

#include <span>
#include <vector>

namespace seqguard {
inline namespace v0 {

/// Ranks from 1 on; equal numbers share the mean of theirs.
std::vector<double> mid_ranks(std::span<const double> values);

}  // namespace v0
}  // namespace seqguard
