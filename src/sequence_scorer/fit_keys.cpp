#include "sequence_scorer/fit_keys.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <unordered_map>
#include <utility>

#include "seqguard/core/error.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

/// The normals of one key, in their order.
struct KeyNormals {
  std::uint64_t key = 0;
  std::vector<std::size_t> sequences;
};

std::vector<KeyNormals> group_by_key(const EncodedData& data) {
  std::unordered_map<std::uint64_t, std::size_t> place;
  std::vector<KeyNormals> groups;
  for (std::size_t i = 0; i < data.size(); ++i) {
    const auto [found, is_new] = place.emplace(data[i].key, groups.size());
    if (is_new) groups.push_back({data[i].key, {}});
    groups[found->second].sequences.push_back(i);
  }
  return groups;
}

BigramCounts count_population(const EncodedData& data) {
  std::unordered_map<std::uint64_t, std::uint32_t> counts;
  FeatureExtractor extractor;
  for (std::size_t i = 0; i < data.size(); ++i) {
    const Counted<std::uint64_t> bigrams = extractor.extract(data.types(i)).bigrams;
    for (std::size_t b = 0; b < bigrams.size(); ++b) counts[bigrams.items[b]] += bigrams.counts[b];
  }
  return BigramCounts({counts.begin(), counts.end()});
}

/// Buffers of one thread.
struct Worker {
  FeatureExtractor extractor;
  KeyProfile own;
  std::string bytes;
  SelfScratch self;
};

SelfViews make_views(const EncodedData& data, std::span<const KeyNormals> groups, const KeyStore& profiles) {
  std::vector<std::pair<std::uint64_t, std::size_t>> sizes;
  for (const KeyNormals& group : groups) sizes.emplace_back(group.key, group.sequences.size());
  // With one more than the least, each normal can be left out of its own profile.
  const auto usable =
      std::count_if(sizes.begin(), sizes.end(), [](const auto& s) { return s.second > k_least_key_normals; });
  constexpr std::ptrdiff_t k_least_keys = 3;
  if (usable < k_least_keys)
    fail(ErrorCode::invalid_argument, "profiles (--profile-key)",
         "keys with " + std::to_string(k_least_key_normals + 1) + " sequences or more, to compare one with another",
         "at least " + std::to_string(k_least_keys), std::to_string(usable) + " of " + std::to_string(groups.size()));
  std::vector<std::pair<std::uint64_t, KeyProfile>> cohort;
  std::string bytes;
  for (const std::uint64_t key : SelfViews::choose_cohort(sizes)) {
    cohort.emplace_back(key, KeyProfile());
    profiles.find(key, cohort.back().second, bytes);
  }
  return SelfViews(count_population(data), std::move(cohort));
}

}  // namespace

FittedKeys fit_keys(const EncodedData& data, std::size_t max_bytes, Executor& executor) {
  const std::vector<KeyNormals> groups = group_by_key(data);
  FittedKeys fitted;
  fitted.profiles = std::make_shared<KeyStore>(max_bytes);
  auto workers = make_per_worker(executor, [] { return Worker(); });
  executor.run(groups.size(), [&](std::size_t g, std::size_t w) {
    KeyProfile profile;
    for (const std::size_t i : groups[g].sequences)
      profile.add(data.types(i), workers[w].extractor.extract(data.types(i)), max_bytes);
    fitted.profiles->put(groups[g].key, profile);
  });
  fitted.views = make_views(data, groups, *fitted.profiles);
  std::vector<double>& numbers = fitted.numbers.held_out;
  numbers.assign(data.size() * k_key_distances, std::numeric_limits<double>::quiet_NaN());
  executor.run(groups.size(), [&](std::size_t g, std::size_t w) {
    Worker& worker = workers[w];
    fitted.profiles->find(groups[g].key, worker.own, worker.bytes);
    for (const std::size_t i : groups[g].sequences) {
      const SequenceFeatures& features = worker.extractor.extract(data.types(i));
      const KeyDistances distances =
          fitted.views.numbers(groups[g].key, worker.own.without(data.types(i), features), features, worker.self);
      std::copy(distances.begin(), distances.end(), numbers.begin() + static_cast<std::ptrdiff_t>(i * k_key_distances));
    }
  });
  fitted.figures = {groups.size(), fitted.profiles->bytes(), 0, fitted.views.cohort()};
  for (const KeyNormals& group : groups) fitted.figures.few += group.sequences.size() < k_least_key_normals ? 1 : 0;
  fitted.numbers.shifted = fitted.numbers.own = numbers;
  fitted.numbers.noise.assign(k_key_distances, 0);
  return fitted;
}

}  // namespace v0
}  // namespace seqguard
