#include "seqguard/detection/event_calibration.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <utility>
#include <vector>

#include "detection/sequences.hpp"
#include "seqguard/core/random.hpp"

using namespace seqguard;

namespace {

using Found = std::vector<std::pair<std::size_t, double>>;

Found suspicious_events(const EventRules& rules, const std::vector<TypeId>& types) {
  Found found;
  std::vector<TypeId> seen = {9};  // of a sequence before
  rules.for_each_suspicious(types, seen, [&](std::size_t i, double share) { found.emplace_back(i, share); });
  return found;
}

}  // namespace

TEST_CASE("share of repeats: copies count") {
  const Sequences normals{{0, 1, 0}, {0, 1, 0}, {2}};
  CHECK(share_of_repeats(Normals(views_of(normals))) == doctest::Approx(2.0 / 7));
  CHECK(share_of_repeats(Normals(views_of({}))) == 0);
}

TEST_CASE("what normals hardly ever do is suspicious: repeats and unseen values, each where it is rare") {
  const std::vector<TypeId> types = {4, 2, 4, k_unseen_type, 2, k_unseen_type, 9};
  CHECK(suspicious_events({.repeat_share = 0.05, .unseen_share = 0.05}, types).empty());
  CHECK(suspicious_events({.repeat_share = 0.01, .unseen_share = 1}, types) == Found{{2, 0.01}, {4, 0.01}, {5, 0.01}});
  CHECK(suspicious_events({.repeat_share = 1, .unseen_share = 0.02}, types) == Found{{3, 0.02}, {5, 0.02}});
  // Both at one event: the new value, then its repetition.
  CHECK(suspicious_events({.repeat_share = 0, .unseen_share = 0.02}, types) ==
        Found{{2, 0}, {3, 0.02}, {4, 0}, {5, 0.02}, {5, 0}});
}

TEST_CASE("a value that would be a repeat is not expected, where repeats are rare") {
  const std::vector<std::int32_t> ids = {k_cls_id, 5, 6, k_unk_id, 5, k_sep_id};
  const std::vector<float> before(8, -1.0f);
  std::vector<float> log_p = before;
  EventRules{.repeat_share = 0.5}.exclude_repeats(ids, 2, log_p);
  CHECK(log_p == before);
  EventRules{.repeat_share = 0.01}.exclude_repeats(ids, 2, log_p);
  // The event at position 2 itself may stay what it is; reserved ids are no values.
  CHECK(log_p == std::vector<float>{-1, -1, -1, -1, -1, -INFINITY, -1, -1});
}

TEST_CASE("events are calibrated on a random sample of their scores, the same each time") {
  std::vector<double> scores;
  Random random(3);
  for (int i = 0; i < 5000; ++i) scores.push_back(random.normal());
  CHECK(calibrate_events(scores).size() == 5000);
  const TailCalibration calibration = calibrate_events(scores, 1000);
  CHECK(calibration.size() == 1000);
  CHECK(calibrate_events(scores, 1000).scores()[500] == calibration.scores()[500]);
  double below = 0;
  for (const double score : scores) below += calibration.p_value(score) < 0.05 ? 1 : 0;
  // Ranks among a sample of 1,000: standard deviation sqrt(.05 * .95 / 1000) = .007; four of them.
  CHECK(std::abs(below / 5000 - 0.05) < 0.028);
}
