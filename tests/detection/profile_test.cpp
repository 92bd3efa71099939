#include "seqguard/detection/profile.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <string>
#include <vector>

#include "detection/sequences.hpp"
#include "seqguard/core/error.hpp"
#include "seqguard/core/files.hpp"
#include "seqguard/detection/sequence_detector.hpp"
#include "support/temporary_directory.hpp"

using namespace seqguard;

namespace {

std::vector<double> raw_scores(const Profile& profile, const Sequences& sequences) {
  std::vector<double> result(sequences.size() * profile.views());
  DetectionScratch scratch;
  for (std::size_t i = 0; i < sequences.size(); ++i) {
    profile.scores(sequences[i], {}, scratch, {result.data() + i * profile.views(), profile.views()});
  }
  return result;
}

Recipe all_views() {
  Recipe recipe{"all", Combiner::power_mean, {}};
  for (const std::string_view name : detector_names()) recipe.views.push_back({std::string(name)});
  return recipe;
}

}  // namespace

TEST_CASE("a profile does not depend on the order of the normals") {
  Sequences normals = random_walks(80, 8, 6, 1);
  for (int i = 0; i < 20; ++i) normals.push_back(normals[i]);
  const Sequences others = random_walks(40, 10, 5, 2);
  const std::vector<double> before = raw_scores(Profile(all_views(), Normals(views_of(normals))), others);
  Random(9).shuffle(normals);
  const Profile shuffled(all_views(), Normals(views_of(normals)));
  CHECK(raw_scores(shuffled, others) == before);
  CHECK(shuffled.kept_normals() == 80);
}

TEST_CASE("a score is a function of the sequence, not of what was scored before") {
  const Sequences normals = random_walks(60, 8, 6, 1), others = random_walks(30, 10, 5, 2);
  const Profile profile(all_views(), Normals(views_of(normals)));
  const std::vector<double> together = raw_scores(profile, others);
  for (std::size_t i = 0; i < others.size(); ++i) {
    const std::vector<double> alone = raw_scores(profile, {others[i]});
    REQUIRE(
        std::equal(alone.begin(), alone.end(), together.begin() + static_cast<std::ptrdiff_t>(i * profile.views())));
  }
}

TEST_CASE("thinning keeps the memory bound, the same normals each time, and all known types") {
  Sequences normals = random_walks(400, 30, 10, 1);
  const Normals all(views_of(normals));
  const Profile whole(all_views(), all);
  const ProfileOptions options{.max_bytes = whole.bytes() / 3};
  const Profile thinned(all_views(), all, options);
  CHECK(thinned.bytes() <= options.max_bytes);
  CHECK(thinned.kept_normals() > 50);
  CHECK(thinned.kept_normals() < 250);
  CHECK(thinned.distinct_normals() == 400);
  Random(4).shuffle(normals);
  const Sequences others = random_walks(30, 30, 9, 2);
  CHECK(raw_scores(thinned, others) == raw_scores(Profile(all_views(), Normals(views_of(normals)), options), others));

  const Normals half = all.thinned(0.5), quarter = all.thinned(0.25);
  CHECK(half.size() == 200);
  CHECK(quarter.size() == 100);
  CHECK(quarter.known_types().size() == 30);
  std::size_t shared = 0;
  for (std::size_t i = 0, j = 0; i < half.size() && j < quarter.size(); ++i) {
    if (std::ranges::equal(half.sequence(i), quarter.sequence(j))) ++j, ++shared;
  }
  CHECK(shared == 100);
}

TEST_CASE("out-of-fold scores: unseen by their statistics, equal at any concurrency") {
  Sequences normals = random_walks(42, 8, 6, 1);
  normals[7] = {50, 51, 52};  // all its types are its own: out of its fold they are unseen
  const Recipe recipe = Recipe::broad({"next", "next:item", "next:device"});
  REQUIRE(recipe.given().size() == 3);
  std::vector<double> next(42 * 3);
  std::iota(next.begin(), next.end(), 0.0);
  const std::size_t views = recipe.views.size();
  const auto spans = views_of(normals);
  const std::vector<double> raw = out_of_fold_scores(spans, next, recipe);
  const std::size_t unseen = 6;
  REQUIRE(recipe.views[unseen].name == "unseen");
  for (std::size_t i = 0; i < 42; ++i) {
    CHECK(raw[i * views + unseen] == (i == 7 ? 1.0 : 0.0));
    for (std::size_t k = 0; k < 3; ++k) CHECK(raw[i * views + views - 3 + k] == next[3 * i + k]);
  }
  const auto pool = make_thread_pool(3);
  CHECK(out_of_fold_scores(spans, next, recipe, {}, *pool) == raw);
  CHECK(out_of_fold_scores(spans, next, recipe, {.seed = 2}) != raw);
  CHECK_THROWS_AS(out_of_fold_scores(spans, std::vector<double>(3), recipe), Error);
  CHECK_THROWS_AS(out_of_fold_scores(std::span(spans).first(3), {}, Recipe::broad()), Error);
}

TEST_CASE("a fitted detector finds anomalies at about the target rate, and each view alone has the same interface") {
  const Sequences normals = random_walks(300, 8, 10, 1), fresh = random_walks(300, 8, 10, 2);
  Sequences odd = random_walks(50, 8, 10, 3);
  for (auto& events : odd) std::reverse(events.begin(), events.end());
  SequenceDetectorOptions options;
  options.contamination = 0.05;
  SequenceDetector detector(Recipe::broad(), options);
  detector.fit(views_of(normals));
  CHECK(detector.profile().kept_normals() == Normals(views_of(normals)).size());  // all folds, and all of each
  SequenceDetector::Scratch scratch;
  std::size_t false_alarms = 0, found = 0;
  for (const auto& events : fresh) {
    const bool abnormal = detector.predict(events, scratch);
    CHECK(abnormal == (detector.decision_function(events, scratch) > detector.threshold()));
    false_alarms += abnormal ? 1 : 0;
  }
  for (const auto& events : odd) found += detector.predict(events, scratch) ? 1 : 0;
  // 15 expected; standard deviation sqrt(300 * .05 * .95 * 2) = 5.3 (calibration and test): four of them.
  CHECK(false_alarms < 37);
  CHECK(found >= 45);  // reversed order breaks nearly every transition
  for (const std::string_view view : detector_names()) {
    SequenceDetector alone(Recipe::single(view));
    alone.fit(views_of(normals));
    CHECK(std::isfinite(alone.decision_function(odd[0], scratch)));
    CHECK(std::isfinite(alone.threshold()));
  }
  CHECK_THROWS_AS(SequenceDetector(Recipe::broad({"next"})).fit(views_of(normals)), Error);
  SequenceDetector with_next(Recipe::broad({"next"}));
  const std::vector<double> ones(300, 1.0);
  with_next.fit(views_of(normals), {.held_out = ones});
  CHECK_THROWS_WITH_AS(with_next.judge(odd[0], {}, scratch), doctest::Contains("expected 1, found 0"), Error);
}

TEST_CASE("given views: numbers are found by their names, calibrated on what is known of them, and count") {
  const Sequences normals = random_walks(100, 8, 10, 1);
  const std::vector<std::string> names = {"head", "next"};
  SequenceDetector detector(Recipe::broad({"next"}), names), own_order(Recipe::broad({"next"}));
  // The first column is of no view. Normals without their number calibrate the other views alone.
  std::vector<double> given, next;
  for (std::size_t i = 0; i < normals.size(); ++i) {
    next.push_back(i % 4 == 0 ? std::nan("") : static_cast<double>(i % 10));
    given.insert(given.end(), {1e6, next.back()});
  }
  detector.fit(views_of(normals), {.held_out = given});
  own_order.fit(views_of(normals), {.held_out = next});
  CHECK(detector.serialize() == own_order.serialize());
  CHECK(detector.calibration().normals() == 75);
  SequenceDetector::Scratch scratch;
  const Judgement usual = detector.judge(normals[0], std::vector<double>{0, 4}, scratch),
                  surprising = detector.judge(normals[0], std::vector<double>{0, 400}, scratch);
  CHECK(surprising.value > usual.value);
  CHECK(detector.recipe().views[surprising.worst_view].name == "next");
  CHECK(own_order.judge(normals[0], std::vector<double>{400}, scratch).value == surprising.value);
  CHECK_THROWS_WITH_AS(SequenceDetector(Recipe::broad({"next"}), std::vector<std::string>{"head"}),
                       doctest::Contains("nothing gives the view \"next\""), Error);
  // New numbers, the statistics kept: 400 is ordinary now.
  for (double& value : next) value = 400;
  own_order.recalibrate(views_of(normals), next);
  CHECK(own_order.judge(normals[0], std::vector<double>{400}, scratch).value < surprising.value);
}

TEST_CASE("save and load give the same bits, and hostile files are refused") {
  const Sequences normals = random_walks(120, 12, 8, 1), others = random_walks(50, 14, 7, 2);
  SequenceDetector detector(all_views());
  detector.fit(views_of(normals));
  const TemporaryDirectory directory;
  const std::string path = directory / "profile.safetensors";
  write_file_atomically(path, detector.serialize());
  SequenceDetector loaded(all_views());
  loaded.load(SafetensorsFile(path));
  SequenceDetector::Scratch scratch;
  for (const auto& events : others) {
    const Judgement a = detector.judge(events, {}, scratch), b = loaded.judge(events, {}, scratch);
    REQUIRE(a.value == b.value);
    REQUIRE(a.p_value == b.p_value);
    REQUIRE(a.p_conformal == b.p_conformal);
    REQUIRE(a.worst_view == b.worst_view);
  }
  CHECK(loaded.serialize() == detector.serialize());
  CHECK(loaded.profile().bytes() == detector.profile().bytes());

  // One array after another is replaced by something that parses but does not fit.
  const SafetensorsFile file(path);
  const auto load_with = [&](const std::string& name, const std::function<void(std::vector<std::byte>&)>& damage) {
    std::vector<std::vector<std::byte>> bytes;
    std::vector<TensorToWrite> tensors;
    for (const auto& [tensor, info] : file.tensors()) {
      bytes.emplace_back(info.bytes());
      file.read_bytes(tensor, bytes.back());
      if (tensor == name) damage(bytes.back());
      tensors.push_back({tensor, info.dtype, {bytes.back().size() / size_of(info.dtype)}, {}});
    }
    for (std::size_t i = 0; i < tensors.size(); ++i) tensors[i].bytes = bytes[i];
    write_file_atomically(directory / "damaged", serialize_safetensors(tensors));
    SequenceDetector(all_views()).load(SafetensorsFile(directory / "damaged"));
  };
  const auto ones = [](std::vector<std::byte>& b) { std::fill(b.begin(), b.end(), std::byte{0xFF}); };
  const auto zeros = [](std::vector<std::byte>& b) { std::fill(b.begin(), b.end(), std::byte{0}); };
  const auto shorter = [](std::vector<std::byte>& b) { b.resize(b.size() - std::min<std::size_t>(b.size(), 8)); };
  CHECK_NOTHROW(load_with("", ones));
  for (const auto& [name, info] : file.tensors()) {
    if (name == "profile.normals") continue;  // two free numbers
    CAPTURE(name);
    const auto refused = [&](const auto& damage) {
      try {
        load_with(name, damage);
      } catch (const Error& error) {
        return error.code() == ErrorCode::bad_checkpoint;
      }
      return false;
    };
    const bool counts = name == "ngram.successor_counts" || name == "ngram.context_totals" ||
                        name.ends_with(".copies");  // any number > 0 is possible
    if (!counts) CHECK(refused(ones));
    if (name != "ngram.successor_counts" && !name.starts_with("calibration.")) CHECK(refused(zeros));
    // Any ascending list is possible.
    if (!name.ends_with("known_types") && name != "profile.single") CHECK(refused(shorter));
  }
  CHECK_THROWS_AS(SequenceDetector(Recipe::broad({"next"})).load(SafetensorsFile(path)), Error);
}

TEST_CASE("drift: half against half") {
  const Sequences steady = random_walks(400, 8, 10, 1);
  CHECK(std::abs(drift_check(views_of(steady), Recipe::broad()).auroc - 0.5) < 0.1);  // 3.5 standard errors of .029
  CHECK(!drift_check(views_of(steady), Recipe::broad()).warning);
  Sequences moved = steady;
  for (std::size_t i = 200; i < 400; ++i) {
    for (TypeId& type : moved[i]) type = type < 2 ? type + 8 : type;
  }
  const Drift drift = drift_check(views_of(moved), Recipe::broad({"next"}));
  CHECK(drift.warning);
  CHECK(drift.auroc > 0.9);
  CHECK_THROWS_AS(drift_check(views_of({steady.begin(), steady.begin() + 8}), Recipe::broad()), Error);
}
