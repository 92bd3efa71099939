#include "seqguard/detection/event_detector.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <utility>

#include "detection/fitting.hpp"
#include "seqguard/core/error.hpp"

namespace seqguard {
namespace {

/// Unordered pair of types as a well-mixed key.
std::uint64_t pair_key(TypeId a, TypeId b) { return mix64(bigram_key(std::min(a, b), std::max(a, b))); }

/// Sums of counts by key; holds about twice the distinct keys, not all the additions.
class PairCounter {
 public:
  void add(std::uint64_t key, std::uint32_t count) {
    counts_.push_back({key, count});
    if (counts_.size() >= limit_) compact();
  }
  const std::vector<std::pair<std::uint64_t, std::uint64_t>>& sorted() {
    compact();
    return counts_;
  }

 private:
  void compact() {
    std::sort(counts_.begin(), counts_.end());
    std::size_t distinct = 0;
    for (const auto& entry : counts_) {
      if (distinct > 0 && counts_[distinct - 1].first == entry.first) {
        counts_[distinct - 1].second += entry.second;
      } else {
        counts_[distinct++] = entry;
      }
    }
    counts_.resize(distinct);
    limit_ = std::max<std::size_t>(k_block, 2 * distinct);
  }
  static constexpr std::size_t k_block = std::size_t{1} << 20;
  std::size_t limit_ = k_block;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> counts_;
};

class CooccurrenceDetector final : public EventDetector {
 public:
  void fit(const Normals& normals, std::size_t max_bytes) override {
    fit_within(max_bytes, normals, [&](const Normals& kept) {
      count(kept);
      return bytes();
    });
  }

  void decision_function(const SequenceFeatures& features, DetectionScratch&, std::span<double> scores) const override {
    const TypeSequence events = features.events;
    for (std::size_t t = 0; t < events.size(); ++t) {
      const double share = shares_[place(events[t])];
      const std::size_t first = t - std::min(t, k_reach), last = std::min(events.size(), t + k_reach + 1);
      double sum = 0;
      for (std::size_t j = first; j < last; ++j) {
        if (j == t) continue;
        sum += (together(events[j], events[t]) + k_prior * share) / (totals_[place(events[j])] + k_prior);
      }
      const std::size_t neighbours = last - first - 1;
      scores[t] = -std::log(neighbours > 0 ? sum / static_cast<double>(neighbours) : share);
    }
  }

  std::size_t bytes() const noexcept override {
    return pairs_.bytes() + pair_counts_.size() * sizeof(pair_counts_[0]) +
           types_.size() * (sizeof(TypeId) + 2 * sizeof(double));
  }
  void save(ProfileWriter& writer) const override {
    writer.write("types", types_);
    writer.write("shares", shares_);
    writer.write("totals", totals_);
    writer.write("pairs", pairs_.keys());
    writer.write("pair_counts", pair_counts_);
  }
  void load(const ProfileReader& reader) override {
    types_ = reader.u32("types");
    shares_ = reader.f64("shares");
    totals_ = reader.f64("totals");
    auto pairs = reader.u64("pairs");
    pair_counts_ = reader.u32("pair_counts");
    reader.require(std::adjacent_find(types_.begin(), types_.end(), std::greater_equal<>()) == types_.end(), "types",
                   "not strictly ascending");
    reader.require_size("shares", shares_.size(), types_.size() + 1);
    reader.require_size("totals", totals_.size(), types_.size() + 1);
    reader.require_size("pair_counts", pair_counts_.size(), pairs.size());
    reader.require_strictly_ascending("pairs", pairs);
    for (const double share : shares_) reader.require(share > 0 && share <= 1, "shares", "a share is not in (0, 1]");
    for (const double total : totals_) reader.require(total >= 0, "totals", "a total is negative");
    pairs_ = KeyIndex(std::move(pairs));
  }

 private:
  static constexpr std::size_t k_reach = 5;
  static constexpr double k_prior = 20;

  /// Index of a type; types_.size() for an unseen one.
  std::size_t place(TypeId type) const noexcept {
    const auto found = std::lower_bound(types_.begin(), types_.end(), type);
    return found != types_.end() && *found == type ? static_cast<std::size_t>(found - types_.begin()) : types_.size();
  }
  /// c(a, b).
  double together(TypeId a, TypeId b) const noexcept {
    const std::size_t at = pairs_.find(pair_key(a, b));
    return at == KeyIndex::k_absent ? 0.0 : pair_counts_[at];
  }

  void count(const Normals& normals) {
    types_.assign(normals.known_types().begin(), normals.known_types().end());
    shares_.assign(types_.size() + 1, 0);
    totals_.assign(types_.size() + 1, 0);
    PairCounter pairs;
    for (std::size_t i = 0; i < normals.size(); ++i) {
      const TypeSequence events = normals.sequence(i);
      const std::uint32_t copies = normals.copies(i);
      for (std::size_t t = 0; t < events.size(); ++t) {
        const std::size_t at = place(events[t]);
        shares_[at] += copies;
        for (std::size_t j = t + 1; j < std::min(events.size(), t + k_reach + 1); ++j) {
          // x lies beside j and j beside x: twice if both are one type.
          pairs.add(pair_key(events[t], events[j]), events[t] == events[j] ? 2 * copies : copies);
          totals_[at] += copies;
          totals_[place(events[j])] += copies;
        }
      }
    }
    const double events = std::accumulate(shares_.begin(), shares_.end(), 0.0);
    // Types of thinned normals, and whatever is unseen: as if one of all the events.
    for (double& share : shares_) share = std::max(share, 1.0) / std::max(events, 1.0);
    std::vector<std::uint64_t> keys;
    pair_counts_.clear();
    for (const auto& [key, number] : pairs.sorted()) {
      keys.push_back(key);
      pair_counts_.push_back(static_cast<std::uint32_t>(std::min<std::uint64_t>(number, 0xFFFF'FFFFu)));
    }
    pairs_ = KeyIndex(std::move(keys));
  }

  std::vector<TypeId> types_;   ///< ascending
  std::vector<double> shares_;  ///< q by place()
  std::vector<double> totals_;  ///< c(j) by place()
  KeyIndex pairs_;
  std::vector<std::uint32_t> pair_counts_;
};

class RepeatedEventDetector final : public EventDetector {
 public:
  void fit(const Normals&, std::size_t) override {}
  void decision_function(const SequenceFeatures& features, DetectionScratch& scratch,
                         std::span<double> scores) const override {
    const auto types = features.types.items;
    scratch.bytes.assign(types.size(), 0);
    for (std::size_t t = 0; t < features.events.size(); ++t) {
      const auto type = std::lower_bound(types.begin(), types.end(), features.events[t]) - types.begin();
      std::uint8_t& before = scratch.bytes[static_cast<std::size_t>(type)];
      scores[t] = before;
      before = 1;
    }
  }
  std::size_t bytes() const noexcept override { return 0; }
  void save(ProfileWriter&) const override {}
  void load(const ProfileReader&) override {}
};

}  // namespace

std::unique_ptr<EventDetector> make_event_detector(std::string_view name) {
  if (name == "cooccurrence") return std::make_unique<CooccurrenceDetector>();
  if (name == "repeated") return std::make_unique<RepeatedEventDetector>();
  fail(ErrorCode::invalid_argument, "make_event_detector", "unknown detector", "cooccurrence or repeated", name);
}

double share_of_repeats(const Normals& normals) {
  double repeats = 0, events = 0;
  FeatureExtractor extractor;
  for (std::size_t i = 0; i < normals.size(); ++i) {
    const SequenceFeatures& features = extractor.extract(normals.sequence(i));
    repeats += normals.copies(i) * static_cast<double>(features.events.size() - features.types.size());
    events += normals.copies(i) * static_cast<double>(features.events.size());
  }
  return events > 0 ? repeats / events : 0;
}

std::vector<double> out_of_fold_event_scores(std::span<const TypeSequence> normals, std::string_view detector,
                                             const ProfileOptions& options, Executor& executor) {
  const std::vector<std::uint32_t> fold = checked_folds(normals.size(), options.folds, options.seed);
  std::vector<std::size_t> offsets{0};
  for (const TypeSequence events : normals) offsets.push_back(offsets.back() + events.size());
  std::vector<double> result(offsets.back());
  executor.run(options.folds, [&](std::size_t f, std::size_t) {
    std::vector<TypeSequence> others;
    for (std::size_t i = 0; i < normals.size(); ++i) {
      if (fold[i] != f) others.push_back(normals[i]);
    }
    const auto fitted = make_event_detector(detector);
    fitted->fit(Normals(others), options.max_bytes);
    DetectionScratch scratch;
    for (std::size_t i = 0; i < normals.size(); ++i) {
      if (fold[i] != f) continue;
      const std::span<double> scores(result.data() + offsets[i], normals[i].size());
      fitted->decision_function(scratch.features.extract(normals[i]), scratch, scores);
    }
  });
  return result;
}

TailCalibration calibrate_events(std::span<const double> scores, std::size_t most, std::uint64_t seed) {
  if (scores.size() <= most) return TailCalibration(scores);
  constexpr std::uint64_t k_stream = 0xE7E27;
  Random random(seed, k_stream);
  std::vector<double> sample(scores.begin(), scores.end());
  for (std::size_t i = 0; i < most; ++i) std::swap(sample[i], sample[i + random.below(sample.size() - i)]);
  sample.resize(most);
  return TailCalibration(sample);
}

}  // namespace seqguard
