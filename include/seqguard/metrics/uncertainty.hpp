// How sure figures of merit are, and whether two scores of the same sequences really differ.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace seqguard {
inline namespace v0 {

/// 95 % of the resamples lie between `low` and `high`.
struct Interval {
  double low = 0, high = 0;
};

struct BootstrapOptions {
  std::size_t resamples = 1000;
  std::uint64_t seed = 1;
};

struct FigureIntervals {
  Interval auroc, average_precision, tpr_at_1, tpr_at_5;
};

/// Percentile bootstrap (Efron 1979): normal and abnormal sequences are drawn anew with replacement, each group by
/// itself, so that the prevalence stays; 2.5 % and 97.5 % of the figures. A pure function of scores and options. Time:
/// resamples x scores. @throws Error invalid_argument: an empty group, NaN, no resamples.
FigureIntervals bootstrap_intervals(std::span<const double> normal, std::span<const double> abnormal,
                                    const BootstrapOptions& options = {});

/// Two systems on the same sequences: place i of `a` and `b` is the same one.
struct PairedScores {
  std::span<const double> normal_a, abnormal_a, normal_b, abnormal_b;
};

struct Difference {
  double a = 0, b = 0;            ///< the figure of each
  Interval interval;              ///< 95 % of a - b
  std::optional<double> p_value;  ///< two-sided, of no difference; empty: cannot be told
};

/// AUROC by DeLong, DeLong and Clarke-Pearson (Biometrics 1988), with mid-ranks (Sun and Xu 2014): normal
/// approximation of the difference of two correlated areas. p = 1 where the scores rank alike. Where it has no variance
/// to go by - fewer than 2 scores in a group, or areas that differ by the same for each sequence - there is no p, and
/// the interval is -1 to 1. @throws Error invalid_argument: an empty group, sizes that differ, NaN.
Difference compare_auroc(const PairedScores& scores);

/// Average precision by a paired bootstrap: the same draws for both. p: twice the smaller share of resamples on either
/// side of 0, at least 1 / resamples. @throws Error as bootstrap_intervals(), sizes that differ.
Difference compare_average_precision(const PairedScores& scores, const BootstrapOptions& options = {});

/// Two-sided 95 % interval of a share, `part` of `whole` (Wilson 1927). @throws Error invalid_argument: whole is 0 or
/// below part.
Interval share_interval(std::size_t part, std::size_t whole);

}  // namespace v0
}  // namespace seqguard
