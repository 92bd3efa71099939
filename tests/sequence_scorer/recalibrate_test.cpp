#include "seqguard/sequence_scorer/recalibrate.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "seqguard/evaluation/judge_dataset.hpp"
#include "seqguard/metrics/metrics.hpp"
#include "sequence_scorer/small_shop.hpp"
#include "support/temporary_directory.hpp"

using namespace seqguard;
using namespace seqguard::tests;

namespace {

/// Visits of a season in which many come back to the list before they pay.
std::vector<std::vector<std::string>> season(std::size_t count, std::uint64_t seed) {
  std::vector<std::vector<std::string>> result = visits(count, seed);
  Random random(seed, 5);
  for (auto& events : result)
    if (random.uniform() < 0.5) events.insert(events.end() - 1, {"pay", "list", "list", "pay", "search", "search"});
  return result;
}

std::size_t alarms(const SequenceScorer& scorer, const Dataset& data) {
  std::size_t count = 0;
  for (const Score& score : judge_dataset(scorer, data)) count += score.is_anomaly ? 1 : 0;
  return count;
}

std::string bytes(const std::string& directory, const char* name) {
  return read_file(directory + "/" + name, std::size_t{1} << 28);
}

/// A model of 150 visits in a directory.
std::string saved_model(const TemporaryDirectory& directory) {
  const std::string path = directory / "model";
  FitOptions options = quick_fit();
  options.epochs = 5;
  save_behaviour_model(*fit(as_dataset(visits(150, 1)), options), path);
  return path;
}

}  // namespace

TEST_CASE(
    "a recalibrated model keeps what it learned, holds its target on the new traffic, and still finds what is odd") {
  const TemporaryDirectory directory;
  const std::string model = saved_model(directory), moved = directory / "moved";
  const Dataset recent = as_dataset(season(300, 2)), fresh = as_dataset(season(1000, 3));
  const auto pool = make_thread_pool(2);
  const RecalibrationReport report = recalibrate(model, recent, moved, {}, *pool);
  for (const char* name : {"config.json", "model.safetensors", "event_schema.json"})
    CHECK(bytes(model, name) == bytes(moved, name));
  const SequenceScorer before = SequenceScorer::load(model), after = SequenceScorer::load(moved);
  CHECK(report.sequences == 300);
  CHECK(report.alarms_before == alarms(before, recent));
  CHECK(report.alarms.held_out == 300);
  CHECK(report.warnings.empty());
  CHECK(after.model()->recalibrated_on == 300);
  CHECK(after.model()->detector.calibration().normals() == 300);
  CHECK(before.model()->recalibrated_on == 0);

  const std::size_t most = binomial_quantile(1000, 0.01, 0.999);
  CHECK(alarms(before, fresh) > 2 * most);
  CHECK(alarms(after, fresh) <= most);
  const std::vector<std::string> odd = {"login", "steal", "steal", "steal", "logout"};
  CHECK(after.score(odd).is_anomaly);
  // Single events are judged by the new traffic as well: a surprise that half of the visits hold is none.
  CHECK(after.model()->events.next.scores().size() > 300);
  CHECK(after.model()->events.next.scores().back() > before.model()->events.next.scores().back());

  // In its place, one thread, another target: the same calibration but for the threshold.
  RecalibrationOptions options;
  options.target_fpr = 0.05;
  // What was called abnormal before was so by the target of before.
  CHECK(recalibrate(model, recent, model, options).alarms_before == report.alarms_before);
  CHECK(bytes(model, "profile.safetensors") == bytes(moved, "profile.safetensors"));
  CHECK(bytes(model, "event_calibration.safetensors") == bytes(moved, "event_calibration.safetensors"));
  CHECK(SequenceScorer::load(model).target_fpr() == 0.05);
}

TEST_CASE("recalibration warns of sequences that the model has learned from") {
  const TemporaryDirectory directory;
  const std::string model = saved_model(directory);
  const RecalibrationReport known = recalibrate(model, as_dataset(visits(150, 1)), directory / "known");
  REQUIRE(known.warnings.size() == 1);
  CHECK(known.warnings[0].find(" of these 150 sequences are ones that fit has learned from") != std::string::npos);
  CHECK(recalibrate(model, as_dataset(visits(150, 9)), directory / "new").warnings.empty());
}

TEST_CASE("a model that is saved anew while it is recalibrated is not mixed with the old one") {
  const TemporaryDirectory directory;
  const std::string model = saved_model(directory), other = directory / "other";
  FitOptions options = quick_fit();
  options.epochs = 1;
  const auto second = fit(as_dataset(visits(60, 4)), options);
  struct Swap {
    const BehaviourModel& second;
    const std::string& model;
  } swap{*second, model};
  const ProgressSink saves_another{[](const Progress& progress, void* state) {
                                     const auto& with = *static_cast<const Swap*>(state);
                                     if (progress.done > 0) save_behaviour_model(with.second, with.model);
                                     return true;
                                   },
                                   &swap};
  CHECK_THROWS_WITH_AS(recalibrate(model, as_dataset(visits(40, 2)), other, {}, inline_executor(), saves_another),
                       doctest::Contains("another model was saved there"), Error);
  CHECK_FALSE(std::filesystem::exists(other));
}

TEST_CASE("a recalibration tells how far it is, and stopped at any of its reports it leaves nothing") {
  const TemporaryDirectory directory;
  const std::string model = saved_model(directory), output = directory / "output";
  const Dataset recent = as_dataset(visits(90, 2));
  struct Host {
    std::vector<std::size_t> done;
    std::size_t stop_at = 0;
    ProgressSink sink() { return {&Host::report, this}; }
    static bool report(const Progress& progress, void* user) {
      Host& host = *static_cast<Host*>(user);
      CHECK(progress.phase == "recalibration");
      CHECK(progress.total == 270);
      host.done.push_back(progress.done);
      return host.done.size() != host.stop_at;
    }
  } host;
  recalibrate(model, recent, directory / "whole", {}, inline_executor(), host.sink());
  CHECK(host.done == std::vector<std::size_t>{0, 16, 32, 48, 64, 80, 90, 106, 122, 138, 154, 170, 180, 196, 212, 228,
                                              244, 260, 270});
  const std::size_t reports = host.done.size();
  for (std::size_t stop_at = 1; stop_at <= reports; ++stop_at) {
    Host stopping{{}, stop_at};
    CHECK_THROWS_WITH_AS(recalibrate(model, recent, output, {}, inline_executor(), stopping.sink()),
                         "recalibrate: stopped on request", Error);
    CHECK(stopping.done.size() == stop_at);
    CHECK_FALSE(std::filesystem::exists(output));
  }
  const auto pool = make_thread_pool(3);
  Host of_three;
  recalibrate(model, recent, directory / "three", {}, *pool, of_three.sink());
  CHECK(of_three.done == std::vector<std::size_t>{0, 48, 90, 138, 180, 228, 270});
  CHECK(digest(directory / "three") == digest(directory / "whole"));
}

TEST_CASE("events that are all too rare for the encoder leave the calibration of single events, which is said") {
  // 1,400 values that came once are below the cut of a vocabulary of that size.
  const auto rare = [](std::size_t count) {
    std::vector<std::vector<std::string>> sequences(count);
    for (std::size_t s = 0; s < count; ++s)
      for (std::size_t i = 0; i < 20; ++i) sequences[s].push_back("r" + std::to_string(20 * s + i));
    return sequences;
  };
  auto sequences = rare(70);
  for (const auto& visit : visits(40, 6)) sequences.push_back(visit);
  const TemporaryDirectory directory;
  const std::string model = directory / "model", moved = directory / "moved";
  FitOptions options = quick_fit();
  options.epochs = 1;
  save_behaviour_model(*fit(as_dataset(sequences), options), model);
  const auto masked = [](const std::string& path) {
    const auto loaded = load_behaviour_model(path);
    const auto scores = loaded->events.masked.scores();
    return std::vector<double>(scores.begin(), scores.end());
  };
  const auto says_so = [](const RecalibrationReport& report) {
    return std::any_of(report.warnings.begin(), report.warnings.end(), [](const std::string& warning) {
      return warning.find("p-values of single events from both sides stay those of the calibration before") !=
             std::string::npos;
    });
  };
  CHECK(says_so(recalibrate(model, as_dataset(rare(30)), moved)));
  CHECK(masked(moved) == masked(model));
  CHECK_FALSE(says_so(recalibrate(model, as_dataset(visits(30, 7)), moved)));
  CHECK(masked(moved) != masked(model));
}

TEST_CASE("recalibration refuses what it cannot use and leaves the output as it was") {
  const TemporaryDirectory directory;
  const std::string model = saved_model(directory), output = directory / "output";
  const Dataset recent = as_dataset(visits(40, 2));
  const auto refused = [&](const Dataset& data, const RecalibrationOptions& options, const char* message) {
    CHECK_THROWS_WITH_AS(recalibrate(model, data, output, options), doctest::Contains(message), Error);
    CHECK_FALSE(std::filesystem::exists(output));
  };
  refused(as_dataset(visits(19, 2)), {}, "expected at least 20 sequences, found 19");
  refused(recent, {.target_fpr = 1.5, .compute = {}}, "between 0 and 1");
  CHECK_THROWS_AS(recalibrate(directory / "none", recent, output), Error);
  const ProgressSink stop{[](const Progress&, void*) { return false; }, nullptr};
  CHECK_THROWS_WITH_AS(recalibrate(model, recent, output, {}, inline_executor(), stop), doctest::Contains("stopped"),
                       Error);
  CHECK_FALSE(std::filesystem::exists(output));
  const std::string digest_before = digest(model);
  CHECK_THROWS_AS(recalibrate(model, recent, model, {}, inline_executor(), stop), Error);
  CHECK(digest(model) == digest_before);
}
