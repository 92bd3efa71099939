// The options of a fit reach the model: target rate, memory of the profile, and what the report says of the data.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "sequence_scorer/small_shop.hpp"
#include "support/temporary_directory.hpp"

using namespace seqguard;
using namespace seqguard::tests;

namespace {

/// Visits, the second half of them with other pages: the behaviour has moved.
Dataset moved_visits(std::size_t count) {
  auto sequences = visits(count, 91);
  for (std::size_t i = count / 2; i < count; ++i)
    for (std::string& event : sequences[i])
      if (event == "view" || event == "zoom") event += "_3d";
  return as_dataset(sequences);
}

}  // namespace

TEST_CASE("the decision is the p-value below the target of the fit, also after loading") {
  FitOptions options = quick_fit();
  options.epochs = 5;
  options.target_fpr = 0.2;
  const SequenceScorer scorer(fit(as_dataset(visits(60, 92)), options));
  const TemporaryDirectory directory;
  save_behaviour_model(*scorer.model(), directory / "model");
  const SequenceScorer loaded = SequenceScorer::load(directory / "model");
  CHECK(scorer.target_fpr() == 0.2);
  CHECK(loaded.target_fpr() == 0.2);
  std::size_t below = 0, above = 0;
  for (const auto& events : visits(200, 93)) {
    const Score score = scorer.score(events);
    CHECK(score.is_anomaly == (score.p_value < 0.2));
    CHECK(loaded.score(events).is_anomaly == score.is_anomaly);
    below += score.p_value >= 0.01 && score.p_value < 0.2 ? 1 : 0;
    above += score.p_value >= 0.2 && score.p_value < 0.4 ? 1 : 0;
  }
  // Another threshold (the default of .01, twice the target) would decide otherwise on these.
  REQUIRE(below > 5);
  REQUIRE(above > 5);
}

TEST_CASE("the report warns of drift, and the profile keeps to its memory") {
  FitOptions options = quick_fit();
  options.epochs = 2;
  options.profile_bytes = 20'000;
  FitReport report;
  const auto model = fit(moved_visits(80), options, &report);
  CHECK(report.drift_warning);
  CHECK(report.drift_auroc > k_drift_auroc);
  CHECK(model->drift_auroc == report.drift_auroc);
  CHECK(model->detector.profile().bytes() <= 20'000);
  CHECK(report.kept_normals < report.distinct_normals);
  CHECK(report.kept_normals > 5);
}
