// Stochastic depth: which sequences leave a block out, and what the others get.
#include "seqguard/layers/stochastic_depth.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

using namespace seqguard;

TEST_CASE("stochastic depth leaves out whole sequences, and makes up for it in the others") {
  constexpr std::size_t k_sequences = 4000, k_length = 2, k_width = 3;
  std::vector<std::size_t> offsets;
  for (std::size_t b = 0; b <= k_sequences; ++b) offsets.push_back(b * k_length);
  const auto applied = [&](const StochasticDepth& depth) {
    std::vector<double> x(k_sequences * k_length * k_width, 2.0);
    stochastic_depth_apply<double>({x.data(), k_sequences * k_length, k_width}, depth);
    return x;
  };
  const std::vector<double> x = applied({0.25F, 7, 0, offsets});
  std::size_t left_out = 0;
  for (std::size_t b = 0; b < k_sequences; ++b) {
    const auto first = x.begin() + static_cast<std::ptrdiff_t>(b * k_length * k_width);
    CHECK(std::all_of(first, first + k_length * k_width, [&](double value) { return value == *first; }));
    CHECK((*first == 0 || *first == doctest::Approx(2 / 0.75)));
    left_out += *first == 0 ? 1 : 0;
  }
  // Five standard deviations of a binomial distribution.
  CHECK(std::abs(static_cast<double>(left_out) - 1000) < 5 * std::sqrt(4000 * 0.25 * 0.75));
  CHECK(applied({0.25F, 8, 0, offsets}) != x);
  CHECK(applied({0, 7, 0, offsets}) == std::vector<double>(x.size(), 2.0));

  // The chunk that starts at the third sequence.
  const std::vector<std::size_t> rest_offsets(offsets.begin(), offsets.end() - 2);
  std::vector<double> rest(x.size() - 2 * k_length * k_width, 2.0);
  stochastic_depth_apply<double>({rest.data(), (k_sequences - 2) * k_length, k_width},
                                 {0.25F, 7, 2 * k_length, rest_offsets});
  CHECK(std::equal(rest.begin(), rest.end(), x.begin() + 2 * k_length * k_width));
}
