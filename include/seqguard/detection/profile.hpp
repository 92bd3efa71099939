// The fitted statistics of all views of a recipe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "seqguard/core/executor.hpp"
#include "seqguard/detection/detector.hpp"
#include "seqguard/detection/recipe.hpp"

namespace seqguard {
inline namespace v0 {

struct ProfileOptions {
  std::size_t max_bytes = std::size_t{64} << 20;  ///< of the fitted statistics; normals beyond it are thinned
  std::size_t folds = 4;                          ///< of the out-of-fold scores
  std::uint64_t seed = 1;                         ///< of the folds
};

/// Statistics of normal behaviour. Immutable once fitted: scoring is const and thread-safe.
class Profile {
 public:
  Profile() = default;
  /// Where the statistics would need more than max_bytes, distinct normals are left out (those whose content hashes
  /// highest, the same ones each time) until they fit.
  Profile(const Recipe& recipe, const Normals& normals, const ProfileOptions& options = {});

  std::size_t views() const noexcept { return views_.size(); }
  const Detector& detector(std::size_t view) const noexcept { return *views_[view].detector; }
  std::size_t bytes() const noexcept;
  /// Distinct normals that the statistics hold, and that there were.
  std::size_t kept_normals() const noexcept { return kept_; }
  std::size_t distinct_normals() const noexcept { return distinct_; }

  /// Raw scores of one sequence, raw [views]; `given`: the numbers of Recipe::given(), in its order.
  /// Pure function of the arguments; allocates nothing once the scratch is warm.
  void scores(TypeSequence events, std::span<const double> given, DetectionScratch& scratch,
              std::span<double> raw) const;

  void save(ProfileWriter& writer) const;
  /// @throws Error bad_checkpoint.
  static Profile load(const Recipe& recipe, const SafetensorsFile& file);

 private:
  struct View {
    std::string name;
    std::unique_ptr<Detector> detector;
  };
  static std::vector<View> make_views(const Recipe& recipe);

  std::vector<View> views_;
  std::size_t kept_ = 0, distinct_ = 0;
};

/// Raw scores [normals, views], row by row, of each normal under statistics fitted on the other folds. `given`
/// [normals, Recipe::given()] must be out-of-fold itself; empty: NaN. Folds are random, the same for the same seed and
/// number of sequences, at any concurrency. @throws Error invalid_argument for fewer sequences than folds, folds < 2,
/// or another number of given ones.
std::vector<double> out_of_fold_scores(std::span<const TypeSequence> normals, std::span<const double> given,
                                       const Recipe& recipe, const ProfileOptions& options = {},
                                       Executor& executor = inline_executor());

/// Whether the normals change over time.
struct Drift {
  double auroc = 0.5;           ///< second half of the normals against the first, combined level
  double standard_error = 0.5;  ///< of the auroc, if nothing changed
  bool warning = false;         ///< auroc >= k_drift_auroc, and more than three standard errors above .5
};
inline constexpr double k_drift_auroc = 0.58;

/// Scores both halves of the normals (in their order) by statistics fitted on the first half alone, each of its
/// sequences left out of its own: .5 where the order means nothing. Random folds cannot see drift, and no calibration
/// on the training normals can correct it. Given views are left out: what they would say after a fit on one half alone
/// is not known. @throws Error invalid_argument for fewer than 16 normals.
Drift drift_check(std::span<const TypeSequence> normals, const Recipe& recipe, const ProfileOptions& options = {},
                  Executor& executor = inline_executor());

}  // namespace v0
}  // namespace seqguard
