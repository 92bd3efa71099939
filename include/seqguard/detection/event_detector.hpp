// Detectors that score each event of a sequence from statistics alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "seqguard/core/executor.hpp"
#include "seqguard/detection/detector.hpp"
#include "seqguard/detection/profile.hpp"
#include "seqguard/detection/tail_calibration.hpp"

namespace seqguard {

/// One number per event, higher = more abnormal. Same rules as Detector.
class EventDetector {
 public:
  virtual ~EventDetector() = default;
  /// What it learns stays within max_bytes: normals beyond it are thinned.
  virtual void fit(const Normals& normals, std::size_t max_bytes = ProfileOptions().max_bytes) = 0;
  /// scores [L].
  virtual void decision_function(const SequenceFeatures& features, DetectionScratch& scratch,
                                 std::span<double> scores) const = 0;
  virtual std::size_t bytes() const noexcept = 0;
  virtual void save(ProfileWriter& writer) const = 0;
  /// @throws Error bad_checkpoint.
  virtual void load(const ProfileReader& reader) = 0;
};

/// The detectors of events:
///
///     cooccurrence  p(x_t) = mean over the neighbours j within 5 events of (c(j,x) + 20 q(x)) / (c(j) + 20), score
///     -log p;
///                   c(j,x) = how often x lies within 5 events of j, c(j) = sum_x c(j,x), q = share of an event among
///                   all (unseen: as if 1 of all). Finds replaced and inserted events where order matters little:
///                   items.
///     repeated      1 for an event that occurred before in the sequence, else 0. A duplicate is invisible to
///                   likelihoods; for data whose normals rarely repeat (see share_of_repeats). Its tail p-value means
///                   nothing: read p_conformal.
///
/// @throws Error invalid_argument for another name.
std::unique_ptr<EventDetector> make_event_detector(std::string_view name);

/// Share of the events of the normals that occurred before in their sequence.
double share_of_repeats(const Normals& normals);
/// What so small a share of the normals' events does is suspicious by itself; `repeated` is worth while below it.
inline constexpr double k_rare = 0.05;

/// Scores of all events of all normals, one sequence after another, each under statistics fitted on the other folds.
/// Folds, threads and errors as for out_of_fold_scores().
std::vector<double> out_of_fold_event_scores(std::span<const TypeSequence> normals, std::string_view detector,
                                             const ProfileOptions& options = {},
                                             Executor& executor = inline_executor());

/// p-values per event from the scores of held-out normal events, whatever gave them. Of more than `most` scores a
/// random sample of that size is used, the same for the same seed. @throws Error as TailCalibration.
TailCalibration calibrate_events(std::span<const double> scores, std::size_t most = 65'536, std::uint64_t seed = 1);

}  // namespace seqguard
