#include "sequence_scorer/given_numbers.hpp"

#include <algorithm>
#include <cstddef>
#include <limits>

namespace seqguard {
inline namespace v0 {

namespace {

/// self_views() of a sequence; NaN for a key without a profile, or with one of too few normals.
KeyDistances key_numbers(const BehaviourModel& model, const EncodedEvents& events, KeyScratch& scratch) {
  if (events.key == 0 || !model.profiles->find(events.key, scratch.profile, scratch.bytes)) scratch.profile.clear();
  return model.self->numbers(events.key, scratch.profile, scratch.features.extract({events.types.data(), events.n}),
                             scratch.self);
}

}  // namespace

void append_other_numbers(const BehaviourModel& model, const EncodedEvents& events, GivenScratch& scratch,
                          std::vector<double>& numbers) {
  model.numbers.append_scores(events, scratch.statistics, numbers);
  if (model.judges_by_gate) numbers.push_back(model.repairer->gate_gain(events, model.schema, scratch.repair));
  if (!model.self) return;
  for (const double number : key_numbers(model, events, scratch.keys)) numbers.push_back(number);
}

std::span<const double> given_numbers(const BehaviourModel& model, const EncodedEvents& events,
                                      const Surprise& surprise, SequenceDetector::Scratch& detector,
                                      GivenScratch& scratch) {
  scratch.numbers.assign(surprise.means.begin(), surprise.means.end());
  append_other_numbers(model, events, scratch, scratch.numbers);
  if (model.labels) scratch.numbers.push_back(std::numeric_limits<double>::quiet_NaN());
  model.detector.score_views(events.types, scratch.numbers, detector);
  if (!model.labels) return scratch.numbers;
  // The labels read what all other views say; theirs is the last.
  const LabelClassifier& labels = *model.labels;
  const KernelTable<float>& kernels = *model.encoder.context().kernels;
  scratch.label_views.assign(detector.raw.begin(), detector.raw.end() - 1);
  if (model.event_labels) {
    read_event_rows(model, model.event_labels->features, events, surprise.columns, scratch.label_views, scratch.events);
    judge_event_rows(*model.event_labels, kernels, scratch.events);
    for (const double number : summarise_events(*model.event_labels, scratch.events.logits))
      scratch.label_views.push_back(number);
  }
  scratch.logits.resize(labels.outputs());
  labels.logits(kernels, model.schema, events, surprise, scratch.label_views, scratch.labels, scratch.logits);
  scratch.numbers.back() = detector.raw.back() = abnormal_log_odds(labels.loss(), scratch.logits);
  return scratch.numbers;
}

std::vector<double> given_numbers(const BehaviourModel& model, const EncodedData& data,
                                  std::span<const std::uint32_t> sequences, Executor& executor) {
  struct Worker {
    SurpriseScratch surprise;
    SequenceDetector::Scratch detector;
    GivenScratch given;
    std::vector<float> out;
  };
  auto workers = make_per_worker(executor, [&] {
    Worker worker;
    worker.surprise.batch.prepare(model.schema, 0);
    worker.surprise.summarises = model.labels.has_value();
    return worker;
  });
  const std::size_t views = model.detector.given().size();
  std::vector<double> result(sequences.size() * views);
  executor.run(sequences.size(), [&](std::size_t k, std::size_t w) {
    Worker& worker = workers[w];
    const EncodedEvents& events = data[sequences[k]];
    const Surprise surprise = causal_surprise(model.encoder, model.schema, events, worker.surprise, worker.out);
    const std::span<const double> numbers = given_numbers(model, events, surprise, worker.detector, worker.given);
    std::copy(numbers.begin(), numbers.end(), result.begin() + static_cast<std::ptrdiff_t>(k * views));
  });
  return result;
}

}  // namespace v0
}  // namespace seqguard
