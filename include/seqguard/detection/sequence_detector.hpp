// Statistics and calibration in one object: fit on normals, judge sequences.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "seqguard/detection/calibration.hpp"
#include "seqguard/detection/profile.hpp"

namespace seqguard {

struct SequenceDetectorOptions {
  ProfileOptions profile;
  double contamination = 0.01;  ///< target false-positive rate of predict() and threshold()
};

/// A recipe with everything learned for it. Recipe::single() gives each detector alone. Higher = more abnormal.
class SequenceDetector {
 public:
  /// Buffers of one thread; allocates nothing once it has seen the longest sequence.
  struct Scratch {
    explicit Scratch(std::size_t max_events = 0) : detection(max_events) {}
    DetectionScratch detection;
    std::vector<double> raw, levels;  ///< [views] of the last judged sequence
  };

  /// @throws Error invalid_argument for a recipe that does not check().
  explicit SequenceDetector(Recipe recipe = Recipe::broad(false), const SequenceDetectorOptions& options = {});

  /// Learns from normals. `next` [normals, recipe().next_views()]: out-of-fold numbers, row by row; a normal with NaN
  /// there is learned from, and calibrates its views but not their combination.
  /// @throws Error invalid_argument.
  void fit(std::span<const TypeSequence> normals, std::span<const double> next = {},
           Executor& executor = inline_executor());

  /// Thread-safe with one scratch per thread. `next`: at least recipe().next_views() numbers, of which the first are
  /// read. @throws Error invalid_argument for fewer.
  Judgement judge(TypeSequence events, std::span<const double> next, Scratch& scratch) const;
  /// Combined level T. @throws Error as judge().
  double decision_function(TypeSequence events, Scratch& scratch, std::span<const double> next = {}) const;
  /// p_value < contamination, that is decision_function > threshold. @throws Error as judge().
  bool predict(TypeSequence events, Scratch& scratch, std::span<const double> next = {}) const;
  double threshold() const { return calibration_.combined().threshold(options_.contamination); }

  const Recipe& recipe() const noexcept { return recipe_; }
  const Profile& profile() const noexcept { return profile_; }
  const Calibration& calibration() const noexcept { return calibration_; }
  /// New calibration with the statistics kept, for recent traffic: `normals` must not be those that were fitted on.
  void recalibrate(std::span<const TypeSequence> normals, std::span<const double> next = {});

  /// The bytes of profile.safetensors; the recipe is stored apart (detector.json).
  std::string serialize() const;
  /// @throws Error bad_checkpoint for a file that does not belong to the recipe or is damaged.
  static SequenceDetector load(Recipe recipe, const SafetensorsFile& file, const SequenceDetectorOptions& options = {});

 private:
  Recipe recipe_;
  SequenceDetectorOptions options_;
  Profile profile_;
  Calibration calibration_;
  std::size_t next_views_ = 0;
};

}  // namespace seqguard
