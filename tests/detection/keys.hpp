// Keys with habits for the tests of this layer.
#pragma once

#include <utility>
#include <vector>

#include "detection/sequences.hpp"
#include "seqguard/detection/self_views.hpp"

namespace seqguard {

inline KeyProfile profile_of(const Sequences& sequences, std::size_t max_bytes = KeyProfile::k_default_bytes) {
  KeyProfile profile;
  FeatureExtractor extractor;
  for (const auto& sequence : sequences) profile.add(sequence, extractor.extract(sequence), max_bytes);
  return profile;
}

/// Walks of one habit: mostly `step` types forward.
inline Sequences habit(std::size_t n, std::size_t step, std::uint64_t seed) {
  Sequences result(n);
  for (std::size_t i = 0; i < n; ++i) {
    Random random(seed, i);
    std::size_t type = random.below(10);
    for (std::size_t t = 0; t < 12; ++t) {
      result[i].push_back(static_cast<TypeId>(type));
      type = random.uniform() < 0.8 ? (type + step) % 10 : random.below(10);
    }
  }
  return result;
}

/// Twelve keys of three habits; the base of all of them.
struct Keys {
  std::vector<std::pair<std::uint64_t, KeyProfile>> profiles;
  BigramCounts population;
  Keys() {
    std::vector<BigramCounts::Entry> entries;
    for (std::uint64_t key = 1; key <= 12; ++key) {
      profiles.emplace_back(key, profile_of(habit(8, 1 + key % 3, 100 + key)));
      const auto counted = profiles.back().second.counts().entries();
      entries.insert(entries.end(), counted.begin(), counted.end());
    }
    population = BigramCounts(entries);
  }
  SelfViews views() const { return SelfViews(population, profiles); }
};

}  // namespace seqguard
