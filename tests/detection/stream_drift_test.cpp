#include "seqguard/detection/stream_drift.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "seqguard/core/error.hpp"
#include "seqguard/core/random.hpp"
#include "seqguard/detection/tail_calibration.hpp"

using namespace seqguard;

namespace {

/// n scores exp(1) + shift, rounded to multiples of `step` if that is not 0.
std::vector<double> draw(std::size_t n, double shift, double step, std::uint64_t seed) {
  Random random(seed);
  std::vector<double> scores(n);
  for (double& score : scores) {
    score = shift - std::log(1 - random.uniform());
    if (step > 0) score = step * std::floor(score / step);
  }
  return scores;
}

StreamDrift drift_of(std::size_t n, std::size_t normals, double shift, std::uint64_t seed, double step = 0) {
  const TailCalibration calibration(draw(normals, 0, step, 2 * seed), TailRule::cautious);
  std::vector<double> p_values = draw(n, shift, step, 2 * seed + 1);
  for (double& p : p_values) p = calibration.p_value(p);
  return stream_drift(p_values, normals);
}

}  // namespace

TEST_CASE("a stream of normals does not drift, whatever the sizes and however many are equal") {
  std::size_t streams = 0, drifted = 0;
  for (const std::size_t n : {50u, 500u, 5000u})
    for (const std::size_t normals : {30u, 300u, 3000u})
      for (const double step : {0.0, 0.5, 2.0, 1e3})  // the last: all are equal
        for (std::uint64_t seed = 0; seed < 20; ++seed, ++streams) {
          drifted += drift_of(n, normals, 0, seed, step).has_drifted() ? 1 : 0;
        }
  CHECK(streams == 720);
  CHECK(drifted <= 5);  // three bounds of .05 % each: 1.1 expected
}

TEST_CASE("a stream that is more abnormal, or whose tail grew, has drifted, one that is more normal has not") {
  const StreamDrift higher = drift_of(1000, 1000, 0.5, 1);
  CHECK(higher.has_drifted());
  CHECK(higher.sequences == 1000);
  CHECK(higher.levels[2].level == 0.5);
  CHECK(higher.levels[2].share > higher.levels[2].most);
  CHECK_FALSE(drift_of(1000, 1000, -1.2, 1).has_drifted());

  const TailCalibration calibration(draw(1000, 0, 0, 7), TailRule::cautious);
  std::vector<double> tail = draw(1000, 0, 0, 8);
  std::fill_n(tail.begin(), 60, 20.0);
  for (double& p : tail) p = calibration.p_value(p);
  const StreamDrift some = stream_drift(tail, calibration.size());
  CHECK(some.levels[0].share > some.levels[0].most);
  CHECK(some.levels[2].share < some.levels[2].most);
  CHECK(some.has_drifted());
}

TEST_CASE("the bounds are those of the formula") {
  const std::vector<double> four = {0.005, 0.05, 0.2, 0.9};
  const StreamDrift drift = stream_drift(four, 99);
  CHECK(drift.levels[0].share == 0.25);
  CHECK(drift.levels[1].share == 0.5);
  CHECK(drift.levels[2].share == 0.75);
  CHECK(drift.levels[0].most == doctest::Approx(0.01 + 3.29 * std::sqrt(0.0099 * (0.25 + 0.01)) + 0.25));
  CHECK_THROWS_AS(stream_drift({}, 10), Error);
  CHECK_THROWS_AS(stream_drift(four, 0), Error);
  CHECK_THROWS_AS(stream_drift(std::vector<double>{0.5, std::nan("")}, 10), Error);
}
