#include "seqguard/detection/features.hpp"

#include <algorithm>

namespace seqguard {
inline namespace v0 {
namespace {

/// Sorts items[0, n), keeps one of each and its number in counts; returns how many are left.
template <class Item>
std::size_t count_distinct(std::vector<Item>& items, std::size_t n, std::vector<std::uint32_t>& counts) {
  std::sort(items.begin(), items.begin() + static_cast<std::ptrdiff_t>(n));
  std::size_t distinct = 0;
  for (std::size_t i = 0; i < n; ++i) {
    if (distinct > 0 && items[distinct - 1] == items[i]) {
      ++counts[distinct - 1];
    } else {
      items[distinct] = items[i];
      counts[distinct] = 1;
      ++distinct;
    }
  }
  return distinct;
}

}  // namespace

void FeatureExtractor::reserve(std::size_t max_events) {
  if (max_events + 1 <= bigrams_.size()) return;
  types_.resize(max_events);
  type_counts_.resize(max_events);
  bigrams_.resize(max_events + 1);
  bigram_counts_.resize(max_events + 1);
}

const SequenceFeatures& FeatureExtractor::extract(TypeSequence events, std::span<const double> given) {
  reserve(events.size());
  std::copy(events.begin(), events.end(), types_.begin());
  features_.runs = 0;
  TypeId before = k_boundary_type;
  for (std::size_t i = 0; i < events.size(); ++i) {
    if (events[i] != before) ++features_.runs;
    bigrams_[i] = bigram_key(before, events[i]);
    before = events[i];
  }
  bigrams_[events.size()] = bigram_key(before, k_boundary_type);
  const std::size_t types = count_distinct(types_, events.size(), type_counts_);
  const std::size_t bigrams = count_distinct(bigrams_, events.size() + 1, bigram_counts_);
  features_.events = events;
  features_.given = given;
  features_.types = {std::span(types_).first(types), std::span(type_counts_).first(types)};
  features_.bigrams = {std::span(bigrams_).first(bigrams), std::span(bigram_counts_).first(bigrams)};
  return features_;
}

}  // namespace v0
}  // namespace seqguard
