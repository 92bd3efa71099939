// Raw scores to surprise levels: how improbable a score is among the normals.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace seqguard {
inline namespace v0 {

/// What is made of the scale of a tail.
enum class TailRule {
  plain,     ///< the estimate as it is: views, which only have to rank
  cautious,  ///< no claim beyond the data: what decides
};

/// Upper tail of n calibration scores c_1 <= .. <= c_n, with k = max(5, ceil(n / 10)) (at most n - 1), u = c_{n-k} and
/// m = max(mean(c_i - u, i > n-k), .05 std(c), 1e-9 max(1, |u|), noise):
///
///     A(s) = -log((#{c_i >= s} + 1) / (n + 1))     if s <= u
///     A(s) = log((n+1)/(k+1)) + (s - u) / m        if s >  u
///
/// An exponential tail: it ranks what lies beyond the largest normal and works with 50 normals.
///
/// Five points tell a scale badly, and not at all where they are equal. TailRule::cautious is for scores that are
/// themselves -log of a probability (T of all views, the surprise of an event), whose tail therefore falls like exp(-s)
/// as long as nothing else is known. It takes in the place of m
///
///     m' = (1 + 1 / sqrt(k + 10)) max(m, (k m + 10) / (k + 10))
///
/// that is ten imagined excesses of mean 1 beside the k that were seen, and one standard error more; and p_value is
/// never below what the j normals at or above s (if there are any) prove of their share, the lower 5 % bound of a
/// Poisson count over n:
///
///     (j + .5 - 1.645 sqrt(j)) / n
///
/// so that a kind of normal traffic that is rare, but more than the target, is no anomaly. Of 312 generated sets of 20
/// to 500 normals (bench/thresholds.sh; target 1 %, 2,000 fresh normals each) 14 have more alarms than the target
/// explains (99.9 %), with the plain rule 52; planted anomalies are found in 86 % of the cases, with the plain rule in
/// 94 %. With p_value never below p_conformal no normal of 136 may be exceeded: recall of bots at 1 % fell from .40 to
/// .02, with m' alone to .21.
///
/// p_value and p_conformal differ by more than a factor of 3 in two cases: beyond c_n, where p_conformal stays at
/// 1 / (n + 1) and p_value goes on to fall; and above u, where few normals have a rank: there the tail and the bound
/// count, and a rank of 1 or 5 of n is a matter of luck, as all are where the normals spread less than m'.
///
/// Const calls are thread-safe and allocate nothing.
class TailCalibration {
 public:
  TailCalibration() = default;
  /// `noise`: by how much two fits differ about one and the same sequence; an excess counts in units of that at least.
  /// @throws Error invalid_argument for fewer than two scores; non_finite.
  explicit TailCalibration(std::span<const double> scores, TailRule rule = TailRule::plain, double noise = 0);

  double level(double score) const noexcept;    ///< A(s) >= 0; a NaN gives 0
  double p_value(double score) const noexcept;  ///< exp(-A(s)), in (0, 1]; cautious: see above
  /// (#{c_i >= s} + 1) / (n + 1): exact for a score exchangeable with the calibration scores.
  double p_conformal(double score) const noexcept;
  /// p_value(s) < target exactly for s > threshold(target), up to rounding. @throws Error invalid_argument unless 0 <
  /// target < 1.
  double threshold(double target) const;

  std::span<const double> scores() const noexcept { return scores_; }  ///< ascending
  std::size_t size() const noexcept { return scores_.size(); }
  TailRule rule() const noexcept { return rule_; }

 private:
  /// What j normals prove of their share.
  double proven_share(std::size_t j) const noexcept;

  std::vector<double> scores_;
  TailRule rule_ = TailRule::plain;
  double start_ = 0;  ///< u
  double scale_ = 1;  ///< m or m'
  double base_ = 0;   ///< log((n+1)/(k+1))
};

class ProfileReader;
class ProfileWriter;

/// The rule as the array "rule" of the scope; absent in files of before the cautious one, which judge by the plain one.
void save_rule(ProfileWriter& writer, TailRule rule);
/// @throws Error bad_checkpoint.
TailRule load_rule(const ProfileReader& reader);

}  // namespace v0
}  // namespace seqguard
