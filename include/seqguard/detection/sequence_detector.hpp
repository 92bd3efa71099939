// Statistics and calibration in one object: fit on normals, judge sequences.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "seqguard/detection/calibration.hpp"
#include "seqguard/detection/profile.hpp"

namespace seqguard {
inline namespace v0 {

struct SequenceDetectorOptions {
  ProfileOptions profile;
  double contamination = 0.01;  ///< target false-positive rate of predict() and threshold()
};

/// Numbers that come with the normals from outside, for the given views: [normals, given()] each, NaN: not known.
struct GivenScores {
  /// Of a model that has not learned from that normal.
  std::span<const double> held_out = {};
  /// The same, corrected by how the model that will judge differs from the one that gave them. Empty: it is that one.
  std::span<const double> shifted = {};
  /// What the model that will judge says of the normals themselves. Empty: held_out.
  std::span<const double> own = {};
  /// [given()] by how much two trainings differ about one sequence. Empty: 0.
  std::span<const double> noise = {};
};

/// A recipe with everything learned for it. Recipe::single() gives each detector alone. Higher = more abnormal.
class SequenceDetector {
 public:
  /// Buffers of one thread; allocates nothing once it has seen the longest sequence.
  struct Scratch {
    explicit Scratch(std::size_t max_events = 0) : detection(max_events) {}
    DetectionScratch detection;
    std::vector<double> given;        ///< [Recipe::given()] of the last judged sequence
    std::vector<double> raw, levels;  ///< [views] of it
  };

  /// Its given views get their numbers in the order of recipe.given().
  /// @throws Error invalid_argument for a recipe that does not check().
  explicit SequenceDetector(Recipe recipe = Recipe::broad(), const SequenceDetectorOptions& options = {});
  /// `given` names the numbers that come with each sequence, in their order: the given views of the recipe are among
  /// them. @throws Error invalid_argument also if one is not.
  SequenceDetector(Recipe recipe, std::vector<std::string> given, const SequenceDetectorOptions& options = {});

  /// The same statistics and recipe with one more given view at the end (in the place of one of that name), not yet
  /// calibrated. @throws Error as the constructor.
  SequenceDetector with_given_view(const ViewSpec& view) const;
  /// The same without the given view of this name, if there is one.
  SequenceDetector without_given_view(std::string_view name) const;

  /// Learns from normals. A normal without a held-out number is learned from, and calibrates its views but not their
  /// combination. @throws Error invalid_argument.
  void fit(std::span<const TypeSequence> normals, const GivenScores& given = {},
           Executor& executor = inline_executor());

  /// Thread-safe with one scratch per thread. `given`: one number for each of given(); NaN: not known, it then counts
  /// as that of the middle one of the normals. @throws Error invalid_argument for more or fewer.
  Judgement judge(TypeSequence events, std::span<const double> given, Scratch& scratch) const;
  /// The same in two steps, for a number that follows from what the other views say: raw scores of the views in
  /// scratch.raw, in the order of the recipe, which the caller may complete; then the judgement by them.
  void score_views(TypeSequence events, std::span<const double> given, Scratch& scratch) const;
  Judgement judge_views(TypeSequence events, Scratch& scratch) const;
  /// Combined level T. @throws Error as judge().
  double decision_function(TypeSequence events, Scratch& scratch, std::span<const double> given = {}) const;
  /// p_value < contamination, that is decision_function > threshold. @throws Error as judge().
  bool predict(TypeSequence events, Scratch& scratch, std::span<const double> given = {}) const;
  double threshold() const { return calibration_.combined().threshold(options_.contamination); }

  const Recipe& recipe() const noexcept { return recipe_; }
  /// Names of the numbers that come with each sequence.
  std::span<const std::string> given() const noexcept { return given_; }
  const Profile& profile() const noexcept { return profile_; }
  const Calibration& calibration() const noexcept { return calibration_; }
  /// How many of these sequences are among those that fit() saw exactly once. New traffic hardly repeats what came
  /// once; 0 for detectors of files that do not tell.
  std::size_t count_learned(std::span<const TypeSequence> sequences) const;
  /// Whether it is one of these: it is then judged without the lower tails (CalibrationScores).
  bool has_learned(TypeSequence sequence) const;
  /// New calibration with the statistics kept, for recent traffic: `normals` must not be those that were fitted on.
  /// The same bits at any concurrency. @throws Error invalid_argument.
  void recalibrate(std::span<const TypeSequence> normals, std::span<const double> given = {},
                   Executor& executor = inline_executor());

  /// The bytes of profile.safetensors; the recipe is stored apart (detector.json).
  std::string serialize() const;
  /// Reads into a detector that was made for the same recipe. @throws Error bad_checkpoint for a file that does not
  /// belong to the recipe or is damaged.
  void load(const SafetensorsFile& file);

 private:
  /// This recipe with the statistics of a detector whose computed views are the same.
  SequenceDetector with_statistics_of(const SequenceDetector& fitted) const;
  /// Of the numbers that come with each sequence, those that the recipe uses, in its order.
  /// @throws Error invalid_argument: their number.
  void select(std::span<const double> given, std::size_t sequences, std::vector<double>& out) const;
  /// [normals, views] of the fitted statistics and given.own; NaN for normals that neither decide nor have copies.
  std::vector<double> own_scores(const Normals& normals, std::span<const std::uint32_t> distinct,
                                 const GivenScores& given, Executor& executor) const;

  Recipe recipe_;
  std::vector<std::string> given_;
  std::vector<std::size_t> columns_;  ///< of given_, for each given view of the recipe
  SequenceDetectorOptions options_;
  std::vector<std::uint64_t> single_;  ///< content_hash() of the normals of fit() that came once, ascending
  Profile profile_;
  Calibration calibration_;
};

}  // namespace v0
}  // namespace seqguard
