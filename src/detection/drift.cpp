#include <algorithm>
#include <cmath>
#include <string>

#include "seqguard/core/error.hpp"
#include "seqguard/detection/calibration.hpp"
#include "seqguard/detection/profile.hpp"
#include "seqguard/metrics/metrics.hpp"

namespace seqguard {
inline namespace v0 {

Drift drift_check(std::span<const TypeSequence> normals, const Recipe& recipe, const ProfileOptions& options,
                  Executor& executor) {
  constexpr std::size_t k_fewest = 16, k_folds = 4;
  if (normals.size() < k_fewest) {
    fail(ErrorCode::invalid_argument, "drift check", "normals", "at least " + std::to_string(k_fewest),
         std::to_string(normals.size()));
  }
  const Recipe statistics = recipe.computed();
  const std::size_t views = statistics.views.size();
  const auto first = normals.first(normals.size() / 2), second = normals.subspan(normals.size() / 2);

  // Fold f of either half is scored by the other folds of the first half, so that both meet statistics of the same
  // size.
  std::vector<double> first_raw(first.size() * views), second_raw(second.size() * views);
  executor.run(k_folds, [&](std::size_t f, std::size_t) {
    std::vector<TypeSequence> others;
    for (std::size_t i = 0; i < first.size(); ++i) {
      if (i % k_folds != f) others.push_back(first[i]);
    }
    const Profile profile(statistics, Normals(others), options);
    DetectionScratch scratch;
    for (std::size_t i = f; i < second.size(); i += k_folds) {
      profile.scores(second[i], {}, scratch, {second_raw.data() + i * views, views});
      if (i < first.size()) profile.scores(first[i], {}, scratch, {first_raw.data() + i * views, views});
    }
  });

  const Calibration calibration(statistics, {{first_raw.data(), first.size(), views}});
  std::vector<double> levels(views);
  const auto combined = [&](std::span<const double> raw) {
    std::vector<double> result(raw.size() / views);
    for (std::size_t i = 0; i < result.size(); ++i) {
      result[i] = calibration.judge(raw.subspan(i * views, views), levels).value;
    }
    return result;
  };
  Drift drift;
  drift.auroc = auroc(combined(first_raw), combined(second_raw));
  const auto a = static_cast<double>(first.size()), b = static_cast<double>(second.size());
  drift.standard_error = std::sqrt((a + b + 1) / (12 * a * b));
  constexpr double k_deviations = 3;  // few normals differ between halves by chance
  drift.warning = drift.auroc >= std::max(k_drift_auroc, 0.5 + k_deviations * drift.standard_error);
  return drift;
}

}  // namespace v0
}  // namespace seqguard
