// The guards by hand: steps without finite numbers, outliers, the average of the weights.
#include <doctest/doctest.h>

#include <cmath>
#include <string>
#include <vector>

#include "seqguard/core/error.hpp"
#include "seqguard/training/non_finite_guard.hpp"
#include "seqguard/training/outlier_guard.hpp"
#include "seqguard/training/weight_average.hpp"
#include "training/patterns.hpp"

using namespace seqguard;

TEST_CASE("guard: steps in a row without finite numbers are counted, and a finite one ends the row") {
  NonFiniteGuard guard;
  for (int i = 0; i < 7; ++i) CHECK_FALSE(guard.skip(8));
  guard.pass();
  for (int i = 0; i < 7; ++i) CHECK_FALSE(guard.skip(8));
  CHECK(guard.skip(8));
  CHECK(guard.skipped == 15);
  CHECK_THROWS_WITH_AS(guard.end("loss", 42),
                       "training: the loss of step 42 is not finite, the 8th step in a row without finite loss and "
                       "gradient; none of them has changed the weights",
                       Error);
  NonFiniteGuard first;
  CHECK(first.skip(1));
  CHECK_THROWS_WITH_AS(first.end("gradient", 3), "training: the gradient of step 3 is not finite", Error);
}

TEST_CASE("guard: an outlier is above factor times the median of the last norms") {
  const OutlierOptions options{.factor = 3, .window = 5, .at_least = 3};
  OutlierGuard guard;
  const auto rejects = [&](double norm) { return guard.rejects(norm, options); };
  // Fewer than three are known.
  CHECK_FALSE(rejects(1));
  CHECK_FALSE(rejects(1000));
  CHECK_FALSE(rejects(2));
  // 1, 2, 1000: the median is 2.
  CHECK_FALSE(rejects(6));
  CHECK(rejects(6.1));  // of 1, 2, 6, 1000 it is the lower one in the middle, 2
  CHECK(guard.skipped == 1);
  CHECK(guard.norms == std::vector<double>{1, 1000, 2, 6, 6.1});
  // 1, 2, 6, 6.1, 1000.
  CHECK_FALSE(rejects(18));
  CHECK(guard.norms == std::vector<double>{18, 1000, 2, 6, 6.1});
  CHECK(guard.seen == 6);
}

TEST_CASE("guard: gradients that have grown for good are the rule after half a window") {
  const OutlierOptions options{.factor = 2, .window = 9, .at_least = 9};
  OutlierGuard guard;
  for (int i = 0; i < 20; ++i) CHECK_FALSE(guard.rejects(1, options));
  int rejected = 0;
  while (guard.rejects(10, options)) ++rejected;
  CHECK(rejected == 5);
  CHECK(guard.skipped == 5);
}

TEST_CASE("guard: without a factor nothing is an outlier, and nothing is kept") {
  OutlierGuard guard;
  for (int i = 0; i < 100; ++i) CHECK_FALSE(guard.rejects(i < 99 ? 1 : 1e30, {}));
  CHECK(guard.norms.empty());
}

TEST_CASE("guard: options that judge nothing are refused") {
  CHECK_NOTHROW(check_outliers({}));
  CHECK_NOTHROW(check_outliers({.factor = 1.5, .window = 1, .at_least = 1}));
  for (const double factor : {1.0, 0.5, -2.0, std::nan("")}) CHECK_THROWS_AS(check_outliers({.factor = factor}), Error);
  CHECK_THROWS_WITH_AS(check_outliers({.factor = 2, .window = 8}),
                       "outlier guard: norms that are needed, expected 1 to the window's 8, found 16", Error);
  CHECK_THROWS_AS(check_outliers({.factor = 2, .at_least = 0}), Error);
}

TEST_CASE("weight average: the formula, on the parameters that learn") {
  const Patterns patterns(1);
  ModelSpec spec = small_model(patterns.schema).spec();
  spec.frozen.embeddings = true;
  Model<double> model(make_reference_context(), spec);
  WeightAverage<double> average;
  const auto set = [&](double value) {
    for (double& weight : model.values()) weight = value;
  };
  set(1);
  average.update(model, 0.5);
  REQUIRE(average.values.size() == model.table().unread_gradient());
  REQUIRE(average.values.size() < model.values().size());
  CHECK(average.values.front() == 1);
  // d = (1 + t) / (10 + t): 3 / 12, 4 / 13; then 0.5 bounds it from t = 8 on.
  set(5);
  average.update(model, 0.5);
  CHECK(average.values.back() == 0.25 * 1 + 0.75 * 5);
  set(0);
  average.update(model, 0.5);
  CHECK(average.values.back() == doctest::Approx(4.0 / 13 * 4));
  for (int t = 4; t < 8; ++t) average.update(model, 0.5);
  const double before = average.values.back();
  average.update(model, 0.5);
  CHECK(average.values.back() == before / 2);
  CHECK(average.updates == 8);

  const double averaged = average.values.back();
  set(7);
  average.exchange(model);
  for (const ParameterInfo& info : model.table().entries())
    CHECK(model.values()[info.offset] == (info.trainable ? averaged : 7));
  CHECK(average.values.front() == 7);
  average.exchange(model);
  CHECK(average.values.front() == averaged);
  for (const double weight : model.values()) REQUIRE(weight == 7);
  average.put(model);
  CHECK(average.values.front() == averaged);
  for (const ParameterInfo& info : model.table().entries())
    CHECK(model.values()[info.offset] == (info.trainable ? averaged : 7));
}
