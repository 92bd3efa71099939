#include "sequence_scorer/fine_tune_events.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "seqguard/detection/recipe.hpp"
#include "seqguard/metrics/metrics.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

/// Events of normal sequences, and of abnormal ones, that are learned from. On the simulated shop (300 labelled users
/// with 14,000 events) AUROC and average precision with 18,000 / 46,000 / 122,000 of normals: .984 .868, .986 .880,
/// .985 .881; within abnormal sequences .966, .957, .935.
constexpr std::size_t k_normal_events = 45'000, k_abnormal_events = 150'000;
/// Rows that a network sees in all passes together, where FineTuneOptions::network.epochs would be more: ten passes
/// over 60,000 events are as good as twenty.
constexpr std::size_t k_row_visits = 600'000, k_least_epochs = 3;
enum Stream : std::uint64_t { k_choice_stream = 311 };

class EventTuner {
 public:
  EventTuner(const BehaviourModel& model, std::span<const EventExample> examples,
             const std::vector<std::string>& classes, Executor& executor)
      : model_(model), examples_(examples), executor_(executor) {
    out_.classifier.classes = classes;
    out_.classifier.features =
        event_label_features(model.schema, examples.front().views.size(), model.repairer.has_value());
  }

  LearnedEvents run(const LabelClassifierOptions& options, FunctionRef<void(std::size_t)> before_fold) {
    train(options, before_fold);
    judge_all(options.members);
    std::vector<std::size_t> labels;
    for (const EventExample& example : examples_)
      labels.insert(labels.end(), example.classes.begin(), example.classes.end());
    const LogitScale scale = fit_logit_scale(out_.classifier.loss(), logits_, labels);
    out_.classifier.calibrate(scale);
    for (std::size_t i = 0; i < logits_.size(); ++i)
      if (outputs() == 1 || i % outputs() > 0) logits_[i] += static_cast<float>(scale.shift);
    summarise();
    report(labels);
    return std::move(out_);
  }

 private:
  std::size_t outputs() const { return out_.classifier.outputs(); }
  const KernelTable<float>& kernels() const { return *model_.encoder.context().kernels; }
  auto scratches() const {
    return make_per_worker(executor_, [] { return EventLabelScratch(); });
  }

  /// Sequences to learn from, in ascending order.
  std::vector<std::size_t> choose(std::uint64_t seed) const {
    std::vector<std::size_t> chosen;
    for (const bool abnormal : {false, true}) {
      std::vector<std::size_t> all;
      for (std::size_t i = 0; i < examples_.size(); ++i)
        if (examples_[i].is_abnormal == abnormal) all.push_back(i);
      Random(seed, k_choice_stream + (abnormal ? 1 : 0)).shuffle(all);
      std::size_t events = 0;
      for (const std::size_t i : all) {
        if (events >= (abnormal ? k_abnormal_events : k_normal_events)) break;
        events += static_cast<std::size_t>(std::count_if(examples_[i].classes.begin(), examples_[i].classes.end(),
                                                         [](std::size_t c) { return c != k_unknown_class; }));
        chosen.push_back(i);
      }
    }
    std::sort(chosen.begin(), chosen.end());
    return chosen;
  }

  void train(const LabelClassifierOptions& options, FunctionRef<void(std::size_t)> before_fold) {
    const std::vector<std::size_t> chosen = choose(options.network.seed);
    std::vector<SparseRows<float>> rows(chosen.size());
    auto workers = scratches();
    executor_.run(chosen.size(), [&](std::size_t k, std::size_t w) {
      const EventExample& example = examples_[chosen[k]];
      read_event_rows(model_, out_.classifier.features, *example.events, example.surprise, example.views, workers[w]);
      rows[k] = workers[w].rows;
    });
    SparseRows<float> x;
    x.columns = out_.classifier.features.size();
    std::vector<std::size_t> classes, folds;
    for (std::size_t k = 0; k < chosen.size(); ++k) {
      const EventExample& example = examples_[chosen[k]];
      const SparseRows<float> of_sequence = std::exchange(rows[k], {});
      for (std::size_t i = 0; i < example.events->n; ++i) {
        if (example.classes[i] == k_unknown_class) continue;
        for (std::size_t j = of_sequence.offsets[i]; j < of_sequence.offsets[i + 1]; ++j)
          x.append(of_sequence.column[j], of_sequence.value[j]);
        x.end_row();
        classes.push_back(example.classes[i]);
        folds.push_back(example.fold);
      }
    }
    LabelClassifierOptions of_events = options;
    of_events.network.epochs =
        std::min(options.network.epochs, std::max(k_least_epochs, k_row_visits / std::max<std::size_t>(1, x.rows())));
    train_label_classifier(out_.classifier, kernels(), x, classes, folds, of_events, executor_, before_fold);
  }

  /// Logits [events of all sequences, outputs] by the networks that have not seen the sequence.
  void judge_all(std::size_t members) {
    std::vector<LabelClassifier> of_fold;
    for (std::size_t first = 0; first < out_.classifier.members.size(); first += members)
      of_fold.push_back(out_.classifier.of_members(first, members));
    first_.assign(1, 0);
    for (const EventExample& example : examples_) first_.push_back(first_.back() + example.events->n);
    logits_.resize(first_.back() * outputs());
    auto workers = scratches();
    executor_.run(examples_.size(), [&](std::size_t i, std::size_t w) {
      const EventExample& example = examples_[i];
      read_event_rows(model_, out_.classifier.features, *example.events, example.surprise, example.views, workers[w]);
      judge_event_rows(of_fold[std::min(example.fold, of_fold.size() - 1)], kernels(), workers[w]);
      std::copy(workers[w].logits.begin(), workers[w].logits.end(),
                logits_.begin() + static_cast<std::ptrdiff_t>(first_[i] * outputs()));
    });
  }

  std::span<const float> logits_of(std::size_t first, std::size_t events) const {
    return std::span<const float>(logits_).subspan(first * outputs(), events * outputs());
  }

  void summarise() {
    for (std::size_t i = 0; i < examples_.size(); ++i)
      for (const double number : summarise_events(out_.classifier, logits_of(first_[i], examples_[i].events->n)))
        out_.summaries.push_back(number);
  }

  /// Figures on all labelled events.
  void report(std::span<const std::size_t> labels) {
    struct Scores {
      std::vector<double> normal, abnormal;
    } by_labels, by_surprise;
    EventLabelReport& report = out_.report;
    std::vector<double> probabilities(out_.classifier.classes.size());
    double called = 0, hits = 0;
    for (std::size_t i = 0; i < examples_.size(); ++i) {
      const std::size_t n = examples_[i].events->n;
      std::size_t worst = 0;
      double most = -1;
      bool any = false;
      for (std::size_t k = 0; k < n; ++k) {
        const std::span<const float> logits = logits_of(first_[i] + k, 1);
        out_.classifier.probabilities(logits, probabilities);
        const double p = 1 - probabilities[0];
        if (p > most) {
          most = p;
          worst = k;
        }
        const std::size_t label = labels[first_[i] + k];
        if (label == k_unknown_class) continue;
        double surprise = 0;
        for (std::size_t c = 0; c * n < examples_[i].surprise.size(); ++c)
          surprise += (c == 0 ? 1.0 : k_secondary_weight) * static_cast<double>(examples_[i].surprise[c * n + k]);
        (label > 0 ? by_labels.abnormal : by_labels.normal)
            .push_back(abnormal_log_odds(out_.classifier.loss(), logits));
        (label > 0 ? by_surprise.abnormal : by_surprise.normal).push_back(surprise);
        any = any || label > 0;
        if (p < k_labelled_event) continue;
        ++called;
        hits += label > 0 ? 1 : 0;
      }
      if (!any) continue;
      ++report.sequences;
      const std::size_t of_worst = labels[first_[i] + worst];
      report.worst_hits += of_worst != k_unknown_class && of_worst > 0 ? 1 : 0;
    }
    report.normal = by_labels.normal.size();
    report.abnormal = by_labels.abnormal.size();
    const auto figures = [](const Scores& s) {
      return EventLabelFigures{auroc(s.normal, s.abnormal), average_precision(s.normal, s.abnormal),
                               r_precision(s.normal, s.abnormal)};
    };
    report.labels = figures(by_labels);
    report.surprise = figures(by_surprise);
    report.precision = called > 0 ? hits / called : 0;
    report.recall = hits / static_cast<double>(report.abnormal);
    report.temperature = out_.classifier.temperature;
  }

  const BehaviourModel& model_;
  std::span<const EventExample> examples_;
  Executor& executor_;
  LearnedEvents out_;
  std::vector<std::size_t> first_;  // [sequences + 1] event of each
  std::vector<float> logits_;
};

}  // namespace

LearnedEvents learn_events(const BehaviourModel& model, std::span<const EventExample> examples,
                           const std::vector<std::string>& classes, const LabelClassifierOptions& options,
                           Executor& executor, FunctionRef<void(std::size_t)> before_fold) {
  return EventTuner(model, examples, classes, executor).run(options, before_fold);
}

}  // namespace v0
}  // namespace seqguard
