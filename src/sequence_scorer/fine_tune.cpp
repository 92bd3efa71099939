#include "seqguard/sequence_scorer/fine_tune.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <memory>
#include <numeric>
#include <span>
#include <utility>

#include "seqguard/core/error.hpp"
#include "seqguard/detection/encoder_surprise.hpp"
#include "seqguard/metrics/metrics.hpp"
#include "sequence_scorer/fine_tune_check.hpp"
#include "sequence_scorer/fine_tune_events.hpp"
#include "sequence_scorer/given_numbers.hpp"
#include "sequence_scorer/label_weight.hpp"
#include "sequence_scorer/saved_model.hpp"
#include "sequence_scorer/threshold_check.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

enum Stream : std::uint64_t { k_fold_stream = 301, k_network_stream };

/// Labels on top of one model.
class FineTuner {
 public:
  /// `labels`: of sequences; `events`: of their events, or empty.
  FineTuner(BehaviourModel model, const Dataset& data, const ClassLabels& labels, std::span<const std::size_t> events,
            const FineTuneOptions& options, Executor& executor, ProgressSink progress)
      : model_(std::move(model)), labels_(labels), options_(options), executor_(executor), progress_(progress) {
    for (std::size_t i = 0; i < labels.values.size(); ++i) {
      if (labels.values[i] == k_unknown_class) continue;
      classes_.push_back(labels.values[i]);
      encoded_.emplace_back();
      encode(data.view(i), model_.schema, encoded_.back());
      const DataSequence& sequence = data.sequences()[i];
      event_classes_.push_back(events.empty() ? events : events.subspan(sequence.first, sequence.count));
    }
    if (options.target_fpr) model_.target_fpr = *options.target_fpr;
    former_ = model_.detector.calibration();
    if (model_.labels) model_.detector = model_.detector.without_given_view(k_label_view);
    model_.event_labels.reset();
    classifier_.classes = labels.classes;
  }

  BehaviourModel run(FineTuneReport& report) {
    report.refitted = must_refit();
    leave_out_learned(report);
    network_ = label_options();
    read_sequences();
    judge_labelled(model_.detector, former_, report.refitted, options_.seed, views_, executor_);
    for (std::size_t i = 0; i < normals(); ++i) shift_columns(seen_[i].columns, encoded_[i].n);
    folds_ = stratified_folds();
    if (!event_classes_.front().empty()) learn_from_events(report);
    make_features();
    const std::vector<float> logits = train();
    classifier_.temperature = fit_temperature(classifier_.loss(), logits, classes_);
    decide(logits, report);
    report.temperature = classifier_.temperature;
    model_.labels = std::move(classifier_);
    return std::move(model_);
  }

 private:
  const KernelTable<float>& kernels() const { return *model_.encoder.context().kernels; }

  void report_progress(const std::string& phase, std::size_t done, std::size_t total) const {
    if (!progress_.report({.phase = phase, .done = done, .total = total}))
      fail(ErrorCode::cancelled, "fine-tune", "stopped on request");
  }

  /// Weights with which each class counts as much as the others; of two that of the second.
  static std::vector<double> balancing(const std::vector<std::size_t>& counts) {
    if (counts.size() == 2) return {static_cast<double>(counts[0]) / static_cast<double>(counts[1])};
    std::vector<double> weights;
    const auto n = static_cast<double>(std::accumulate(counts.begin(), counts.end(), std::size_t{0}));
    for (const std::size_t count : counts)
      weights.push_back(count == 0 ? 0.0 : n / static_cast<double>(count * counts.size()));
    return weights;
  }

  LabelClassifierOptions label_options() const {
    LabelClassifierOptions result{options_.network, options_.members};
    result.network.seed = random_bits(options_.seed, k_network_stream, 0);
    result.network.label_loss = {options_.focal_gamma, options_.focal_alpha, options_.label_smoothing, {}};
    if (!options_.balanced || options_.focal_alpha) return result;
    std::vector<std::size_t> counts(labels_.classes.size());
    for (const std::size_t c : classes_) ++counts[c];
    result.network.label_loss.class_weights = balancing(counts);
    return result;
  }

  /// Whether most labelled normals that came once are ones that the statistics were made of.
  bool must_refit() const {
    if (options_.statistics != NormalStatistics::automatic) return options_.statistics == NormalStatistics::refit;
    std::vector<TypeSequence> normals;
    for (std::size_t i = 0; i < classes_.size(); ++i)
      if (classes_[i] == 0) normals.emplace_back(encoded_[i].types);
    const Normals distinct(normals);
    std::size_t single = 0;
    for (std::size_t i = 0; i < distinct.size(); ++i) single += distinct.copies(i) == 1 ? 1 : 0;
    return 2 * model_.detector.count_learned(normals) > single;
  }

  /// Statistics that stay cannot say how new traffic looks by sequences that they were made of. Normals come first
  /// then.
  void leave_out_learned(FineTuneReport& report) {
    std::vector<EncodedEvents> encoded;
    std::vector<std::size_t> classes;
    std::vector<std::span<const std::size_t>> event_classes;
    for (const bool normal : {true, false})
      for (std::size_t i = 0; i < classes_.size(); ++i) {
        if ((classes_[i] == 0) != normal) continue;
        if (!report.refitted && model_.detector.has_learned(encoded_[i].types)) {
          ++report.left_out;
          continue;
        }
        (normal ? views_.normal : views_.abnormal).emplace_back();
        classes.push_back(classes_[i]);
        encoded.push_back(std::move(encoded_[i]));
        event_classes.push_back(event_classes_[i]);
      }
    encoded_ = std::move(encoded);
    classes_ = std::move(classes);
    event_classes_ = std::move(event_classes);
    for (std::size_t i = 0; i < encoded_.size(); ++i)
      (i < normals() ? views_.normal[i] : views_.abnormal[i - normals()]) = encoded_[i].types;
    if (normals() < k_least_normals || views_.abnormal.size() < k_least_abnormal)
      fail(ErrorCode::invalid_argument, "fine-tune",
           "too few labelled sequences that fit has not learned from (" + std::to_string(report.left_out) +
               " are left out); label newer traffic, or make the statistics again (refit)",
           "at least " + std::to_string(k_least_normals) + " normal and " + std::to_string(k_least_abnormal) +
               " abnormal ones",
           std::to_string(normals()) + " and " + std::to_string(views_.abnormal.size()));
  }
  std::size_t normals() const noexcept { return views_.normal.size(); }

  /// What the networks say of every labelled sequence, from one pass of each.
  void read_sequences() {
    struct Worker {
      SurpriseScratch surprise;
      GivenScratch given;
      std::vector<float> out;
    };
    auto workers = make_per_worker(executor_, [&] {
      Worker worker;
      worker.surprise.batch.prepare(model_.schema, 0);
      worker.surprise.summarises = true;
      return worker;
    });
    const std::size_t n = encoded_.size();
    seen_.resize(n);
    constexpr std::size_t k_batch = 256;  // between two reports
    for (std::size_t first = 0; first < n; first += k_batch) {
      report_progress("encoder", first, n);
      executor_.run(std::min(k_batch, n - first), [&](std::size_t k, std::size_t w) {
        const Surprise surprise =
            causal_surprise(model_.encoder, model_.schema, encoded_[first + k], workers[w].surprise, workers[w].out);
        seen_[first + k] = {{surprise.means.begin(), surprise.means.end()},
                            {surprise.columns.begin(), surprise.columns.end()},
                            {surprise.hidden.begin(), surprise.hidden.end()}};
        append_other_numbers(model_, encoded_[first + k], workers[w].given, seen_[first + k].given);
        put_middle_for_unknown(seen_[first + k].given);
      });
    }
    report_progress("encoder", n, n);
    for (std::size_t i = 0; i < n; ++i) {
      std::vector<double>& given = i < normals() ? views_.normal_given : views_.abnormal_given;
      given.insert(given.end(), seen_[i].given.begin(), seen_[i].given.end());
    }
  }

  /// Of a key without a profile, what the middle one of the normals has.
  void put_middle_for_unknown(std::vector<double>& given) const {
    const auto& views = model_.detector.recipe().views;
    for (std::size_t v = 0, k = 0; v < views.size() && k < given.size(); ++v) {
      if (!views[v].given) continue;
      if (std::isnan(given[k])) given[k] = model_.detector.calibration().middle_of(v);
      ++k;
    }
  }

  /// By what the views were shifted: what a column says must not tell a labelled normal from its own view.
  void shift_columns(std::span<float> columns, std::size_t n) const {
    const bool several = columns.size() > n;
    for (std::size_t i = 0; i < columns.size(); ++i)
      columns[i] += static_cast<float>(views_.shifts[several ? 1 + i / n : 0]);
  }

  /// Raw scores of a sequence by the views.
  std::span<const double> views_of(std::size_t i) const {
    const std::size_t views = model_.detector.recipe().views.size();
    const std::span<const double> raw = i < normals() ? views_.normal_raw : views_.abnormal_raw;
    return raw.subspan((i < normals() ? i : i - normals()) * views, views);
  }

  void learn_from_events(FineTuneReport& report) {
    std::vector<EventExample> examples;
    for (std::size_t i = 0; i < encoded_.size(); ++i)
      examples.push_back({&encoded_[i], seen_[i].columns, views_of(i), event_classes_[i], folds_[i], i >= normals()});
    LabelClassifierOptions of_events = network_;
    if (!of_events.network.label_loss.class_weights.empty()) {
      std::vector<std::size_t> counts(labels_.classes.size());
      for (const EventExample& example : examples)
        for (const std::size_t c : example.classes)
          if (c != k_unknown_class) ++counts[c];
      of_events.network.label_loss.class_weights = balancing(counts);
    }
    LearnedEvents learned = learn_events(model_, examples, labels_.classes, of_events, executor_,
                                         [&](std::size_t f) { report_fold("events", f); });
    model_.event_labels = std::move(learned.classifier);
    summaries_ = std::move(learned.summaries);
    report.events = learned.report;
  }

  void make_features() {
    const std::size_t added = summaries_.empty() ? 0 : k_event_summary;
    classifier_.features = LabelFeatures::of(model_.schema, model_.encoder.config().hidden_size,
                                             model_.detector.recipe().views.size() + added);
    features_.columns = classifier_.features.size();
    LabelFeatureScratch scratch;
    for (std::size_t i = 0; i < encoded_.size(); ++i) {
      const Surprise surprise{{}, seen_[i].columns, seen_[i].given, seen_[i].hidden};
      const std::span<const double> raw = views_of(i);
      std::vector<double> views(raw.begin(), raw.end());
      for (std::size_t k = 0; k < added; ++k) views.push_back(summaries_[i * added + k]);
      append_label_features(classifier_.features, model_.schema, encoded_[i], surprise, views, scratch, features_);
    }
    seen_.clear();
  }

  /// The fold of each sequence; the distinct sequences of each class are spread evenly.
  std::vector<std::size_t> stratified_folds() const {
    std::vector<std::size_t> fold(classes_.size());
    for (std::size_t c = 0; c < labels_.classes.size(); ++c) {
      std::map<std::uint64_t, std::vector<std::size_t>> copies;  // equal sequences stay together
      for (std::size_t i = 0; i < classes_.size(); ++i)
        if (classes_[i] == c) copies[content_hash(encoded_[i].types)].push_back(i);
      std::vector<const std::vector<std::size_t>*> distinct;
      for (const auto& [hash, members] : copies) distinct.push_back(&members);
      Random(options_.seed, k_fold_stream + (c << 32)).shuffle(distinct);
      // Small classes begin in different folds, so that no fold holds all of them.
      for (std::size_t k = 0; k < distinct.size(); ++k)
        for (const std::size_t i : *distinct[k]) fold[i] = (k + c) % options_.folds;
    }
    return fold;
  }

  void report_fold(const std::string& of, std::size_t f) const {
    report_progress(of + ", fold " + std::to_string(f + 1) + "/" + std::to_string(options_.folds), f, options_.folds);
  }

  std::vector<float> train() {
    return train_label_classifier(classifier_, kernels(), features_, classes_, folds_, network_, executor_,
                                  [&](std::size_t f) { report_fold("labels", f); });
  }

  void decide(std::span<const float> logits, FineTuneReport& report) {
    std::vector<double> odds;
    for (std::size_t i = 0; i < classes_.size(); ++i)
      odds.push_back(
          abnormal_log_odds(classifier_.loss(), logits.subspan(i * classifier_.outputs(), classifier_.outputs())));
    const std::span<const double> all = odds;
    const bool best_f1 = options_.threshold == LabelThreshold::best_f1;
    const LabelWeightOptions how{report.refitted, options_.view_weight, model_.target_fpr, best_f1, options_.seed};
    LabelDecision decision =
        decide_by_labels(model_.detector, views_, all.first(normals()), all.subspan(normals()), how, executor_);
    model_.target_fpr = decision.rate;
    model_.recalibrated_on = 0;
    model_.detector = std::move(decision.detector);
    report.trials = std::move(decision.trials);
    report.weight = decision.weight;
    report.without_labels = decision.without_labels;
    report.labels_alone = decision.labels_alone;
    report.together = decision.together;
    report.alarms = held_out_alarm_rates(model_);
    const Normals distinct(views_.normal);
    report.warnings = threshold_warnings(report.alarms, distinct);
    if (report.left_out > 0)
      report.warnings.push_back(std::to_string(report.left_out) +
                                " labelled sequences were left out, since the statistics that stay have learned from "
                                "them; --statistics refit makes new ones");
    if (report.refitted)
      report.warnings.push_back(
          "the encoder has learned from many of these normals, so that its view of them is more certain than of new "
          "ones; its surprises were shifted to make up for it; recalibrate on newer normal traffic");
    model_.events.rules.repeat_share = share_of_repeats(distinct);
  }

  /// What the networks say of a sequence: given_views() but for the labels, and Surprise as far as features read it.
  struct Seen {
    std::vector<double> given;
    std::vector<float> columns, hidden;
  };

  BehaviourModel model_;
  Calibration former_;  // before; the view of former labels, if any, is the last
  const ClassLabels& labels_;
  const FineTuneOptions& options_;
  Executor& executor_;
  ProgressSink progress_;
  std::vector<EncodedEvents> encoded_;  // the labelled sequences, the normal ones first
  std::vector<std::size_t> classes_;
  std::vector<std::span<const std::size_t>> event_classes_;  // of each sequence: of its events; empty: not labelled
  std::vector<std::size_t> folds_;
  std::vector<Seen> seen_;
  std::vector<double> summaries_;  // [sequences, k_event_summary] where events were labelled
  LabelledViews views_;
  LabelClassifier classifier_;
  LabelClassifierOptions network_;
  SparseRows<float> features_;
};

}  // namespace

FineTuneReport fine_tune(const std::string& from, const Dataset& data, const ClassLabels& labels, const std::string& to,
                         const FineTuneOptions& options, Executor& executor, ProgressSink progress) {
  const auto began = std::chrono::steady_clock::now();
  check_fine_tune(labels, data, options);
  require_training_precision(options.compute.precision);
  const std::string generation = generation_of(from);
  FineTuneReport report;
  report.classes = labels.classes;
  const ClassLabels of_sequences = sequence_labels(labels, data);
  report.class_counts = of_sequences.counts();
  report.unlabelled =
      static_cast<std::size_t>(std::count(of_sequences.values.begin(), of_sequences.values.end(), k_unknown_class));
  const std::span<const std::size_t> events =
      labels.of_events ? std::span<const std::size_t>(labels.values) : std::span<const std::size_t>();
  const BehaviourModel model =
      FineTuner(read_behaviour_model(from, options.compute), data, of_sequences, events, options, executor, progress)
          .run(report);
  save_calibration(model, from, generation, to);
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  return report;
}

}  // namespace v0
}  // namespace seqguard
