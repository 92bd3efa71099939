#include "sequence_scorer/finished_numbers.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "sequence_scorer/small_shop.hpp"

using namespace seqguard;
using namespace seqguard::tests;

TEST_CASE("the finished encoder's shift and noise are those of the sequences that a fold has learned from") {
  constexpr std::size_t k_sequences = 20;
  REQUIRE(probe_sequences(k_sequences).size() == k_sequences);
  std::vector<FitJob> jobs(3);
  for (std::uint32_t i = 0; i < k_sequences; ++i) jobs[i % 2].held_out.push_back(i);
  // Probe p: the finished encoder says p / 10, fold 0 says .2 more of all that it knows, fold 1 says .1 less, give or
  // take .05. What a fold says of its held-out sequences must not count.
  std::vector<double> probes(3 * k_sequences);
  for (std::size_t p = 0; p < k_sequences; ++p) {
    const double finished = 0.1 * static_cast<double>(p);
    probes[p] = p % 2 == 0 ? 100 : finished + 0.2;
    probes[k_sequences + p] = p % 2 == 1 ? -100 : finished - 0.1 + (p % 4 == 0 ? 0.05 : -0.05);
    probes[2 * k_sequences + p] = finished;
  }
  const std::vector<double> held_out(k_sequences, 7.0);
  const FinishedNumbers result = finished_numbers(jobs, held_out, k_sequences, probes);
  CHECK(result.held_out == held_out);
  REQUIRE(result.shifted.size() == k_sequences);
  for (std::size_t i = 0; i < k_sequences; ++i)
    CHECK(result.shifted[i] == doctest::Approx(i % 2 == 0 ? 6.8 : 7.1).epsilon(1e-9));
  CHECK(result.noise[0] == doctest::Approx(std::sqrt(0.5 * 0.05 * 0.05)).epsilon(1e-9));

  // Without folds the finished encoder gave the held-out surprise itself.
  const FinishedNumbers same = finished_numbers({jobs.data(), 1}, held_out, k_sequences, {});
  CHECK(same.held_out == held_out);
  CHECK(same.shifted.empty());
  CHECK(same.own.empty());
  CHECK(same.noise.empty());
}

TEST_CASE("numbers of two networks stand side by side") {
  const FinishedNumbers both =
      side_by_side({{1, 2, 3, 4}, {5, 6, 7, 8}, {}, {9, 10}}, {{11, 12}, {13, 14}, {}, {15}}, 2);
  CHECK(both.held_out == std::vector<double>{1, 2, 11, 3, 4, 12});
  CHECK(both.shifted == std::vector<double>{5, 6, 13, 7, 8, 14});
  CHECK(both.own.empty());
  CHECK(both.noise == std::vector<double>{9, 10, 15});
}
