// A whole network against central differences, in double.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "model/head_problem.hpp"

namespace seqguard {

/// The gradient of every parameter that learns.
inline void check_gradients(HeadProblem<double> problem) {
  std::vector<double> gradient;
  problem.run(&gradient);
  // Five points, so that the error of the quotient is h^4 f^(5) / 30 + 1.5 eps f / h: six layers of ALBERT with large
  // weights bend the loss too much for two points. With f of order 10 the second part is 1e-11; the bound leaves a
  // factor of 1000 for the fifth derivative. A wrong formula differs by 1e-2 and more.
  constexpr double k_step = 1e-4, k_bound = 1e-8;
  for (const ParameterInfo& info : problem.model().table().entries()) {
    if (info.fixed || !info.trainable) continue;
    CAPTURE(info.name);
    double worst = 0;
    for (std::size_t i = info.offset; i < info.offset + info.count; ++i) {
      double& value = problem.model().values()[i];
      const double before = value;
      const auto loss_at = [&](double steps) {
        value = before + steps * k_step;
        const double loss = problem.run(nullptr);
        value = before;
        return loss;
      };
      const double numeric = (8 * (loss_at(1) - loss_at(-1)) - (loss_at(2) - loss_at(-2))) / (12 * k_step);
      worst = std::max(worst,
                       std::abs(numeric - gradient[info.gradient_offset + i - info.offset]) / (1 + std::abs(numeric)));
    }
    CHECK(worst < k_bound);
  }
}

}  // namespace seqguard
