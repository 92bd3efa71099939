// Sequences for the tests of this layer.
#pragma once

#include <cstdint>
#include <vector>

#include "seqguard/core/random.hpp"
#include "seqguard/detection/normals.hpp"

namespace seqguard {

using Sequences = std::vector<std::vector<TypeId>>;

inline std::vector<TypeSequence> views_of(const Sequences& sequences) { return {sequences.begin(), sequences.end()}; }

/// `n` walks over `types` types of `shortest` to 2 * `shortest` events, mostly one step forward; the same for one seed.
inline Sequences random_walks(std::size_t n, std::size_t types, std::size_t shortest, std::uint64_t seed) {
  Sequences result(n);
  for (std::size_t i = 0; i < n; ++i) {
    Random random(seed, i);
    std::size_t type = random.below(types);
    const std::size_t length = shortest + random.below(shortest + 1);
    for (std::size_t t = 0; t < length; ++t) {
      result[i].push_back(static_cast<TypeId>(type));
      type = random.uniform() < 0.7 ? (type + 1) % types : random.below(types);
    }
  }
  return result;
}

}  // namespace seqguard
