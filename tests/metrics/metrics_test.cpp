#include "seqguard/metrics/metrics.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "seqguard/core/error.hpp"

using namespace seqguard;
using Scores = std::vector<double>;

TEST_CASE("AUROC counts ordered pairs, ties as one half") {
  // Pairs (normal, abnormal): (1,2) yes, (1,3) yes, (2,2) half, (2,3) yes, (4,2) no, (4,3) no: 3.5 of 6.
  CHECK(auroc(Scores{1, 2, 4}, Scores{2, 3}) == doctest::Approx(3.5 / 6));
  CHECK(auroc(Scores{1, 2}, Scores{3, 4}) == 1.0);
  CHECK(auroc(Scores{3, 4}, Scores{1, 2}) == 0.0);
  CHECK(auroc(Scores{5, 5, 5}, Scores{5, 5}) == 0.5);
  const double infinity = std::numeric_limits<double>::infinity();
  CHECK(auroc(Scores{0, -infinity}, Scores{infinity, 0}) == doctest::Approx(3.5 / 4));
}

TEST_CASE("average precision sums precision over the gains of recall") {
  // Descending: 4 abnormal (1/1), 3 normal, 2 abnormal (2/3), 1 normal: (1 + 2/3) / 2.
  CHECK(average_precision(Scores{3, 1}, Scores{4, 2}) == doctest::Approx(5.0 / 6));
  // All equal: one threshold with the prevalence as its precision.
  CHECK(average_precision(Scores{7, 7, 7}, Scores{7}) == doctest::Approx(0.25));
  // Each of two normals stands for five: precision 1, then 2 / (2 + 5).
  CHECK(r_precision(Scores{3, 1}, Scores{4, 2}) == 0.5);
  CHECK(r_precision(Scores{3, 1, 0}, Scores{4, 5}) == 1);
  CHECK(r_precision(Scores{7, 7, 7}, Scores{7}) == doctest::Approx(0.25));              // one of four that are equal
  CHECK(r_precision(Scores{9, 5, 1}, Scores{9, 5, 4, 0}) == doctest::Approx(2.0 / 4));  // 9 9 5 5
  CHECK(projected_average_precision(Scores{3, 1}, Scores{4, 2}, 10) == doctest::Approx((1 + 2.0 / 7) / 2));
}

TEST_CASE("true-positive rate at a false-positive rate is not interpolated") {
  const Scores normal{1, 2, 3, 4}, abnormal{2.5, 3.5, 5};
  CHECK(tpr_at_fpr(normal, abnormal, 0.0) == doctest::Approx(1.0 / 3));
  CHECK(tpr_at_fpr(normal, abnormal, 0.24) == doctest::Approx(1.0 / 3));
  CHECK(tpr_at_fpr(normal, abnormal, 0.25) == doctest::Approx(2.0 / 3));
  CHECK(tpr_at_fpr(normal, abnormal, 1.0) == 1.0);
  // A tie of the best normal with an anomaly: both come with the same threshold.
  CHECK(tpr_at_fpr(Scores{1, 5}, Scores{5, 0}, 0.0) == 0.0);
  CHECK(tpr_at_fpr(Scores{1, 5}, Scores{5, 0}, 0.5) == 0.5);
}

TEST_CASE("precision, recall and F1 at a threshold, and projected to a population") {
  const Confusion found = confusion_at(Scores{1, 2, 3, 4}, Scores{3, 5, 6}, 3);
  CHECK(found.true_positives == 2);
  CHECK(found.false_positives == 1);
  CHECK(found.precision() == doctest::Approx(2.0 / 3));
  CHECK(found.recall() == doctest::Approx(2.0 / 3));
  CHECK(found.f1() == doctest::Approx(2.0 / 3));
  CHECK(found.false_positive_rate() == 0.25);
  const Confusion all = projected(found, 40);
  CHECK(all.false_positives == doctest::Approx(10));
  CHECK(all.precision() == doctest::Approx(2.0 / 12));
  CHECK(all.recall() == doctest::Approx(2.0 / 3));
  CHECK(all.f1() == doctest::Approx(4.0 / 15));
  CHECK(confusion_at(Scores{1}, Scores{1}, 9).precision() == 0);
}

TEST_CASE("metrics refuse empty groups, NaN and rates outside [0, 1]") {
  CHECK_THROWS_AS(auroc(Scores{}, Scores{1}), Error);
  CHECK_THROWS_AS(average_precision(Scores{1}, Scores{}), Error);
  CHECK_THROWS_AS(r_precision(Scores{1}, Scores{}), Error);
  CHECK_THROWS_AS(auroc(Scores{std::nan("")}, Scores{1}), Error);
  CHECK_THROWS_AS(tpr_at_fpr(Scores{1}, Scores{1}, 1.5), Error);
  CHECK_THROWS_AS(confusion_at(Scores{1}, Scores{std::nan("")}, 0), Error);
}

TEST_CASE("Spearman's correlation is that of ranks, ties sharing theirs") {
  const auto of = [](const std::vector<double>& a, const std::vector<double>& b) { return spearman(a, b); };
  CHECK(of({1, 2, 3}, {10, 100, 1000}) == doctest::Approx(1));
  CHECK(of({1, 2, 3}, {3, 2, 1}) == doctest::Approx(-1));
  CHECK(of({1, 2, 2, 4}, {1, 3, 2, 4}) == doctest::Approx(0.9486833));  // scipy.stats.spearmanr
  CHECK(of({1, 1}, {2, 3}) == 0);
  CHECK_THROWS_AS(of({}, {}), Error);
  CHECK_THROWS_AS(of({1}, {1, 2}), Error);
  CHECK_THROWS_AS(of({NAN}, {1}), Error);
}

TEST_CASE("binomial quantiles") {
  // 2 trials at one half: 1/4, 3/4, 1.
  CHECK(binomial_quantile(2, 0.5, 0.25) == 0);
  CHECK(binomial_quantile(2, 0.5, 0.7) == 1);
  CHECK(binomial_quantile(2, 0.5, 0.76) == 2);
  // P(X <= 34) = .99859, P(X <= 35) = .99925 of 2,000 trials at 1 % (scipy.stats.binom).
  CHECK(binomial_quantile(2000, 0.01, 0.999) == 35);
  CHECK(binomial_quantile(0, 0.3, 0.999) == 0);
  // P(0) = 2^-1,000,000 is no double: the median lies within a standard deviation of 500,000 all the same.
  const std::size_t median = binomial_quantile(1'000'000, 0.5, 0.5);
  CHECK(median >= 499'500);
  CHECK(median <= 500'500);
  CHECK_THROWS_AS(binomial_quantile(10, 0, 0.5), Error);
  CHECK_THROWS_AS(binomial_quantile(10, 0.5, 1), Error);
}
