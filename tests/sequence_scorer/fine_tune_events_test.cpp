// Labels of single events: the model points at the wrong ones, and judges sequences by them.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "seqguard/core/error.hpp"
#include "seqguard/evaluation/event_metrics.hpp"
#include "seqguard/evaluation/judge_dataset.hpp"
#include "seqguard/sequence_scorer/explanation.hpp"
#include "seqguard/sequence_scorer/fine_tune.hpp"
#include "seqguard/sequence_scorer/recalibrate.hpp"
#include "sequence_scorer/small_shop.hpp"
#include "support/temporary_directory.hpp"

using namespace seqguard;
using namespace seqguard::tests;

namespace {

/// Visits; every fifth holds a "pay" that no "cart" precedes, behind a "zoom" or "view" in its middle.
struct Visits {
  std::vector<std::uint8_t> wrong;
  Dataset data;
  ClassLabels labels{{"normal", "stolen"}, true, {}};

  Visits(std::size_t count, std::uint64_t seed) : data(make(count, seed, wrong)) {
    for (const std::uint8_t is_wrong : wrong) labels.values.push_back(is_wrong);
  }
  static Dataset make(std::size_t count, std::uint64_t seed, std::vector<std::uint8_t>& wrong) {
    auto sequences = visits(count, seed);
    for (std::size_t s = 0; s < count; ++s) {
      std::vector<std::string>& events = sequences[s];
      std::vector<std::uint8_t> of_sequence(events.size());
      if (s % 5 == 0) {
        std::size_t at = events.size() / 2;
        while (events[at] != "view") --at;
        events.insert(events.begin() + static_cast<std::ptrdiff_t>(at) + 1, "pay");
        of_sequence.insert(of_sequence.begin() + static_cast<std::ptrdiff_t>(at) + 1, 1);
      }
      wrong.insert(wrong.end(), of_sequence.begin(), of_sequence.end());
    }
    return as_dataset(sequences);
  }
};

FineTuneOptions quick() {
  FineTuneOptions options;
  options.network.hidden = 16;
  options.folds = 3;
  return options;
}

std::string saved_model(const TemporaryDirectory& directory, bool repairs) {
  save_behaviour_model(*(repairs ? hasty_repairer() : shared_scorer()).model(), directory / "model");
  return directory / "model";
}

}  // namespace

TEST_CASE("labels of events point at wrong events, and sequences are judged by them") {
  const TemporaryDirectory directory;
  for (const bool repairs : {false, true}) {
    CAPTURE(repairs);
    const std::string model = saved_model(directory, repairs), tuned = directory / "tuned";
    const Visits known(300, 2), later(200, 4);
    const FineTuneReport report = fine_tune(model, known.data, known.labels, tuned, quick());
    CHECK(report.class_counts == std::vector<std::size_t>{240, 60});
    REQUIRE(report.events.has_value());
    const EventLabelReport& events = *report.events;
    CHECK(events.abnormal + report.left_out >= 60);
    CHECK(events.normal + events.abnormal <= known.data.events());
    CHECK(events.sequences == events.abnormal);
    CHECK(events.labels.auroc > 0.97);
    CHECK(events.labels.average_precision > events.surprise.average_precision);
    CHECK(events.precision > 0.8);
    CHECK(events.recall > 0.8);

    const SequenceScorer before = SequenceScorer::load(model), after = SequenceScorer::load(tuned);
    const std::vector<Score> scores = judge_dataset(after, later.data);
    const EventMetrics by_labels = measure_event_labels(scores, later.wrong),
                       by_surprise = measure_events(judge_dataset(before, later.data), later.wrong);
    CHECK(by_labels.auroc > 0.97);
    CHECK(by_labels.average_precision > by_surprise.average_precision);
    CHECK(by_labels.worst_hits >= 36);  // of 40
    const Score& score = scores[0];
    REQUIRE(score.event_probabilities.size() == 2 * score.events.size());
    for (std::size_t i = 0; i < score.events.size(); ++i)
      CHECK(score.event_probabilities[2 * i] + score.event_probabilities[2 * i + 1] == doctest::Approx(1));
    CHECK(score.worst_by == SurpriseKind::labels);
    CHECK(to_string(score.worst_by) == "labels");
    CHECK(later.wrong[score.worst] == 1);
    // Nothing else is chosen by labels than what is likelier wrong than right.
    for (const Score& each : scores) {
      const double p = each.event_probabilities[2 * each.worst + 1];
      CHECK((each.worst_by == SurpriseKind::labels) == (p >= 0.5));
    }
    CHECK(before.score(later.data.view(0)).event_probabilities.empty());

    auto scratch = after.make_scratch(0);
    ExplainOptions cheap;
    cheap.attributions = cheap.stretches = cheap.counterfactual = false;
    const Explanation explanation = after.explain(later.data.view(0), scratch, cheap);
    CHECK(explanation.ranking.front() == score.worst);
    CHECK(explanation.events.front().label == "stolen");
    CHECK(explanation.events.front().label_probability == score.event_probabilities[2 * score.worst + 1]);
    CHECK(explanation.events.front().words.find("labels: stolen, wrong with ") != std::string::npos);
  }
}

TEST_CASE(
    "labels of events: the same bits at any number of threads, kept by a recalibration, forgotten by labels of "
    "sequences") {
  const TemporaryDirectory directory;
  const std::string model = saved_model(directory, false), one = directory / "one", two = directory / "two";
  const Visits known(120, 2);
  fine_tune(model, known.data, known.labels, one, quick());
  const auto pool = make_thread_pool(3);
  fine_tune(one, known.data, known.labels, two, quick(), *pool);
  CHECK(digest(one) == digest(two));
  recalibrate(one, as_dataset(visits(300, 6)), two);
  const EventsView events = known.data.view(0);
  const SequenceScorer before = SequenceScorer::load(one), after = SequenceScorer::load(two);
  CHECK(before.score(events).event_probabilities == after.score(events).event_probabilities);
  fine_tune(one, known.data, sequence_labels(known.labels, known.data), two, quick());
  CHECK(SequenceScorer::load(two).score(events).event_probabilities.empty());
  CHECK(!file_exists(two + "/event_labels.safetensors"));
}

TEST_CASE("events without a label are not learned from, and of another class all are told") {
  const TemporaryDirectory directory;
  const std::string model = saved_model(directory, false), tuned = directory / "tuned";
  Visits known(200, 2);
  known.labels.classes.emplace_back("shared");
  std::size_t abnormal = 0, unknown = 0;
  for (std::size_t s = 0; s < 200; ++s) {
    const DataSequence& sequence = known.data.sequences()[s];
    for (std::size_t i = sequence.first; i < sequence.first + sequence.count; ++i) {
      std::size_t& label = known.labels.values[i];
      if (label == 1 && s % 2 == 0) label = 2;
      if (label == 0 && s % 5 == 0 && i % 2 == 0) label = k_unknown_class;
      abnormal += label == 1 || label == 2 ? 1 : 0;
      unknown += label == k_unknown_class ? 1 : 0;
    }
  }
  FineTuneOptions options = quick();
  options.statistics = NormalStatistics::refit;  // which leaves nothing out
  const FineTuneReport report = fine_tune(model, known.data, known.labels, tuned, options);
  CHECK(report.class_counts == std::vector<std::size_t>{160, 20, 20});
  CHECK(report.events->abnormal == abnormal);
  CHECK(report.events->normal == known.data.events() - abnormal - unknown);
  const Score score = SequenceScorer::load(tuned).score(known.data.view(5));
  CHECK(score.event_probabilities.size() == 3 * score.events.size());
}
