#include "seqguard/detection/key_profile.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <utility>

#include "detection/key_profile_bytes.hpp"
#include "seqguard/core/error.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

constexpr std::size_t k_nearest = 5;

/// log(1 + count); most events of a sequence stand there once.
double log_count(std::uint32_t count) {
  return count == 1 ? std::numbers::ln2 : std::log1p(static_cast<double>(count));
}

void find_types(KeySequence& sequence) {
  auto& types = sequence.types;
  types.clear();
  for (const auto& [bigram, count] : sequence.bigrams)
    if (const auto after = static_cast<TypeId>(bigram); after != k_boundary_type) types.emplace_back(after, count);
  std::sort(types.begin(), types.end());
  std::size_t kept = 0;
  for (const auto& [type, count] : types) {
    if (kept > 0 && types[kept - 1].first == type)
      types[kept - 1].second += count;
    else
      types[kept++] = {type, count};
  }
  types.resize(kept);
  sequence.log_counts = 0;
  for (const auto& [type, count] : types) sequence.log_counts += log_count(count);
}

/// Hands f(count in a, count in b) over for each item that both have; returns how many those are.
template <class Item, class Function>
std::size_t for_common(const Counted<Item>& a, std::span<const std::pair<Item, std::uint32_t>> b, Function f) {
  std::size_t i = 0, j = 0, common = 0;
  while (i < a.size() && j < b.size()) {
    if (a.items[i] < b[j].first) {
      ++i;
    } else if (b[j].first < a.items[i]) {
      ++j;
    } else {
      f(a.counts[i++], b[j++].second);
      ++common;
    }
  }
  return common;
}

/// The smallest distances so far, copies counted.
class Nearest {
 public:
  void add(double distance, std::uint32_t copies) {
    for (std::uint32_t copy = 0; copy < std::min<std::uint32_t>(copies, k_nearest); ++copy) {
      if (size_ == k_nearest && !(distance < smallest_[k_nearest - 1])) return;
      std::size_t at = size_ < k_nearest ? size_++ : k_nearest - 1;
      for (; at > 0 && distance < smallest_[at - 1]; --at) smallest_[at] = smallest_[at - 1];
      smallest_[at] = distance;
    }
  }
  double mean() const {
    double sum = 0;
    for (std::size_t i = 0; i < size_; ++i) sum += smallest_[i];
    return size_ > 0 ? sum / static_cast<double>(size_) : 1;
  }

 private:
  std::array<double, k_nearest> smallest_ = {};
  std::size_t size_ = 0;
};

/// Distances between two sequences, by KeyDistance; that of `ngram` stays 0.
KeyDistances distances_between(const SequenceFeatures& a, double log_counts_of_a, const KeySequence& b) {
  const double events = static_cast<double>(a.events.size()) + 1, other_events = static_cast<double>(b.events) + 1;
  double least_log = 0, least_share = 0;
  const std::size_t types = for_common<TypeId>(
      a.types, b.types, [&](std::uint32_t x, std::uint32_t y) { least_log += log_count(std::min(x, y)); });
  const std::size_t pairs = for_common<std::uint64_t>(a.bigrams, b.bigrams, [&](std::uint32_t x, std::uint32_t y) {
    least_share += std::min(x / events, y / other_events);
  });
  const double shared = static_cast<double>(types + pairs),
               type_product = static_cast<double>(a.types.size()) * static_cast<double>(b.types.size());
  const double either =
      static_cast<double>(a.types.size() + a.bigrams.size() + b.types.size() + b.bigrams.size()) - shared;
  return {0, 1 - static_cast<double>(types) / std::sqrt(type_product),
          1 - least_log / (log_counts_of_a + b.log_counts - least_log), 1 - shared / either,
          1 - least_share / (2 - least_share)};
}

}  // namespace

double mean_surprise(const BigramCounts& counts, const SequenceFeatures& features, std::span<const double> base) {
  double sum = 0;
  for (std::size_t b = 0; b < features.bigrams.size(); ++b)
    sum -= features.bigrams.counts[b] * std::log(counts.probability(features.bigrams.items[b], base[b]));
  return sum / (static_cast<double>(features.events.size()) + 1);
}

void sample_distances(std::span<const KeySequence> sample, const SequenceFeatures& features, KeyDistances& out) {
  double log_counts = 0;
  for (const std::uint32_t count : features.types.counts) log_counts += log_count(count);
  std::array<Nearest, k_key_distances> nearest;
  for (const KeySequence& sequence : sample) {
    const KeyDistances distances = distances_between(features, log_counts, sequence);
    for (std::size_t d = 1; d < k_key_distances; ++d) nearest[d].add(distances[d], sequence.copies);
  }
  for (std::size_t d = 1; d < k_key_distances; ++d) out[d] = nearest[d].mean();
}

void KeyProfile::add(TypeSequence sequence, const SequenceFeatures& features, std::size_t max_bytes) {
  ++sequences_;
  counts_ = counts_.plus(features.bigrams);
  const std::uint64_t hash = content_hash(sequence);
  sample_.resize(kept_);
  const auto place = std::lower_bound(sample_.begin(), sample_.end(), hash,
                                      [](const KeySequence& kept, std::uint64_t h) { return kept.hash < h; });
  if (place != sample_.end() && place->hash == hash) {
    place->copies += place->copies < std::numeric_limits<std::uint32_t>::max() ? 1 : 0;
  } else {
    KeySequence kept{hash, 1, static_cast<std::uint32_t>(sequence.size()), {}, {}};
    for (std::size_t b = 0; b < features.bigrams.size(); ++b)
      kept.bigrams.emplace_back(features.bigrams.items[b], features.bigrams.counts[b]);
    find_types(kept);
    if (encoded_size(kept) <= max_bytes / 8) {
      sample_.insert(place, std::move(kept));
      ++kept_;
    }
  }
  thin(max_bytes);
}

KeyProfile KeyProfile::without(TypeSequence sequence, const SequenceFeatures& features) const {
  KeyProfile result = *this;
  result.sample_.resize(kept_);
  result.sequences_ -= result.sequences_ > 0 ? 1 : 0;
  result.counts_ = counts_.minus(features.bigrams);
  const std::uint64_t hash = content_hash(sequence);
  for (KeySequence& kept : result.sample_)
    if (kept.hash == hash) --kept.copies;
  std::erase_if(result.sample_, [](const KeySequence& kept) { return kept.copies == 0; });
  result.kept_ = result.sample_.size();
  return result;
}

void KeyProfile::thin(std::size_t max_bytes) {
  std::vector<BigramCounts::Entry> entries(counts_.entries().begin(), counts_.entries().end());
  std::size_t of_counts = encoded_size(entries);
  if (of_counts > max_bytes / 2) {
    // Rarest first; of equally rare ones the larger bigram, so that the result depends on the counts alone.
    std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) {
      return a.second != b.second ? a.second > b.second : a.first < b.first;
    });
    while (!entries.empty() && of_counts > max_bytes / 2) {
      entries.resize(entries.size() - std::max<std::size_t>(1, entries.size() / 32));
      std::vector<BigramCounts::Entry> sorted = entries;
      std::sort(sorted.begin(), sorted.end());
      of_counts = encoded_size(sorted);
    }
    counts_ = BigramCounts(std::move(entries));
  }
  std::size_t of_sample = 0;
  for (const KeySequence& kept : sample_) of_sample += encoded_size(kept);
  while (!sample_.empty() && of_counts + of_sample > max_bytes) {
    of_sample -= encoded_size(sample_.back());
    sample_.pop_back();
    --kept_;
  }
}

std::string KeyProfile::to_bytes() const {
  std::string bytes;
  put_varint(bytes, sequences_);
  put_entries(bytes, counts_.entries());
  put_varint(bytes, kept_);
  for (const KeySequence& kept : sample()) put_sequence(bytes, kept);
  return bytes;
}

void KeyProfile::read(std::string_view bytes, std::string_view where) {
  VarintReader reader(bytes, where);
  clear();
  sequences_ = reader.next();
  counts_.read([&](std::vector<BigramCounts::Entry>& entries) { reader.entries(entries); });
  for (std::uint64_t left = reader.next(); left > 0; --left) {
    if (kept_ == sample_.size()) sample_.emplace_back();
    KeySequence& kept = sample_[kept_];
    reader.sequence(kept);
    find_types(kept);
    reader.require(!kept.types.empty(), "a sequence without events");
    reader.require(kept_ == 0 || sample_[kept_ - 1].hash < kept.hash, "sequences are not ascending");
    ++kept_;
  }
  reader.require(reader.at_end(), "bytes behind the last sequence");
}

void KeyProfile::clear() noexcept {
  sequences_ = 0;
  counts_.read([](std::vector<BigramCounts::Entry>& entries) { entries.clear(); });
  kept_ = 0;
}

}  // namespace v0
}  // namespace seqguard
