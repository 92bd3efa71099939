// Raw scores of all views to one calibrated decision.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "seqguard/core/views.hpp"
#include "seqguard/detection/recipe.hpp"
#include "seqguard/detection/tail_calibration.hpp"
#include "seqguard/model/detail/profile_io.hpp"

namespace seqguard {
inline namespace v0 {

/// A judged sequence.
struct Judgement {
  double value = 0;            ///< combined level T, higher = more abnormal
  double p_value = 1;          ///< TailCalibration on T, cautious; decides
  double p_conformal = 1;      ///< rank of T among the highest T of the calibration normals
  std::size_t worst_view = 0;  ///< index of the view that contributes most; of several at the cap the last one, so that
                               ///< a column is named rather than the sum of columns
};

/// What the normals score, [n, views] each, NaN: not known.
///
/// The model that will judge is not the one that gave the held-out scores: it has seen more, and each training ends
/// elsewhere. Where the normals are (nearly) equal that difference is larger than what separates them, and would make
/// each of them an anomaly. So every normal counts with the most abnormal of what is known of it: a view's upper tail
/// is made of max(held_out, finished), its lower tail of the minima, and T of the largest T of the three rows; normals
/// that the finished model cannot tell apart count alike, with the highest T of theirs.
///
/// What the finished model has learned itself is far more predictable to it than any new normal. `own` rows, and
/// learned sequences when they are judged again, therefore have no lower tails: where nothing repeats (films that a
/// user watches once) they would be the most abnormal normals of all, and no anomaly would exceed them.
struct CalibrationScores {
  MatrixView<const double> held_out;       ///< by a model that has not seen that normal
  MatrixView<const double> finished = {};  ///< by the model that will judge, of a new normal like that one
  MatrixView<const double> own = {};       ///< by the model that will judge, of that normal itself, which it has seen
  std::span<const double> noise = {};      ///< [views] by how much two fits differ about one sequence; empty: 0
};

/// Levels of each view by its sidedness, their combination, calibrated once more on the same normals.
///
///     upper: A(s)    two-sided: max(A(s), A'(-s)) - log 2    9 : 1: max(A(s) + log .9, A'(-s) + log .1)
///
/// with A' fitted on the negated scores. Const calls are thread-safe and allocate nothing.
class Calibration {
 public:
  Calibration() = default;
  /// The level of a view is calibrated on all its held-out numbers, T on the rows of which all are known: with the
  /// views on those rows alone, a quarter of the normals, AUROC was .014 lower on social bots 1 and 3 and on filmtrust.
  /// @throws Error invalid_argument for fewer than two complete rows or sizes that differ; non_finite.
  Calibration(const Recipe& recipe, const CalibrationScores& scores);

  std::size_t views() const noexcept { return views_.size(); }
  std::size_t normals() const noexcept { return combined_.size(); }

  /// Levels of one sequence: raw, levels [views]. Of a learned one, without lower tails.
  void levels(std::span<const double> raw, std::span<double> levels, bool learned = false) const noexcept;
  /// T of one sequence.
  double combine(std::span<const double> levels) const noexcept;
  /// How much of what lifts T above that of a sequence without any level each view has, [views]: they sum to 1, or all
  /// are 0 where no view has a level.
  void shares(std::span<const double> levels, std::span<double> shares) const noexcept;
  /// All of it; `levels` [views] is filled.
  Judgement judge(std::span<const double> raw, std::span<double> levels, bool learned = false) const noexcept;
  /// What the normals score in a view (its upper tail), ascending.
  std::span<const double> scores_of(std::size_t view) const noexcept { return views_[view].upper.scores(); }
  /// The middle one of them.
  double middle_of(std::size_t view) const noexcept {
    const std::span<const double> scores = scores_of(view);
    return scores[scores.size() / 2];
  }
  /// Tail of T.
  const TailCalibration& combined() const noexcept { return combined_; }

  void save(ProfileWriter& writer) const;
  /// @throws Error bad_checkpoint.
  static Calibration load(const Recipe& recipe, const ProfileReader& reader);

 private:
  struct View {
    std::string name;
    Sidedness sidedness;
    double weight;
    TailCalibration upper, lower;  ///< lower: of the negated scores, empty if upper
  };
  double level(const View& view, double raw, bool learned) const noexcept;
  double contribution(const View& view, double level) const noexcept;
  using Evidence = std::array<double, 3>;          ///< S_1 .. S_3 of Combiner::adaptive
  using NormalEvidence = std::array<Evidence, 3>;  ///< held out, by the finished model, and by it as a learned one
  Evidence evidence(std::span<const double> levels) const noexcept;
  double combine(const Evidence& found) const noexcept;
  double weighted(const View& view, double level) const noexcept;  ///< A_i + log w_i, at most the cap
  double weighted_mean(std::span<const double> levels) const noexcept;
  double power_mean(std::span<const double> levels) const noexcept;
  /// Levels of row r of `other`, with held_out where it does not know a view.
  std::vector<double> levels_of_row(MatrixView<const double> held_out, MatrixView<const double> other, std::size_t r,
                                    bool learned = false) const;
  std::vector<NormalEvidence> evidence_of(const CalibrationScores& scores, std::span<const std::size_t> rows) const;
  /// The tails of S_1 .. S_3, of all normals but each parts-th from `part` on (parts 1: of all).
  void set_evidence(std::span<const NormalEvidence> normals, std::size_t part, std::size_t parts);
  void set_views(const Recipe& recipe, std::span<const std::vector<double>> upper,
                 std::span<const std::vector<double>> lower, std::span<const double> noise, bool adapts);

  Combiner combiner_ = Combiner::power_mean;
  double cap_ = 0;  ///< log(n + 1) + 4 (adaptive, of 100 normals or more: 8), n normals that calibrate the views
  double total_weight_ = 1;
  std::vector<View> views_;
  std::vector<double> noise_;                ///< [views] CalibrationScores::noise
  std::array<TailCalibration, 3> evidence_;  ///< of S_1 .. S_3, each by the largest of a normal's rows; or empty
  TailCalibration combined_;
};

}  // namespace v0
}  // namespace seqguard
