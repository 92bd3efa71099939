// Profiles of 100,000 keys, 12 sequences of 30 events each, 200 values; random keys in turn, so that hardly any is in a
// cache:
//
//   profile_contains   the look-up alone
//   profile_find       look-up, copy and decoding of a profile
//   profile_numbers    five distances to the own normals and to those of 32 other keys, of a decoded profile
//   profile_add        one more normal of a key
//
// bytes_per_key is the size of a profile in memory and on disk.
#include <benchmark/benchmark.h>

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "seqguard/core/random.hpp"
#include "seqguard/detection/key_store.hpp"
#include "seqguard/detection/self_views.hpp"

namespace seqguard {
namespace {

constexpr std::size_t k_keys = 100'000, k_normals = 12, k_events = 30;
constexpr TypeId k_values = 200;

/// A walk of a key: a third of the steps go to one of its ten favourite values.
std::vector<TypeId> walk(std::uint64_t key, std::uint64_t index) {
  Random random(key, index);
  std::vector<TypeId> events;
  auto value = static_cast<TypeId>(random.below(k_values));
  for (std::size_t i = 0; i < k_events; ++i) {
    events.push_back(value);
    const double u = random.uniform();
    if (u < 0.3)
      value = static_cast<TypeId>(mix64(key + random.below(10)) % k_values);
    else
      value = u < 0.8 ? (value * 7 + 1) % k_values : static_cast<TypeId>(random.below(k_values));
  }
  return events;
}

struct Keys {
  KeyStore store;
  SelfViews views;

  Keys() {
    FeatureExtractor extractor;
    std::vector<BigramCounts::Entry> population;
    std::vector<std::pair<std::uint64_t, KeyProfile>> cohort;
    for (std::uint64_t key = 0; key < k_keys; ++key) {
      KeyProfile profile;
      for (std::uint64_t i = 0; i < k_normals; ++i) {
        const std::vector<TypeId> events = walk(key, i);
        profile.add(events, extractor.extract(events));
      }
      store.put(key, profile);
      if (cohort.size() == SelfViews::k_cohort) continue;
      population.insert(population.end(), profile.counts().entries().begin(), profile.counts().entries().end());
      cohort.emplace_back(key, std::move(profile));
    }
    views = SelfViews(BigramCounts(std::move(population)), std::move(cohort));
    KeyProfile found;
    std::string bytes;
    if (store.size() != k_keys || !store.find(k_keys / 2, found, bytes) || found.sequences() != k_normals)
      throw std::runtime_error("profiles_bench: a profile is not what was put there");
  }
};

Keys& keys() {
  static Keys instance;
  return instance;
}

std::uint64_t random_key(std::size_t i) { return mix64(i) % k_keys; }

void profile_contains(benchmark::State& state) {
  const KeyStore& store = keys().store;
  std::size_t i = 0;
  for (auto _ : state) benchmark::DoNotOptimize(store.contains(random_key(i++)));
  state.counters["bytes_per_key"] = static_cast<double>(keys().store.bytes()) / k_keys;
}
BENCHMARK(profile_contains);

void profile_find(benchmark::State& state) {
  KeyProfile profile;
  std::string bytes;
  std::size_t i = 0;
  for (auto _ : state) benchmark::DoNotOptimize(keys().store.find(random_key(i++), profile, bytes));
}
BENCHMARK(profile_find);

void profile_numbers(benchmark::State& state) {
  FeatureExtractor extractor;
  SelfScratch scratch;
  KeyProfile profile;
  std::string bytes;
  const std::uint64_t key = k_keys / 2;
  keys().store.find(key, profile, bytes);
  const std::vector<TypeId> events = walk(key, k_normals);
  const SequenceFeatures& features = extractor.extract(events);
  for (auto _ : state) benchmark::DoNotOptimize(keys().views.numbers(key, profile, features, scratch));
}
BENCHMARK(profile_numbers);

void profile_add(benchmark::State& state) {
  FeatureExtractor extractor;
  const std::vector<TypeId> events = walk(1, k_normals + 1);
  const SequenceFeatures& features = extractor.extract(events);
  std::size_t i = 0;
  for (auto _ : state) keys().store.add(random_key(i++), events, features);
}
BENCHMARK(profile_add);

}  // namespace
}  // namespace seqguard

BENCHMARK_MAIN();
