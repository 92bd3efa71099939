// The plug-in interface of one view: a number per sequence, higher = more abnormal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "seqguard/detection/detail/nearest_normals.hpp"
#include "seqguard/detection/detail/squeeze.hpp"
#include "seqguard/detection/features.hpp"
#include "seqguard/detection/normals.hpp"
#include "seqguard/model/detail/profile_io.hpp"

namespace seqguard {
inline namespace v0 {

/// Which ends of a view's distribution are abnormal.
enum class Sidedness {
  upper,        ///< high scores
  two_sided,    ///< both ends alike
  nine_to_one,  ///< both ends, the low one with a tenth of the weight
};

/// Buffers of all detectors; grown on first use, then reused. One per thread.
struct DetectionScratch {
  explicit DetectionScratch(std::size_t max_events = 0);

  FeatureExtractor features;
  std::vector<SparseItem> items;
  NearestScratch nearest;
  std::vector<std::uint8_t> bytes;
  Deflater deflater;
};

/// What a sequence holds of one item, and what the normals hold of it: for people who ask why a view speaks.
struct Familiarity {
  std::uint64_t item = 0;   ///< type_key() or bigram_key()
  double value = 0;         ///< of the sequence: 1 in a set, log(1 + count), or a share of the transitions
  std::size_t normals = 0;  ///< that hold it
  double largest = 0;       ///< value of a normal
};

/// One view of a sequence. decision_function() is a pure function of the sequence: const, thread-safe with one scratch
/// per thread, no allocation once the scratch is warm.
class Detector {
 public:
  virtual ~Detector() = default;
  /// Which ends are abnormal unless a recipe says otherwise.
  virtual Sidedness sidedness() const noexcept = 0;
  /// Learns from normals alone; forgets what was learned before.
  virtual void fit(const Normals& normals) = 0;
  virtual double decision_function(const SequenceFeatures& features, DetectionScratch& scratch) const = 0;
  /// Of the items that the view compares with those of the normals: all, `unseen`: the unknown ones (value: how often
  /// they occur). None for a view that compares none.
  virtual std::vector<Familiarity> familiarity(const SequenceFeatures& /*features*/) const { return {}; }
  /// Memory of what was learned.
  virtual std::size_t bytes() const noexcept = 0;
  virtual void save(ProfileWriter& writer) const = 0;
  /// @throws Error bad_checkpoint.
  virtual void load(const ProfileReader& reader) = 0;
};

/// How many of the nearest normals the distance views average over.
struct Neighbours {
  std::size_t count = 5;
  double share = 0;  ///< if > 0: this share of the normals instead (1/8 for training data known to be dirty)
  std::size_t of(std::size_t normals) const noexcept;
};

/// Settings of a view; each view reads those that concern it.
struct DetectorOptions {
  Neighbours neighbours;
  std::size_t order = 7;  ///< of `ngram`
};

/// The views that make_detector() knows:
///
///     ngram     surprise under interpolated n-grams: unusual order. Two-sided, 9 : 1
///     types     distance to the nearest normals, sets of event types, cosine: unusual composition
///     crowd     the same over a twentieth of the normals, five at least: what most do not, though a few do exactly
///     that.
///               Bots that have twins among the normals, and normals that are not as clean as they should be
///     typeset   the same with all unseen types merged into one
///     logcount  the same on log(1 + count), min / max: unusual amounts
///     pairset   the same on the set of types and bigrams
///     bigrams   the same on relative bigram frequencies: unusual transitions
///     unseen    share of events whose type no normal has: novelty
///     length    log L: volume. Two-sided
///     repeats   1 - types / L: repetition of types. Two-sided
///     same      1 - runs / L, 0 if L < 2: stretches of one event. Two-sided
///     squeeze   size after zlib / (L + 20): repetition of patterns. Two-sided
std::vector<std::string_view> detector_names();

/// @throws Error invalid_argument for an unknown name (the message lists the known ones) or options out of range.
std::unique_ptr<Detector> make_detector(std::string_view name, const DetectorOptions& options = {});

}  // namespace v0
}  // namespace seqguard
