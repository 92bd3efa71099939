// The level of numbers, gaps and further columns over a sequence, held against that of the normals.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "seqguard/core/executor.hpp"
#include "seqguard/detection/number_statistics.hpp"
#include "seqguard/model/detail/profile_io.hpp"

namespace seqguard {
inline namespace v0 {

/// The given views of a NumberProfile: all statistics of a sequence together, and of one column (followed by its name).
inline constexpr std::string_view k_numbers_view = "numbers", k_numbers_of = "numbers:", k_nearest_of = "nearest:";
bool is_number_view(std::string_view name) noexcept;

/// Views of the statistics of number_blocks(), x_s of a sequence. A statistic that a sequence does not have counts as
/// the median of the normals.
///
///     numbers          mean over all s of |x_s - mean_s| / deviation_s: each value may be likely, their level is not
///     numbers:COLUMN   the same over the statistics of a column
///     nearest:COLUMN   mean distance to the five nearest normals, each distance the mean over the statistics of the
///                      column of |q_s - q'_s|, q_s = logit of the rank of x_s among the normals: what no normal
///                      combines, and twins where the normals have none
///
/// Numbers are judged one by one by the surprise of the encoder, and many likely ones in a row surprise nobody: of the
/// fraudsters of otc_fraud, who rate in quick succession, `next:time` finds AUROC .64, `numbers` .85. A deviation of a
/// statistic that is the same in all normals is unbounded, as a new event is to `unseen`; the cap of levels bounds
/// both. Measured beside Mahalanobis distances, isolation forests, ECOD and nearest normals of all columns:
/// docs/detection.md. Const calls are thread-safe.
class NumberProfile {
 public:
  NumberProfile() = default;
  /// `statistics` [normals, count_statistics(blocks)], NaN where there is none. Of more than 5,000 normals as many,
  /// evenly spread, are kept. @throws Error invalid_argument without normals or for sizes that do not fit.
  NumberProfile(std::vector<NumberBlock> blocks, std::span<const double> statistics);

  bool empty() const noexcept { return blocks_.empty(); }
  /// "numbers", then for each column "numbers:COLUMN" and "nearest:COLUMN". None if empty().
  static std::vector<std::string> views(const std::vector<NumberBlock>& blocks);
  std::size_t count_views() const noexcept { return empty() ? 0 : 1 + 2 * blocks_.size(); }
  const std::vector<NumberBlock>& blocks() const noexcept { return blocks_; }
  std::size_t normals() const noexcept { return normals_; }  ///< that are kept

  /// Appends the numbers of views() of a sequence, all finite; nothing if empty().
  void append_scores(const EncodedEvents& events, NumberScratch& scratch, std::vector<double>& out) const;
  /// The same of statistics that are known.
  void append_scores_of(std::span<const double> statistics, NumberScratch& scratch, std::vector<double>& out) const;

  /// The value of a statistic that a share of the normals does not exceed.
  double quantile(std::size_t statistic, double share) const;
  /// |x - mean| / deviation; NaN: 0.
  double deviation(std::size_t statistic, double x) const;

  void save(ProfileWriter& writer) const;
  /// @throws Error bad_checkpoint for arrays that do not fit the blocks.
  static NumberProfile load(std::vector<NumberBlock> blocks, const ProfileReader& reader);

 private:
  struct Statistic {
    double median = 0, mean = 0, deviation = 1;
    std::vector<double> sorted;
  };
  void build();
  double position(const Statistic& statistic, double x) const;  ///< q
  double nearest(const NumberBlock& block, std::span<const double> position) const;

  std::vector<NumberBlock> blocks_;
  std::size_t normals_ = 0;
  std::vector<double> values_;         ///< [normals, statistics], missing ones replaced
  std::vector<Statistic> statistics_;  ///< [statistics]
  std::vector<float> positions_;       ///< [blocks][normals, statistics of the block] q
};

/// What profiles of three fourths of the normals say of the others, [normals, views]: the folds are random, the same
/// for the same seed and number of normals. The same bits at any concurrency.
std::vector<double> out_of_fold_numbers(const std::vector<NumberBlock>& blocks, std::span<const double> statistics,
                                        std::uint64_t seed, Executor& executor = inline_executor());

}  // namespace v0
}  // namespace seqguard
