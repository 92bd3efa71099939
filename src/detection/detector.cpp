#include "seqguard/detection/detector.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "detection/ngram_model.hpp"
#include "seqguard/core/error.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

class NgramDetector final : public Detector {
 public:
  explicit NgramDetector(const DetectorOptions& options) : order_(options.order) {}
  Sidedness sidedness() const noexcept override { return Sidedness::nine_to_one; }
  void fit(const Normals& normals) override { model_.fit(normals, order_); }
  double decision_function(const SequenceFeatures& features, DetectionScratch&) const override {
    return model_.surprise(features.events);
  }
  std::size_t bytes() const noexcept override { return model_.bytes(); }
  void save(ProfileWriter& writer) const override { model_.save(writer); }
  void load(const ProfileReader& reader) override { model_.load(reader); }

 private:
  std::size_t order_;
  NgramModel model_;
};

/// Types that the normals hold, ascending.
class KnownTypes {
 public:
  void fit(const Normals& normals) { types_.assign(normals.known_types().begin(), normals.known_types().end()); }
  bool contains(TypeId type) const noexcept { return std::binary_search(types_.begin(), types_.end(), type); }
  std::size_t bytes() const noexcept { return types_.size() * sizeof(TypeId); }
  void save(ProfileWriter& writer) const { writer.write("known_types", types_); }
  void load(const ProfileReader& reader) {
    types_ = reader.u32("known_types");
    reader.require(std::adjacent_find(types_.begin(), types_.end(), std::greater_equal<>()) == types_.end(),
                   "known_types", "not strictly ascending");
  }

 private:
  std::vector<TypeId> types_;
};

using ItemsOf = void (*)(const SequenceFeatures&, std::vector<SparseItem>&);

void type_set(const SequenceFeatures& features, std::vector<SparseItem>& items) {
  for (const TypeId type : features.types.items) items.push_back({type_key(type), 1.0f});
}
void type_logcounts(const SequenceFeatures& features, std::vector<SparseItem>& items) {
  for (std::size_t i = 0; i < features.types.size(); ++i) {
    items.push_back({type_key(features.types.items[i]), static_cast<float>(std::log1p(features.types.counts[i]))});
  }
}
void pair_set(const SequenceFeatures& features, std::vector<SparseItem>& items) {
  type_set(features, items);
  for (const std::uint64_t bigram : features.bigrams.items) items.push_back({bigram, 1.0f});
}
void bigram_frequencies(const SequenceFeatures& features, std::vector<SparseItem>& items) {
  const auto total = static_cast<double>(features.events.size() + 1);
  for (std::size_t i = 0; i < features.bigrams.size(); ++i) {
    items.push_back({features.bigrams.items[i], static_cast<float>(features.bigrams.counts[i] / total)});
  }
}

/// Mean distance to the nearest normals, in the space of one kind of items.
class NeighbourDetector final : public Detector {
 public:
  /// `fewest` neighbours, whatever the share of the normals comes to.
  NeighbourDetector(Similarity similarity, ItemsOf items_of, bool merge_unseen, const DetectorOptions& options,
                    std::size_t fewest = 1)
      : items_of_(items_of),
        merge_unseen_(merge_unseen),
        neighbours_(options.neighbours),
        fewest_(fewest),
        normals_(similarity) {}
  Sidedness sidedness() const noexcept override { return Sidedness::upper; }

  void fit(const Normals& normals) override {
    if (merge_unseen_) known_.fit(normals);
    FeatureExtractor extractor(normals.longest());
    std::vector<SparseItem> items;
    normals_.begin();
    for (std::size_t i = 0; i < normals.size(); ++i) {
      items.clear();
      items_of_(extractor.extract(normals.sequence(i)), items);
      normals_.add(items, normals.copies(i));
    }
    normals_.finish();
  }

  double decision_function(const SequenceFeatures& features, DetectionScratch& scratch) const override {
    scratch.items.clear();
    items_of_(features, scratch.items);
    double merged = 0;
    if (merge_unseen_) {
      const auto unseen = [&](const SparseItem& item) { return !known_.contains(static_cast<TypeId>(item.key)); };
      merged = std::erase_if(scratch.items, unseen) > 0 ? 1.0 : 0.0;
    }
    return normals_.mean_distance(scratch.items, merged, std::max(fewest_, neighbours_.of(normals_.total())),
                                  scratch.nearest);
  }

  std::vector<Familiarity> familiarity(const SequenceFeatures& features) const override {
    std::vector<SparseItem> items;
    items_of_(features, items);
    std::vector<Familiarity> result;
    for (const SparseItem& item : items) {
      const NearestNormals::Holders holders = normals_.holders_of(item.key);
      result.push_back({item.key, item.value, holders.normals, holders.largest});
    }
    return result;
  }

  std::size_t bytes() const noexcept override { return normals_.bytes() + known_.bytes(); }
  void save(ProfileWriter& writer) const override {
    if (merge_unseen_) known_.save(writer);
    normals_.save(writer);
  }
  void load(const ProfileReader& reader) override {
    if (merge_unseen_) known_.load(reader);
    normals_.load(reader);
  }

 private:
  ItemsOf items_of_;
  bool merge_unseen_;
  Neighbours neighbours_;
  std::size_t fewest_;
  KnownTypes known_;
  NearestNormals normals_;
};

class UnseenDetector final : public Detector {
 public:
  Sidedness sidedness() const noexcept override { return Sidedness::upper; }
  void fit(const Normals& normals) override { known_.fit(normals); }
  double decision_function(const SequenceFeatures& features, DetectionScratch&) const override {
    if (features.events.empty()) return 0;
    std::size_t unseen = 0;
    for (std::size_t i = 0; i < features.types.size(); ++i) {
      if (!known_.contains(features.types.items[i])) unseen += features.types.counts[i];
    }
    return static_cast<double>(unseen) / static_cast<double>(features.events.size());
  }
  std::vector<Familiarity> familiarity(const SequenceFeatures& features) const override {
    std::vector<Familiarity> result;
    for (std::size_t i = 0; i < features.types.size(); ++i)
      if (!known_.contains(features.types.items[i]))
        result.push_back({type_key(features.types.items[i]), static_cast<double>(features.types.counts[i])});
    return result;
  }
  std::size_t bytes() const noexcept override { return known_.bytes(); }
  void save(ProfileWriter& writer) const override { known_.save(writer); }
  void load(const ProfileReader& reader) override { known_.load(reader); }

 private:
  KnownTypes known_;
};

double log_length(const SequenceFeatures& features, DetectionScratch&) {
  return std::log(static_cast<double>(std::max<std::size_t>(features.events.size(), 1)));
}
double repeated_types(const SequenceFeatures& features, DetectionScratch&) {
  if (features.events.empty()) return 0;
  return 1.0 - static_cast<double>(features.types.size()) / static_cast<double>(features.events.size());
}
double repeated_neighbours(const SequenceFeatures& features, DetectionScratch&) {
  if (features.events.size() < 2) return 0;
  return 1.0 - static_cast<double>(features.runs) / static_cast<double>(features.events.size());
}
/// Types are renumbered 0.. in ascending order; a byte each up to 256 types, else two (65,536 types and more: four),
/// little-endian.
double squeezed(const SequenceFeatures& features, DetectionScratch& scratch) {
  const auto types = features.types.items;
  const std::size_t width = types.size() <= 256 ? 1 : types.size() <= 65'536 ? 2 : 4;
  scratch.bytes.clear();
  for (const TypeId event : features.events) {
    auto number = static_cast<std::uint32_t>(std::lower_bound(types.begin(), types.end(), event) - types.begin());
    for (std::size_t b = 0; b < width; ++b, number >>= 8) scratch.bytes.push_back(static_cast<std::uint8_t>(number));
  }
  const auto size = static_cast<double>(scratch.deflater.compressed_size(scratch.bytes));
  return size / static_cast<double>(features.events.size() + 20);
}

/// A figure of the sequence alone: nothing to learn but its calibration.
class FigureDetector final : public Detector {
 public:
  using Figure = double (*)(const SequenceFeatures&, DetectionScratch&);
  explicit FigureDetector(Figure figure) : figure_(figure) {}
  Sidedness sidedness() const noexcept override { return Sidedness::two_sided; }
  void fit(const Normals&) override {}
  double decision_function(const SequenceFeatures& features, DetectionScratch& scratch) const override {
    return figure_(features, scratch);
  }
  std::size_t bytes() const noexcept override { return 0; }
  void save(ProfileWriter&) const override {}
  void load(const ProfileReader&) override {}

 private:
  Figure figure_;
};

template <Similarity similarity, ItemsOf items_of, bool merge_unseen = false>
std::unique_ptr<Detector> neighbours(const DetectorOptions& options) {
  return std::make_unique<NeighbourDetector>(similarity, items_of, merge_unseen, options);
}
template <FigureDetector::Figure figure>
std::unique_ptr<Detector> of_figure(const DetectorOptions&) {
  return std::make_unique<FigureDetector>(figure);
}

/// A crowd, rather than the nearest: Neighbours::share of the normals, a twentieth unless a recipe says otherwise, but
/// Neighbours::count at least (of 50 normals a twentieth are two or three, which makes folds and whole differ).
std::unique_ptr<Detector> crowd(DetectorOptions options) {
  constexpr double k_crowd = 0.05;
  if (options.neighbours.share <= 0) options.neighbours.share = k_crowd;
  return std::make_unique<NeighbourDetector>(Similarity::cosine, type_set, false, options, options.neighbours.count);
}

struct NamedDetector {
  std::string_view name;
  std::unique_ptr<Detector> (*make)(const DetectorOptions&);
};
constexpr NamedDetector k_detectors[] = {
    {"ngram", [](const DetectorOptions& o) -> std::unique_ptr<Detector> { return std::make_unique<NgramDetector>(o); }},
    {"types", neighbours<Similarity::cosine, type_set>},
    {"crowd", [](const DetectorOptions& o) { return crowd(o); }},
    {"typeset", neighbours<Similarity::cosine, type_set, true>},
    {"logcount", neighbours<Similarity::min_max, type_logcounts>},
    {"pairset", neighbours<Similarity::jaccard, pair_set>},
    {"bigrams", neighbours<Similarity::min_max, bigram_frequencies>},
    {"unseen", [](const DetectorOptions&) -> std::unique_ptr<Detector> { return std::make_unique<UnseenDetector>(); }},
    {"length", of_figure<log_length>},
    {"repeats", of_figure<repeated_types>},
    {"same", of_figure<repeated_neighbours>},
    {"squeeze", of_figure<squeezed>},
};

}  // namespace

DetectionScratch::DetectionScratch(std::size_t max_events) : features(max_events) {
  items.reserve(2 * max_events + 1);
  bytes.reserve(2 * max_events);
}

std::size_t Neighbours::of(std::size_t normals) const noexcept {
  if (share <= 0) return count;
  return std::max<std::size_t>(1, static_cast<std::size_t>(std::lround(share * static_cast<double>(normals))));
}

std::vector<std::string_view> detector_names() {
  std::vector<std::string_view> names;
  for (const NamedDetector& detector : k_detectors) names.push_back(detector.name);
  return names;
}

std::unique_ptr<Detector> make_detector(std::string_view name, const DetectorOptions& options) {
  if (options.neighbours.count < 1 || !(options.neighbours.share >= 0 && options.neighbours.share <= 1)) {
    fail(ErrorCode::invalid_argument, std::string(name), "neighbours must be >= 1, their share in [0, 1]");
  }
  if (options.order < 1 || options.order > NgramModel::k_max_order) {
    fail(ErrorCode::invalid_argument, std::string(name), "order", "1 to " + std::to_string(NgramModel::k_max_order),
         std::to_string(options.order));
  }
  for (const NamedDetector& detector : k_detectors) {
    if (detector.name == name) return detector.make(options);
  }
  std::string known;
  for (const NamedDetector& detector : k_detectors) known.append(" ").append(detector.name);
  fail(ErrorCode::invalid_argument, "make_detector", "unknown detector", "one of" + known, std::string(name));
}

}  // namespace v0
}  // namespace seqguard
