// What the fits of sequences and of events share; private to the library.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "seqguard/core/error.hpp"
#include "seqguard/core/random.hpp"
#include "seqguard/detection/normals.hpp"

namespace seqguard {

/// Calls fit(normals) -> bytes, with fewer and fewer normals until the result fits into max_bytes. Returns the number
/// of distinct normals that were fitted last.
template <class Fit>
std::size_t fit_within(std::size_t max_bytes, const Normals& normals, Fit&& fit) {
  std::size_t bytes = fit(normals), kept = normals.size();
  for (double share = 1; bytes > max_bytes && kept > 0;) {
    share *= 0.95 * static_cast<double>(max_bytes) / static_cast<double>(bytes);
    const Normals thinned = normals.thinned(share);
    bytes = fit(thinned);
    kept = thinned.size();
  }
  return kept;
}

/// Fold of each of n sequences: random, sizes differ by at most one.
/// @throws Error invalid_argument for fewer than two folds or fewer sequences than folds.
inline std::vector<std::uint32_t> checked_folds(std::size_t n, std::size_t folds, std::uint64_t seed) {
  if (folds < 2 || n < folds) {
    fail(ErrorCode::invalid_argument, "out-of-fold scores",
         std::to_string(n) + " sequences do not make " + std::to_string(folds) + " folds, or folds are fewer than 2");
  }
  constexpr std::uint64_t k_stream = 0xF01D;
  std::vector<std::uint32_t> fold(n);
  for (std::size_t i = 0; i < n; ++i) fold[i] = static_cast<std::uint32_t>(i % folds);
  Random(seed, k_stream).shuffle(fold);
  return fold;
}

}  // namespace seqguard
