#include "seqguard/metrics/curve.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <limits>

#include "seqguard/core/error.hpp"

using namespace seqguard;

TEST_CASE("threshold curve: one point for each distinct score, worked out by hand") {
  const std::array<double, 3> normal = {1, 2, 5}, abnormal = {4, 6, 0};
  const auto curve = threshold_curve(normal, abnormal);
  const std::array<std::array<double, 3>, 6> wanted = {
      {{6, 1, 0}, {5, 1, 1}, {4, 2, 1}, {2, 2, 2}, {1, 2, 3}, {0, 3, 3}}};
  REQUIRE(curve.size() == wanted.size());
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    CHECK(curve[i].threshold == wanted[i][0]);
    CHECK(curve[i].confusion.true_positives == wanted[i][1]);
    CHECK(curve[i].confusion.false_positives == wanted[i][2]);
    CHECK(curve[i].confusion.false_negatives == 3 - wanted[i][1]);
    CHECK(curve[i].confusion.true_negatives == 3 - wanted[i][2]);
  }
  CHECK(point_at_fpr(curve, 0.34).threshold == 4);
  CHECK(point_at_fpr(curve, 0.32).threshold == 6);
  CHECK(point_at_fpr(curve, 0.7).threshold == 4);  // 2 would find no more
  CHECK(point_at_fpr(curve, 1).threshold == 0);
  CHECK(best_f1_point(curve).threshold == 4);  // 2/3 as at 0; the stricter one
}

TEST_CASE("threshold curve: equal scores share a threshold, and a normal one on top leaves nothing at 0 %") {
  const std::array<double, 2> normal = {3, 3}, abnormal = {3, 1};
  const auto curve = threshold_curve(normal, abnormal);
  REQUIRE(curve.size() == 2);
  CHECK(curve[0].confusion.true_positives == 1);
  CHECK(curve[0].confusion.false_positives == 2);
  const CurvePoint none = point_at_fpr(curve, 0);
  CHECK(none.threshold == std::numeric_limits<double>::infinity());
  CHECK(none.confusion.false_negatives == 2);
  CHECK(none.confusion.true_negatives == 2);
}

TEST_CASE("threshold curve: what cannot be asked") {
  const std::array<double, 1> one = {1}, nan = {std::nan("")};
  CHECK_THROWS_AS(threshold_curve({}, one), Error);
  CHECK_THROWS_AS(threshold_curve(one, nan), Error);
  const auto curve = threshold_curve(one, one);
  CHECK_THROWS_AS(point_at_fpr(curve, 1.5), Error);
  CHECK_THROWS_AS(point_at_fpr({}, 0.5), Error);
  CHECK_THROWS_AS(best_f1_point({}), Error);
}
