// Early stopping by losses made up for it.
#include "seqguard/training/early_stopping.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace seqguard;

TEST_CASE("early stopping keeps the best weights and counts the validations since") {
  EarlyStopping<float> early;
  CHECK_FALSE(early.exhausted(1));
  struct Validation {
    double loss;
    std::size_t best;  // index of the best one so far
    std::uint64_t since;
  };
  const Validation validations[] = {{3, 0, 0}, {2, 1, 0}, {2.5, 1, 1}, {2, 1, 2}, {-1, 4, 0}, {7, 4, 1}};
  for (std::size_t i = 0; i < std::size(validations); ++i) {
    CAPTURE(i);
    early.judge(validations[i].loss, {static_cast<float>(i), 1});
    CHECK(early.best_loss == validations[validations[i].best].loss);
    CHECK(early.best_values == std::vector<float>{static_cast<float>(validations[i].best), 1});
    CHECK(early.validations_since == validations[i].since);
  }
}

TEST_CASE("early stopping: patience is the number of validations without improvement, 0 is for ever") {
  EarlyStopping<double> early;
  early.judge(1, {0});
  for (std::size_t since = 1; since <= 4; ++since) {
    early.judge(1 + static_cast<double>(since), {1});
    CHECK(early.exhausted(3) == (since >= 3));
    CHECK_FALSE(early.exhausted(5));
    CHECK_FALSE(early.exhausted(0));
  }
  early.judge(0.5, {2});
  CHECK_FALSE(early.exhausted(3));
}
