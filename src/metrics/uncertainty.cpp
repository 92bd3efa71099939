#include "seqguard/metrics/uncertainty.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <string>
#include <vector>

#include "metrics/mid_ranks.hpp"
#include "seqguard/core/error.hpp"
#include "seqguard/core/random.hpp"
#include "seqguard/metrics/metrics.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

constexpr double k_95 = 1.959963984540054;  // of a standard normal, 97.5 %

void check_group(std::span<const double> scores, const char* where) {
  if (scores.empty()) fail(ErrorCode::invalid_argument, where, "both groups need a score");
  for (const double score : scores)
    if (std::isnan(score)) fail(ErrorCode::invalid_argument, where, "a score is NaN");
}

void check_pairs(const PairedScores& scores, const char* where) {
  for (const auto& group : {scores.normal_a, scores.abnormal_a, scores.normal_b, scores.abnormal_b})
    check_group(group, where);
  if (scores.normal_a.size() != scores.normal_b.size() || scores.abnormal_a.size() != scores.abnormal_b.size())
    fail(ErrorCode::invalid_argument, where, "two systems on the same sequences", "as many scores of each",
         std::to_string(scores.normal_a.size()) + " + " + std::to_string(scores.abnormal_a.size()) + " and " +
             std::to_string(scores.normal_b.size()) + " + " + std::to_string(scores.abnormal_b.size()));
}

/// Scores of both groups in one descending order, made once; a resample is a number of draws for each of them.
class Ranking {
 public:
  Ranking(std::span<const double> normal, std::span<const double> abnormal)
      : normals_(normal.size()), abnormals_(abnormal.size()), order_(normals_ + abnormals_) {
    std::vector<double> scores(normal.begin(), normal.end());
    scores.insert(scores.end(), abnormal.begin(), abnormal.end());
    std::iota(order_.begin(), order_.end(), std::size_t{0});
    std::sort(order_.begin(), order_.end(),
              [&](std::size_t a, std::size_t b) { return scores[a] != scores[b] ? scores[a] > scores[b] : a < b; });
    ends_group_.resize(order_.size());
    for (std::size_t i = 0; i < order_.size(); ++i)
      ends_group_[i] = i + 1 == order_.size() || scores[order_[i + 1]] != scores[order_[i]];
  }

  /// AUROC, average precision, TPR at 1 % and 5 %; `draws`: of each normal, then of each abnormal.
  std::array<double, 4> figures(std::span<const std::uint32_t> draws) const {
    const double n = static_cast<double>(normals_), a = static_cast<double>(abnormals_);
    double area = 0, precision = 0, at_1 = 0, at_5 = 0;
    std::size_t fp = 0, tp = 0, fp_before = 0, tp_before = 0;
    for (std::size_t i = 0; i < order_.size(); ++i) {
      (order_[i] < normals_ ? fp : tp) += draws[order_[i]];
      if (!ends_group_[i]) continue;
      const double found = static_cast<double>(tp), alarms = static_cast<double>(tp + fp);
      area += static_cast<double>(fp - fp_before) * 0.5 * static_cast<double>(tp_before + tp);
      if (tp > tp_before) precision += static_cast<double>(tp - tp_before) * found / alarms;
      const double rate = static_cast<double>(fp) / n;
      if (rate <= 0.01) at_1 = found / a;
      if (rate <= 0.05) at_5 = found / a;
      fp_before = fp;
      tp_before = tp;
    }
    return {area / (n * a), precision / a, at_1, at_5};
  }

 private:
  std::size_t normals_, abnormals_;
  std::vector<std::size_t> order_;
  std::vector<bool> ends_group_;
};

/// How often each sequence is drawn, each group by itself.
void draw(Random& random, std::size_t normals, std::size_t abnormals, std::vector<std::uint32_t>& draws) {
  std::fill(draws.begin(), draws.end(), 0u);
  for (std::size_t i = 0; i < normals; ++i) ++draws[random.below(normals)];
  for (std::size_t i = 0; i < abnormals; ++i) ++draws[normals + random.below(abnormals)];
}

/// The middle 95 %; sorts.
Interval middle(std::vector<double>& values) {
  std::sort(values.begin(), values.end());
  const auto at = [&](double q) {
    return values[static_cast<std::size_t>(std::lround(q * static_cast<double>(values.size() - 1)))];
  };
  return {at(0.025), at(0.975)};
}

void check_resamples(const BootstrapOptions& options, const char* where) {
  if (options.resamples == 0) fail(ErrorCode::invalid_argument, where, "resamples", "at least 1", "0");
}

/// DeLong's structural components: for each normal the share of abnormals above it, and the reverse.
struct Components {
  std::vector<double> normal, abnormal;
  double area = 0;
};

Components components(std::span<const double> normal, std::span<const double> abnormal) {
  std::vector<double> both(normal.begin(), normal.end());
  both.insert(both.end(), abnormal.begin(), abnormal.end());
  const std::vector<double> ranks = mid_ranks(both), of_normal = mid_ranks(normal), of_abnormal = mid_ranks(abnormal);
  const double n = static_cast<double>(normal.size()), a = static_cast<double>(abnormal.size());
  Components c;
  for (std::size_t i = 0; i < normal.size(); ++i) c.normal.push_back(1 - (ranks[i] - of_normal[i]) / a);
  for (std::size_t j = 0; j < abnormal.size(); ++j) {
    c.abnormal.push_back((ranks[normal.size() + j] - of_abnormal[j]) / n);
    c.area += c.abnormal.back() / a;
  }
  return c;
}

/// Variance of the mean of x - y.
double variance_of_difference(const std::vector<double>& x, const std::vector<double>& y) {
  const double n = static_cast<double>(x.size());
  double mean = 0, sum = 0;
  for (std::size_t i = 0; i < x.size(); ++i) mean += (x[i] - y[i]) / n;
  for (std::size_t i = 0; i < x.size(); ++i) sum += (x[i] - y[i] - mean) * (x[i] - y[i] - mean);
  return sum / (n - 1) / n;
}

}  // namespace

FigureIntervals bootstrap_intervals(std::span<const double> normal, std::span<const double> abnormal,
                                    const BootstrapOptions& options) {
  check_group(normal, "bootstrap_intervals");
  check_group(abnormal, "bootstrap_intervals");
  check_resamples(options, "bootstrap_intervals");
  const Ranking ranking(normal, abnormal);
  std::array<std::vector<double>, 4> figures;
  std::vector<std::uint32_t> draws(normal.size() + abnormal.size());
  for (std::size_t r = 0; r < options.resamples; ++r) {
    Random random(options.seed, r);
    draw(random, normal.size(), abnormal.size(), draws);
    const auto of_resample = ranking.figures(draws);
    for (std::size_t k = 0; k < 4; ++k) figures[k].push_back(of_resample[k]);
  }
  return {middle(figures[0]), middle(figures[1]), middle(figures[2]), middle(figures[3])};
}

Difference compare_auroc(const PairedScores& scores) {
  check_pairs(scores, "compare_auroc");
  const Components a = components(scores.normal_a, scores.abnormal_a),
                   b = components(scores.normal_b, scores.abnormal_b);
  constexpr double k_rounding = 1e-9;  // sums of shares in double are exact to far less
  const double difference = a.area - b.area;
  const bool enough = scores.normal_a.size() >= 2 && scores.abnormal_a.size() >= 2;
  const double spread =
      enough ? std::sqrt(variance_of_difference(a.normal, b.normal) + variance_of_difference(a.abnormal, b.abnormal))
             : 0;
  if (spread > k_rounding)
    return {a.area,
            b.area,
            {difference - k_95 * spread, difference + k_95 * spread},
            std::erfc(std::abs(difference) / spread / std::sqrt(2.0))};
  if (enough && std::abs(difference) <= k_rounding) return {a.area, b.area, {0, 0}, 1};
  return {a.area, b.area, {-1, 1}, {}};
}

Difference compare_average_precision(const PairedScores& scores, const BootstrapOptions& options) {
  check_pairs(scores, "compare_average_precision");
  check_resamples(options, "compare_average_precision");
  const Ranking a(scores.normal_a, scores.abnormal_a), b(scores.normal_b, scores.abnormal_b);
  const std::size_t normals = scores.normal_a.size(), abnormals = scores.abnormal_a.size();
  std::vector<double> differences;
  std::vector<std::uint32_t> draws(normals + abnormals);
  std::size_t above = 0, below = 0;
  for (std::size_t r = 0; r < options.resamples; ++r) {
    Random random(options.seed, r);
    draw(random, normals, abnormals, draws);
    differences.push_back(a.figures(draws)[1] - b.figures(draws)[1]);
    above += differences.back() >= 0 ? 1 : 0;
    below += differences.back() <= 0 ? 1 : 0;
  }
  Difference result{average_precision(scores.normal_a, scores.abnormal_a),
                    average_precision(scores.normal_b, scores.abnormal_b), middle(differences), 1};
  const double n = static_cast<double>(options.resamples), least = static_cast<double>(std::min(above, below));
  result.p_value = std::clamp(2 * least / n, 1 / n, 1.0);
  return result;
}

Interval share_interval(std::size_t part, std::size_t whole) {
  if (whole == 0 || part > whole)
    fail(ErrorCode::invalid_argument, "share_interval", "a share", "part <= whole, whole > 0",
         std::to_string(part) + " of " + std::to_string(whole));
  const double n = static_cast<double>(whole), p = static_cast<double>(part) / n, z = k_95 * k_95 / n;
  const double centre = (p + z / 2) / (1 + z), reach = std::sqrt(z * (p * (1 - p) + z / 4)) / (1 + z);
  return {std::max(0.0, centre - reach), std::min(1.0, centre + reach)};
}

}  // namespace v0
}  // namespace seqguard
