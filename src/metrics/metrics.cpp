#include "seqguard/metrics/metrics.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <string>
#include <vector>

#include "metrics/mid_ranks.hpp"
#include "seqguard/core/error.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

void check_scores(std::span<const double> scores, const char* where) {
  for (const double score : scores) {
    if (std::isnan(score)) fail(ErrorCode::invalid_argument, where, "a score is NaN");
  }
}

/// Both groups sorted in descending order.
struct Ranked {
  std::vector<double> normal, abnormal;

  Ranked(std::span<const double> normal_scores, std::span<const double> abnormal_scores, const char* where)
      : normal(normal_scores.begin(), normal_scores.end()), abnormal(abnormal_scores.begin(), abnormal_scores.end()) {
    if (normal.empty() || abnormal.empty()) fail(ErrorCode::invalid_argument, where, "both groups need a score");
    check_scores(normal, where);
    check_scores(abnormal, where);
    std::sort(normal.begin(), normal.end(), std::greater<>());
    std::sort(abnormal.begin(), abnormal.end(), std::greater<>());
  }

  /// Calls step(false positives, true positives) after each distinct threshold, descending; stops when it returns
  /// false.
  template <class Step>
  void each_threshold(Step&& step) const {
    std::size_t false_positives = 0, true_positives = 0;
    while (false_positives < normal.size() || true_positives < abnormal.size()) {
      const bool from_normal = true_positives == abnormal.size() ||
                               (false_positives < normal.size() && normal[false_positives] > abnormal[true_positives]);
      const double threshold = from_normal ? normal[false_positives] : abnormal[true_positives];
      while (false_positives < normal.size() && normal[false_positives] >= threshold) ++false_positives;
      while (true_positives < abnormal.size() && abnormal[true_positives] >= threshold) ++true_positives;
      if (!step(false_positives, true_positives)) return;
    }
  }
};

double weighted_average_precision(const Ranked& ranked, double weight_of_normal) {
  double sum = 0;
  std::size_t before = 0;
  ranked.each_threshold([&](std::size_t false_positives, std::size_t true_positives) {
    const double found = static_cast<double>(true_positives);
    const double precision = found / (found + weight_of_normal * static_cast<double>(false_positives));
    if (true_positives > before) sum += static_cast<double>(true_positives - before) * precision;
    before = true_positives;
    return true;
  });
  return sum / static_cast<double>(ranked.abnormal.size());
}

double ratio(double part, double whole) noexcept { return whole > 0 ? part / whole : 0; }

}  // namespace

std::vector<double> mid_ranks(std::span<const double> values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  std::vector<double> ranks(values.size());
  for (std::size_t first = 0, end = 0; first < order.size(); first = end) {
    while (end < order.size() && values[order[end]] == values[order[first]]) ++end;
    for (std::size_t i = first; i < end; ++i) ranks[order[i]] = 0.5 * static_cast<double>(first + 1 + end);
  }
  return ranks;
}

double Confusion::precision() const noexcept { return ratio(true_positives, true_positives + false_positives); }
double Confusion::recall() const noexcept { return ratio(true_positives, true_positives + false_negatives); }
double Confusion::false_positive_rate() const noexcept {
  return ratio(false_positives, false_positives + true_negatives);
}
double Confusion::f1() const noexcept {
  return ratio(2 * true_positives, 2 * true_positives + false_positives + false_negatives);
}

double auroc(std::span<const double> normal, std::span<const double> abnormal) {
  const Ranked ranked(normal, abnormal, "auroc");
  // Trapezoids: each threshold adds its new false positives times the mean of the true positives before and after it.
  double area = 0;
  std::size_t false_before = 0, true_before = 0;
  ranked.each_threshold([&](std::size_t false_positives, std::size_t true_positives) {
    area +=
        static_cast<double>(false_positives - false_before) * 0.5 * static_cast<double>(true_before + true_positives);
    false_before = false_positives;
    true_before = true_positives;
    return true;
  });
  return area / (static_cast<double>(normal.size()) * static_cast<double>(abnormal.size()));
}

double average_precision(std::span<const double> normal, std::span<const double> abnormal) {
  return weighted_average_precision(Ranked(normal, abnormal, "average_precision"), 1.0);
}

double r_precision(std::span<const double> normal, std::span<const double> abnormal) {
  const Ranked ranked(normal, abnormal, "r_precision");
  const auto wanted = static_cast<double>(abnormal.size());
  double hits = 0;
  std::size_t false_before = 0, true_before = 0;
  ranked.each_threshold([&](std::size_t false_positives, std::size_t true_positives) {
    const auto before = static_cast<double>(false_before + true_before);
    const double equal = static_cast<double>(false_positives + true_positives) - before;
    const double share = std::min(1.0, (wanted - before) / equal);
    hits += share * static_cast<double>(true_positives - true_before);
    false_before = false_positives;
    true_before = true_positives;
    return share == 1 && before + equal < wanted;
  });
  return hits / wanted;
}

double projected_average_precision(std::span<const double> normal, std::span<const double> abnormal, double normals) {
  const Ranked ranked(normal, abnormal, "projected_average_precision");
  return weighted_average_precision(ranked, normals / static_cast<double>(normal.size()));
}

double spearman(std::span<const double> a, std::span<const double> b) {
  if (a.empty() || a.size() != b.size())
    fail(ErrorCode::invalid_argument, "spearman", "numbers", "as many on both sides, at least one",
         std::to_string(a.size()) + " and " + std::to_string(b.size()));
  check_scores(a, "spearman");
  check_scores(b, "spearman");
  const std::vector<double> x = mid_ranks(a), y = mid_ranks(b);
  const double mean = 0.5 * static_cast<double>(a.size() + 1);
  double xy = 0, xx = 0, yy = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    xy += (x[i] - mean) * (y[i] - mean);
    xx += (x[i] - mean) * (x[i] - mean);
    yy += (y[i] - mean) * (y[i] - mean);
  }
  return xx > 0 && yy > 0 ? xy / std::sqrt(xx * yy) : 0;
}

double tpr_at_fpr(std::span<const double> normal, std::span<const double> abnormal, double false_positive_rate) {
  if (!(false_positive_rate >= 0 && false_positive_rate <= 1)) {
    fail(ErrorCode::invalid_argument, "tpr_at_fpr", "false_positive_rate", "a number in [0, 1]",
         std::to_string(false_positive_rate));
  }
  const Ranked ranked(normal, abnormal, "tpr_at_fpr");
  // The small slack keeps .01 * 700 = 7.000000000000001 and its like on the intended side.
  const double allowed = false_positive_rate * static_cast<double>(normal.size()) * (1 + 1e-12);
  std::size_t best = 0;
  ranked.each_threshold([&](std::size_t false_positives, std::size_t true_positives) {
    if (static_cast<double>(false_positives) > allowed) return false;
    best = true_positives;
    return true;
  });
  return static_cast<double>(best) / static_cast<double>(abnormal.size());
}

std::size_t binomial_quantile(std::size_t trials, double rate, double confidence) {
  for (const double share : {rate, confidence})
    if (!(share > 0 && share < 1))
      fail(ErrorCode::invalid_argument, "binomial_quantile", "rate and confidence", "numbers in (0, 1)",
           std::to_string(share));
  // P(k + 1) = P(k) (n - k) / (k + 1) rate / (1 - rate), in logarithms: P(0) of many trials is below the smallest
  // double.
  double log_probability = static_cast<double>(trials) * std::log1p(-rate), sum = std::exp(log_probability);
  std::size_t k = 0;
  while (sum < confidence && k < trials) {
    log_probability += std::log(static_cast<double>(trials - k) / static_cast<double>(k + 1) * (rate / (1 - rate)));
    sum += std::exp(log_probability);
    ++k;
  }
  return k;
}

Confusion confusion_at(std::span<const double> normal, std::span<const double> abnormal, double threshold) {
  check_scores(normal, "confusion_at");
  check_scores(abnormal, "confusion_at");
  const auto above = [threshold](double score) { return score > threshold; };
  Confusion result;
  result.false_positives = static_cast<double>(std::count_if(normal.begin(), normal.end(), above));
  result.true_positives = static_cast<double>(std::count_if(abnormal.begin(), abnormal.end(), above));
  result.true_negatives = static_cast<double>(normal.size()) - result.false_positives;
  result.false_negatives = static_cast<double>(abnormal.size()) - result.true_positives;
  return result;
}

Confusion projected(const Confusion& sample, double normals) {
  Confusion result = sample;
  result.false_positives = sample.false_positive_rate() * normals;
  result.true_negatives = normals - result.false_positives;
  return result;
}

}  // namespace v0
}  // namespace seqguard
