#include "seqguard/metrics/uncertainty.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <vector>

#include "seqguard/core/error.hpp"
#include "seqguard/core/random.hpp"
#include "seqguard/metrics/metrics.hpp"

using namespace seqguard;

TEST_CASE("bootstrap: figures that no resample can change") {
  const std::vector<double> normal = {1, 2, 3, 4}, abnormal = {5, 6, 7};
  const FigureIntervals intervals = bootstrap_intervals(normal, abnormal);
  for (const Interval& interval :
       {intervals.auroc, intervals.average_precision, intervals.tpr_at_1, intervals.tpr_at_5}) {
    CHECK(interval.low == 1);
    CHECK(interval.high == 1);
  }
}

TEST_CASE("bootstrap: a share of 100 is as uncertain as its binomial distribution says") {
  // One normal at 0, half of 100 abnormals above it: AUROC = TPR at 1 % is a binomial share, .5 +- 1.96 * .05.
  std::vector<double> abnormal;
  for (int i = 0; i < 100; ++i) abnormal.push_back(i < 50 ? 1 : -1);
  const std::vector<double> normal = {0};
  const FigureIntervals intervals = bootstrap_intervals(normal, abnormal);
  // 1,000 resamples place a 2.5 % quantile within about .01.
  for (const Interval& interval : {intervals.auroc, intervals.tpr_at_1}) {
    CHECK(interval.low == doctest::Approx(0.402).epsilon(0.05));
    CHECK(interval.high == doctest::Approx(0.598).epsilon(0.05));
  }
  const FigureIntervals again = bootstrap_intervals(normal, abnormal);
  CHECK(again.auroc.low == intervals.auroc.low);
  CHECK(again.average_precision.high == intervals.average_precision.high);
}

TEST_CASE("bootstrap: the interval holds the figure itself, ties included") {
  Random random(3);
  std::vector<double> normal, abnormal;
  for (int i = 0; i < 300; ++i) normal.push_back(std::round(2 * random.normal()));
  for (int i = 0; i < 60; ++i) abnormal.push_back(std::round(2 * random.normal() + 2));
  const FigureIntervals intervals = bootstrap_intervals(normal, abnormal);
  const double area = auroc(normal, abnormal), precision = average_precision(normal, abnormal);
  CHECK(intervals.auroc.low < area);
  CHECK(area < intervals.auroc.high);
  CHECK(intervals.auroc.high - intervals.auroc.low < 0.2);  // +- 2 of Hanley and McNeil's error, .035
  CHECK(intervals.average_precision.low < precision);
  CHECK(precision < intervals.average_precision.high);
}

TEST_CASE("DeLong: worked out by hand") {
  // a: components of the normals .5 .5, of the abnormals 1 0; b: all 1. The variance of the difference is that of the
  // abnormals' 0 -1, .5 / 2; z = -.5 / .5 = -1.
  const std::array<double, 2> normal = {1, 2}, a = {3, 0}, b = {3, 4};
  const Difference difference = compare_auroc({normal, a, normal, b});
  CHECK(difference.a == 0.5);
  CHECK(difference.b == 1);
  CHECK(difference.interval.low == doctest::Approx(-0.5 - 1.959964 * 0.5));
  CHECK(difference.interval.high == doctest::Approx(-0.5 + 1.959964 * 0.5));
  CHECK(difference.p_value == doctest::Approx(0.3173105));
  CHECK(compare_auroc({normal, a, normal, a}).p_value == 1);
}

TEST_CASE("DeLong: the normals' part too, and ties, by hand") {
  // a: normal 1 beats no abnormal, normal 2 ties with one of two: components of the normals 1 and .75, of the abnormals
  // 1 and .75; b: of the normals 1 and 0, of the abnormals .5 and .5. Differences 0, .75 and .5, .25:
  // variances of their means .28125 / 2 and .03125 / 2.
  const std::array<double, 2> normal_a = {1, 2}, abnormal_a = {3, 2}, normal_b = {0, 5}, abnormal_b = {3, 4};
  const Difference difference = compare_auroc({normal_a, abnormal_a, normal_b, abnormal_b});
  CHECK(difference.a == 0.875);
  CHECK(difference.b == 0.5);
  const double spread = std::sqrt((0.28125 + 0.03125) / 2);
  CHECK(difference.interval.low == doctest::Approx(0.375 - 1.959964 * spread));
  REQUIRE(difference.p_value.has_value());
  CHECK(*difference.p_value == doctest::Approx(std::erfc(0.375 / spread / std::sqrt(2.0))));
}

TEST_CASE("DeLong: where nothing varies there is no p") {
  for (const std::size_t n : {2u, 3u, 4u, 7u}) {  // rounding leaves a spread that is not quite 0 for some
    std::vector<double> normal, abnormal, constant(n, 1.0);
    for (std::size_t i = 0; i < n; ++i) {
      normal.push_back(static_cast<double>(i));
      abnormal.push_back(static_cast<double>(100 + i));
    }
    const Difference difference = compare_auroc({normal, abnormal, constant, constant});
    CHECK(difference.a == doctest::Approx(1));
    CHECK(difference.b == doctest::Approx(0.5));
    CHECK_FALSE(difference.p_value.has_value());
    CHECK(difference.interval.low == -1);
  }
  const std::array<double, 1> one = {1};
  const std::array<double, 2> two = {1, 2};
  CHECK_FALSE(compare_auroc({one, two, one, two}).p_value.has_value());
}

TEST_CASE("paired bootstrap: equal scores do not differ, a perfect and a reversed system do") {
  const std::vector<double> normal = {1, 2, 3, 4, 5}, good = {6, 7, 8}, bad = {0, 0.5, -1};
  CHECK(compare_average_precision({normal, good, normal, good}).p_value == 1);
  const Difference difference = compare_average_precision({normal, good, normal, bad});
  CHECK(difference.a == 1);
  CHECK(difference.interval.low > 0);
  CHECK(difference.p_value == 0.001);  // of 1,000 resamples
}

TEST_CASE("Wilson's interval of a share") {
  CHECK(share_interval(0, 10).low == 0);
  CHECK(share_interval(0, 10).high == doctest::Approx(0.2775).epsilon(0.001));
  CHECK(share_interval(5, 10).low == doctest::Approx(0.2366).epsilon(0.001));
  CHECK(share_interval(5, 10).high == doctest::Approx(0.7634).epsilon(0.001));
}

TEST_CASE("uncertainty: what cannot be asked") {
  const std::array<double, 2> two = {1, 2}, nan = {1, std::nan("")};
  const std::array<double, 1> one = {1};
  CHECK_THROWS_AS(bootstrap_intervals({}, two), Error);
  CHECK_THROWS_AS(bootstrap_intervals(two, nan), Error);
  CHECK_THROWS_AS(bootstrap_intervals(two, two, {.resamples = 0}), Error);
  CHECK_THROWS_AS(compare_auroc({two, two, one, two}), Error);
  CHECK_THROWS_AS(compare_average_precision({two, two, two, one}), Error);
  CHECK_THROWS_AS(share_interval(2, 1), Error);
  CHECK_THROWS_AS(share_interval(0, 0), Error);
}
