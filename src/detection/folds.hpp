// Which normals are held out together; private to the library.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace seqguard {
inline namespace v0 {

/// Fold of each of n sequences: random, sizes differ by at most one.
/// @throws Error invalid_argument for fewer than two folds or fewer sequences than folds.
std::vector<std::uint32_t> checked_folds(std::size_t n, std::size_t folds, std::uint64_t seed);

}  // namespace v0
}  // namespace seqguard
