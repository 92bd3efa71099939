#include "seqguard/evaluation/stream_drift.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "seqguard/core/error.hpp"
#include "seqguard/core/random.hpp"
#include "seqguard/detection/tail_calibration.hpp"

using namespace seqguard;

namespace {

/// p-values of `n` scores exp(1) + shift, against `normals` scores exp(1).
std::vector<double> p_values(std::size_t n, std::size_t normals, double shift, std::uint64_t seed) {
  Random random(seed);
  const auto draw = [&] { return -std::log(1 - random.uniform()); };
  std::vector<double> calibration(normals), result(n);
  for (double& score : calibration) score = draw();
  const TailCalibration tail(calibration, TailRule::cautious);
  for (double& p : result) p = tail.p_value(draw() + shift);
  return result;
}

}  // namespace

TEST_CASE("a stream of normals does not drift, whatever the sizes") {
  std::size_t streams = 0, drifted = 0;
  for (const std::size_t n : {50u, 500u, 5000u})
    for (const std::size_t normals : {30u, 300u, 3000u})
      for (std::uint64_t seed = 0; seed < 40; ++seed, ++streams)
        drifted += stream_drift(p_values(n, normals, 0, seed), normals).has_drifted() ? 1 : 0;
  CHECK(streams == 360);
  CHECK(drifted <= 4);  // four levels and sides at .05 % each: .7 expected
}

TEST_CASE("a stream that moved either way, or whose tail grew, has drifted") {
  const StreamDrift higher = stream_drift(p_values(1000, 1000, 0.5, 1), 1000);
  CHECK(higher.has_drifted());
  CHECK(higher.sequences == 1000);
  CHECK(higher.levels[2].level == 0.5);
  CHECK(higher.levels[2].share > higher.levels[2].most);
  // More normal than normals: of exp(1) - 1.2 a share of exp(-1.89), .15, lies above the median of exp(1), .69.
  CHECK(stream_drift(p_values(1000, 1000, -1.2, 1), 1000).levels[2].is_outside());
  CHECK_FALSE(stream_drift(p_values(1000, 1000, -0.3, 1), 1000).levels[2].is_outside());
  std::vector<double> tail = p_values(1000, 1000, 0, 1);
  std::fill_n(tail.begin(), 60, 0.001);
  const StreamDrift some = stream_drift(tail, 1000);
  CHECK(some.levels[0].is_outside());
  CHECK(some.has_drifted());
}

TEST_CASE("the bounds are those of the formula") {
  const std::vector<double> half = {0.005, 0.05, 0.2, 0.9};
  const StreamDrift drift = stream_drift(half, 99);
  CHECK(drift.levels[0].share == 0.25);
  CHECK(drift.levels[1].share == 0.5);
  CHECK(drift.levels[2].share == 0.75);
  CHECK(drift.levels[0].most == doctest::Approx(0.01 + 3.29 * std::sqrt(0.0099 * (0.25 + 0.01)) + 0.25));
  CHECK(drift.levels[0].least == 0);
  const std::vector<double> many(10'000, 0.5);
  CHECK(stream_drift(many, 9'999).levels[2].least == doctest::Approx(0.25 - 3.29 * std::sqrt(0.1875 * 2e-4) - 1e-4));
  CHECK_THROWS_AS(stream_drift({}, 10), Error);
  CHECK_THROWS_AS(stream_drift(half, 0), Error);
  CHECK_THROWS_AS(stream_drift(std::vector<double>{0.5, std::nan("")}, 10), Error);
}
