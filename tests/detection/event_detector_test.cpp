#include "seqguard/detection/event_detector.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "detection/sequences.hpp"
#include "seqguard/core/error.hpp"
#include "seqguard/core/files.hpp"
#include "support/temporary_directory.hpp"

using namespace seqguard;

namespace {

std::vector<double> event_scores(const EventDetector& detector, const std::vector<TypeId>& events) {
  DetectionScratch scratch;
  std::vector<double> scores(events.size());
  detector.decision_function(scratch.features.extract(events), scratch, scores);
  return scores;
}

}  // namespace

TEST_CASE("co-occurrence: by hand") {
  const Sequences normals{{0, 1}, {1, 0}, {0, 2}, {0, 0}};
  const auto detector = make_event_detector("cooccurrence");
  detector->fit(Normals(views_of(normals)));
  // c(0,1) = 2, c(0,2) = 1, c(0,0) = 2 (each lies beside the other): c(0) = 5, c(1) = 2, c(2) = 1.
  const double q0 = 5.0 / 8, q1 = 2.0 / 8, q2 = 1.0 / 8;
  const std::vector<double> scores = event_scores(*detector, {0, 1, 2});
  const double of0 = ((2 + 20 * q0) / (2 + 20) + (1 + 20 * q0) / (1 + 20)) / 2;
  const double of1 = ((2 + 20 * q1) / (5 + 20) + (0 + 20 * q1) / (1 + 20)) / 2;
  const double of2 = ((1 + 20 * q2) / (5 + 20) + (0 + 20 * q2) / (2 + 20)) / 2;
  CHECK(scores[0] == doctest::Approx(-std::log(of0)));
  CHECK(scores[1] == doctest::Approx(-std::log(of1)));
  CHECK(scores[2] == doctest::Approx(-std::log(of2)));
  CHECK(event_scores(*detector, {0, 0})[0] == doctest::Approx(-std::log((2 + 20 * q0) / 25)));
  // Unseen, and beside an unseen one: shares alone.
  const std::vector<double> unseen = event_scores(*detector, {k_unseen_type | 1, 2});
  CHECK(unseen[0] == doctest::Approx(-std::log((0 + 20 / 8.0) / 21)));
  CHECK(unseen[1] == doctest::Approx(-std::log(q2)));
  // Six events apart is out of reach.
  CHECK(event_scores(*detector, {0, 1, 1, 1, 1, 1, 2})[0] == event_scores(*detector, {0, 1, 1, 1, 1, 1, 0})[0]);
}

TEST_CASE("repeats") {
  const auto detector = make_event_detector("repeated");
  CHECK(event_scores(*detector, {4, 2, 4, k_unseen_type, 2, k_unseen_type, 4}) ==
        std::vector<double>{0, 0, 1, 0, 1, 1, 1});
  const Sequences normals{{0, 1, 0}, {0, 1, 0}, {2}};
  CHECK(share_of_repeats(Normals(views_of(normals))) == doctest::Approx(2.0 / 7));
  CHECK_THROWS_AS(make_event_detector("repeat"), Error);
}

TEST_CASE("replaced events stand out at the p-values of held-out normal events") {
  const Sequences normals = random_walks(200, 12, 15, 1);
  const auto spans = views_of(normals);
  const std::vector<double> held_out = out_of_fold_event_scores(spans, "cooccurrence");
  std::size_t events = 0;
  for (const auto& normal : normals) events += normal.size();
  REQUIRE(held_out.size() == events);
  const TailCalibration calibration = calibrate_events(held_out, 1000);
  CHECK(calibration.size() == 1000);
  CHECK(calibrate_events(held_out, 1000).scores()[500] == calibration.scores()[500]);
  double below = 0;
  for (const double score : held_out) below += calibration.p_value(score) < 0.05 ? 1 : 0;
  // Ranks among a sample of 1,000: standard deviation sqrt(.05 * .95 / 1000) = .007; four of them.
  CHECK(std::abs(below / static_cast<double>(held_out.size()) - 0.05) < 0.028);

  const auto detector = make_event_detector("cooccurrence");
  detector->fit(Normals(spans));
  std::vector<TypeId> events_with_error = normals[0];
  events_with_error[5] = k_unseen_type | 3;
  CHECK(calibration.p_value(event_scores(*detector, events_with_error)[5]) < 0.01);
}

TEST_CASE("co-occurrence: memory bound, save and load") {
  const Sequences normals = random_walks(300, 40, 20, 1);
  const auto spans = views_of(normals);
  const auto detector = make_event_detector("cooccurrence");
  detector->fit(Normals(spans));
  const std::size_t all = detector->bytes();
  const std::vector<double> scores = event_scores(*detector, normals[3]);
  ProfileWriter writer;
  writer.scope("cooccurrence");
  detector->save(writer);
  const TemporaryDirectory directory;
  write_file_atomically(directory / "profile", writer.serialize());
  const SafetensorsFile file(directory / "profile");
  const auto loaded = make_event_detector("cooccurrence");
  loaded->load(ProfileReader(file, "cooccurrence"));
  CHECK(event_scores(*loaded, normals[3]) == scores);
  detector->fit(Normals(spans), all * 2 / 3);
  CHECK(detector->bytes() <= all * 2 / 3);
  CHECK(std::isfinite(event_scores(*detector, normals[3])[0]));
}
