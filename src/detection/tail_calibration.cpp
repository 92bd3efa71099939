#include "seqguard/detection/tail_calibration.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <string>

#include "seqguard/core/error.hpp"
#include "seqguard/model/detail/profile_io.hpp"

namespace seqguard {
inline namespace v0 {

TailCalibration::TailCalibration(std::span<const double> scores, TailRule rule, double noise)
    : scores_(scores.begin(), scores.end()), rule_(rule) {
  const std::size_t n = scores_.size();
  if (n < 2) fail(ErrorCode::invalid_argument, "calibration", "scores", "at least 2", std::to_string(n));
  for (const double score : scores_) {
    if (!std::isfinite(score)) fail(ErrorCode::non_finite, "calibration", "a score is not finite");
  }
  std::sort(scores_.begin(), scores_.end());
  const std::size_t k = std::min(std::max<std::size_t>(5, (n + 9) / 10), n - 1);
  const auto count = static_cast<double>(n);
  start_ = scores_[n - k - 1];
  double excess = 0;
  for (std::size_t i = n - k; i < n; ++i) excess += scores_[i] - start_;
  const double mean = std::accumulate(scores_.begin(), scores_.end(), 0.0) / count;
  double variance = 0;
  for (const double score : scores_) variance += (score - mean) * (score - mean);
  // Without the floor of .05 std a scale from five close points makes the tail far too short.
  const double observed = static_cast<double>(k);
  scale_ =
      std::max({excess / observed, 0.05 * std::sqrt(variance / count), 1e-9 * std::max(1.0, std::abs(start_)), noise});
  if (rule == TailRule::cautious) {
    constexpr double k_imagined = 10;
    const double together = observed + k_imagined;
    scale_ = (1 + 1 / std::sqrt(together)) * std::max(scale_, (observed * scale_ + k_imagined) / together);
  }
  base_ = std::log((count + 1) / static_cast<double>(k + 1));
}

double TailCalibration::p_conformal(double score) const noexcept {
  const auto at_least = scores_.end() - std::lower_bound(scores_.begin(), scores_.end(), score);
  return static_cast<double>(at_least + 1) / static_cast<double>(scores_.size() + 1);
}

double TailCalibration::level(double score) const noexcept {
  if (score > start_) return base_ + (score - start_) / scale_;
  if (std::isnan(score)) return 0;
  return -std::log(p_conformal(score));  // at least k + 1 scores are as high: below base_
}

double TailCalibration::p_value(double score) const noexcept {
  // exp(-level(score)), without the way through the logarithm where the level is one of a rank.
  if (!(score > start_)) return std::isnan(score) ? 1 : p_conformal(score);
  const double tail = std::exp(-level(score));
  if (rule_ == TailRule::plain) return tail;
  const auto at_least = scores_.end() - std::lower_bound(scores_.begin(), scores_.end(), score);
  return std::max(tail, proven_share(static_cast<std::size_t>(at_least)));
}

double TailCalibration::proven_share(std::size_t j) const noexcept {
  if (j == 0) return 0;
  const auto count = static_cast<double>(j);
  return std::max(0.0, count + 0.5 - 1.645 * std::sqrt(count)) / static_cast<double>(scores_.size());
}

double TailCalibration::threshold(double target) const {
  if (!(target > 0 && target < 1)) {
    fail(ErrorCode::invalid_argument, "threshold", "target", "a number in (0, 1)", std::to_string(target));
  }
  const double wanted = -std::log(target);
  if (wanted < base_) {
    // Most scores at or above s so that (number + 1) / (n + 1) < target.
    const double allowed = std::ceil(target * static_cast<double>(scores_.size() + 1)) - 2;
    return allowed < 0 ? start_ : std::min(start_, scores_[scores_.size() - 1 - static_cast<std::size_t>(allowed)]);
  }
  const double tail = start_ + (wanted - base_) * scale_;
  if (rule_ == TailRule::plain) return tail;
  std::size_t allowed = 0;  // most normals above that do not prove the target
  while (allowed + 1 < scores_.size() && proven_share(allowed + 1) < target) ++allowed;
  return std::max(tail, scores_[scores_.size() - 1 - allowed]);
}

void save_rule(ProfileWriter& writer, TailRule rule) {
  writer.write("rule", std::vector<std::uint64_t>{rule == TailRule::cautious ? 1u : 0u});
}

TailRule load_rule(const ProfileReader& reader) {
  if (!reader.has("rule")) return TailRule::plain;
  const std::vector<std::uint64_t> rule = reader.u64("rule");
  reader.require(rule.size() == 1 && rule[0] <= 1, "rule", "not one number, 0 (plain) or 1 (cautious)");
  return rule[0] == 1 ? TailRule::cautious : TailRule::plain;
}

}  // namespace v0
}  // namespace seqguard
