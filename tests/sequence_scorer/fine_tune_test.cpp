// Learning from labels on top of a fitted model: better at what was labelled, as good at what was not, same encoder.
#include "seqguard/sequence_scorer/fine_tune.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <numeric>
#include <string>
#include <vector>

#include "seqguard/core/error.hpp"
#include "seqguard/evaluation/judge_dataset.hpp"
#include "seqguard/metrics/metrics.hpp"
#include "seqguard/sequence_scorer/recalibrate.hpp"
#include "sequence_scorer/small_shop.hpp"
#include "support/temporary_directory.hpp"

using namespace seqguard;
using namespace seqguard::tests;

namespace {

using Sequences = std::vector<std::vector<std::string>>;

/// Long visits that never search: each of them could be a normal one (one in a hundred is), all of them are too many.
Sequences scrapers(std::size_t count, std::uint64_t seed) {
  Sequences result;
  for (std::vector<std::string>& events : visits(3 * count, seed)) {
    if (std::count(events.begin(), events.end(), "view") < 5 || result.size() == count) continue;
    std::replace(events.begin(), events.end(), std::string("search"), std::string("list"));
    for (std::size_t i = 0; i + 2 < events.size(); ++i)
      if (events[i] == "list" && events[i + 1] == "view" && events[i + 2] != "zoom")
        events.insert(events.begin() + static_cast<std::ptrdiff_t>(i) + 2, "zoom");
    result.push_back(std::move(events));
  }
  return result;
}

struct Labelled {
  Sequences sequences;
  ClassLabels labels{{"normal", "scraper"}, false, {}};

  Labelled(const Sequences& normal, const Sequences& abnormal) {
    add(normal, 0);
    add(abnormal, 1);
  }
  void add(const Sequences& of_class, std::size_t value) {
    sequences.insert(sequences.end(), of_class.begin(), of_class.end());
    labels.values.resize(sequences.size(), value);
  }
};

FineTuneOptions quick() {
  FineTuneOptions options;
  options.network.hidden = 16;
  options.members = 2;
  options.folds = 3;
  return options;
}

/// A model of 150 visits.
std::string saved_model(const TemporaryDirectory& directory) {
  const std::string path = directory / "model";
  FitOptions options = quick_fit();
  options.epochs = 3;
  save_behaviour_model(*fit(as_dataset(visits(150, 1)), options), path);
  return path;
}

std::vector<double> values(const SequenceScorer& scorer, const Sequences& sequences) {
  std::vector<double> result;
  for (const Score& score : judge_dataset(scorer, as_dataset(sequences))) result.push_back(score.value);
  return result;
}

double share_of_alarms(const SequenceScorer& scorer, const Sequences& sequences) {
  double alarms = 0;
  for (const Score& score : judge_dataset(scorer, as_dataset(sequences))) alarms += score.is_anomaly ? 1 : 0;
  return alarms / static_cast<double>(sequences.size());
}

}  // namespace

TEST_CASE("labels teach a kind of anomaly, and the encoder, the target and what nobody labelled stay") {
  const TemporaryDirectory directory;
  const std::string model = saved_model(directory), tuned = directory / "tuned";
  const Labelled known(visits(300, 2), scrapers(60, 3));
  const FineTuneReport report = fine_tune(model, as_dataset(known.sequences), known.labels, tuned, quick());
  CHECK(report.class_counts == std::vector<std::size_t>{300, 60});
  CHECK(!report.refitted);
  CHECK(report.unlabelled == 0);
  CHECK(report.trials.size() == 5);
  CHECK(report.labels_alone.auroc > 0.9);
  CHECK(report.together.auroc > report.without_labels.auroc);
  for (const char* name : {"config.json", "model.safetensors", "event_schema.json"})
    CHECK(read_file(model + "/" + name, 1u << 28) == read_file(tuned + "/" + name, 1u << 28));

  const SequenceScorer before = SequenceScorer::load(model), after = SequenceScorer::load(tuned);
  const Sequences normal = visits(500, 4), abnormal = scrapers(200, 5);
  const double without = auroc(values(before, normal), values(before, abnormal)),
               with = auroc(values(after, normal), values(after, abnormal));
  CHECK(with > 0.93);  // one in a hundred normal visits is like that too
  CHECK(with > without + 0.05);
  CHECK(share_of_alarms(after, normal) < 0.03);  // the binomial 99.9 % quantile of 1 % of 500 is 13
  const Sequences unknown(20, {"login", "probe", "dump", "probe", "dump", "logout"});
  CHECK(share_of_alarms(after, unknown) == 1);

  const auto classes = after.classes();
  CHECK(std::vector<std::string>(classes.begin(), classes.end()) == std::vector<std::string>{"normal", "scraper"});
  CHECK(before.classes().empty());
  const Score score = after.score(abnormal[0]);
  REQUIRE(score.probabilities.size() == 2);
  CHECK(score.probabilities[0] + score.probabilities[1] == doctest::Approx(1));
  CHECK(score.probabilities[1] > 0.5);
  CHECK(before.score(abnormal[0]).probabilities.empty());
}

TEST_CASE("the same labels and seed give the same files at any number of threads, also on top of former labels") {
  const TemporaryDirectory directory;
  const std::string model = saved_model(directory), one = directory / "one", two = directory / "two";
  const Labelled known(visits(120, 2), scrapers(30, 3));
  const Dataset data = as_dataset(known.sequences);
  fine_tune(model, data, known.labels, one, quick());
  const auto pool = make_thread_pool(3);
  fine_tune(one, data, known.labels, two, quick(), *pool);
  CHECK(digest(one) == digest(two));
  FineTuneOptions other = quick();
  other.seed = 7;
  fine_tune(model, data, known.labels, two, other);
  CHECK(digest(one) != digest(two));
}

TEST_CASE("statistics that were made of the labelled normals are made again without what is labelled abnormal") {
  const TemporaryDirectory directory;
  const std::string model = directory / "model", tuned = directory / "tuned";
  Labelled known(visits(200, 2), scrapers(20, 3));
  FitOptions options = quick_fit();
  options.epochs = 3;
  save_behaviour_model(*fit(as_dataset(known.sequences), options), model);
  const FineTuneReport report = fine_tune(model, as_dataset(known.sequences), known.labels, tuned, quick());
  CHECK(report.refitted);
  CHECK(report.left_out == 0);
  REQUIRE(!report.warnings.empty());
  CHECK(report.warnings.back().find("the encoder has learned from many of these normals") != std::string::npos);
  const SequenceScorer before = SequenceScorer::load(model), after = SequenceScorer::load(tuned);
  CHECK(after.model()->detector.profile().distinct_normals() < before.model()->detector.profile().distinct_normals());
  CHECK(share_of_alarms(after, visits(500, 4)) < 0.03);
  // Kept, the statistics cannot judge by what they were made of.
  FineTuneOptions keep = quick();
  keep.statistics = NormalStatistics::keep;
  const FineTuneReport kept = fine_tune(model, as_dataset(known.sequences), known.labels, tuned, keep);
  CHECK(!kept.refitted);
  CHECK(kept.left_out > 100);
  REQUIRE(!kept.warnings.empty());
  CHECK(kept.warnings.back().find("labelled sequences were left out") != std::string::npos);
}

TEST_CASE("the rate with the best F1, several kinds, and a weight of the host's own") {
  const TemporaryDirectory directory;
  const std::string model = saved_model(directory), tuned = directory / "tuned";
  Labelled known(visits(200, 2), scrapers(40, 3));
  known.labels.classes.emplace_back("prober");
  known.add(Sequences(10, {"login", "view", "login", "view", "login", "logout"}), 2);
  known.add(visits(5, 9), k_unknown_class);
  FineTuneOptions options = quick();
  options.threshold = LabelThreshold::best_f1;
  options.view_weight = 5;
  const FineTuneReport report = fine_tune(model, as_dataset(known.sequences), known.labels, tuned, options);
  CHECK(report.class_counts == std::vector<std::size_t>{200, 40, 10});
  CHECK(report.unlabelled == 5);
  CHECK(report.weight == 5);
  const SequenceScorer after = SequenceScorer::load(tuned);
  CHECK(after.target_fpr() != SequenceScorer::load(model).target_fpr());
  CHECK(share_of_alarms(after, scrapers(100, 8)) > 0.6);
  CHECK(after.score(std::vector<std::string>{"login", "view", "login", "view", "login", "logout"}).probabilities[2] >
        0.5);
}

TEST_CASE("a recalibrated model keeps its labels") {
  const TemporaryDirectory directory;
  const std::string model = saved_model(directory), tuned = directory / "tuned", moved = directory / "moved";
  const Labelled known(visits(120, 2), scrapers(30, 3));
  fine_tune(model, as_dataset(known.sequences), known.labels, tuned, quick());
  recalibrate(tuned, as_dataset(visits(300, 6)), moved);
  const SequenceScorer before = SequenceScorer::load(tuned), after = SequenceScorer::load(moved);
  const std::vector<std::string> scraper = scrapers(1, 8)[0];
  CHECK(before.score(scraper).probabilities == after.score(scraper).probabilities);
  CHECK(read_file(tuned + "/labels.safetensors", 1u << 28) == read_file(moved + "/labels.safetensors", 1u << 28));
}

TEST_CASE("what labels cannot teach is refused by reason, and nothing is written") {
  const TemporaryDirectory directory;
  const std::string model = saved_model(directory), tuned = directory / "tuned";
  const auto refuses = [&](const Labelled& known, FineTuneOptions options, const char* why) {
    CHECK_THROWS_WITH_AS(fine_tune(model, as_dataset(known.sequences), known.labels, tuned, options),
                         doctest::Contains(why), Error);
  };
  refuses({visits(19, 2), scrapers(9, 3)}, quick(),
          "sequences labelled \"normal\" to calibrate on, expected at least 20");
  refuses({visits(50, 2), scrapers(1, 3)}, quick(), "sequences labelled abnormal, expected at least 2, found 1");
  FineTuneOptions options = quick();
  options.folds = 1;
  const Labelled sound(visits(60, 2), scrapers(9, 3));
  refuses(sound, options, "folds, expected at least 2");
  options = quick();
  options.target_fpr = 2;
  refuses(sound, options, "target false-positive rate");
  options = quick();
  options.focal_gamma = -1;
  refuses(sound, options, "focal gamma");
  options = quick();
  options.members = 1000;
  refuses(sound, options, "members x folds");
  Labelled odd = sound;
  odd.labels.values.back() = 2;
  refuses(odd, quick(), "class of a label, expected below 2, found 2");
  CHECK_THROWS_AS(fine_tune(model, as_dataset(sound.sequences), {}, tuned, quick()), Error);
  Labelled events = sound;
  events.labels.of_events = true;
  refuses(events, quick(), "labels of events, expected ");
  const ProgressSink stop{[](const Progress& progress, void*) { return progress.phase != "labels, fold 2/3"; },
                          nullptr};
  CHECK_THROWS_WITH_AS(
      fine_tune(model, as_dataset(sound.sequences), sound.labels, tuned, quick(), inline_executor(), stop),
      doctest::Contains("stopped"), Error);
  CHECK(!file_exists(tuned));
}
