// What calibrates the encoder's surprise was never seen by the encoder that judges it.
#include <doctest/doctest.h>

#include <cmath>
#include <string>
#include <vector>

#include "sequence_scorer/small_shop.hpp"

using namespace seqguard;
using namespace seqguard::tests;

TEST_CASE("held-out surprises are those of unseen sequences, cross-fitted or not") {
  // Each user has an event of his own: easy to predict for an encoder that saw him, impossible for one that did not.
  constexpr std::size_t k_users = 40;
  std::vector<std::vector<std::string>> users;
  for (std::size_t i = 0; i < k_users; ++i) users.emplace_back(8, "only_" + std::to_string(i));
  FitOptions options;
  options.seed = 5;
  options.epochs = 150;
  options.repair = false;
  for (const double target : {0.01, 0.5}) {
    options.target_fpr = target;
    FitReport report;
    const auto model = fit(as_dataset(users), options, &report);
    CHECK(report.plan.folds == (target < 0.1 ? 4 : 0));
    const auto surprises = model->events.next.scores();
    REQUIRE(surprises.size() >= 8 * k_users / 4);
    // An encoder that knows nothing gives each of the users the same probability; one that was trained on others
    // expects them instead.
    CHECK(surprises[surprises.size() / 2] > std::log(static_cast<double>(k_users)));
  }
}
