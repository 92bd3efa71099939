#include "sequence_scorer/explain.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <utility>

#include "seqguard/core/error.hpp"
#include "sequence_scorer/even_pace.hpp"
#include "sequence_scorer/event_attributions.hpp"
#include "sequence_scorer/event_reasons.hpp"
#include "sequence_scorer/judge.hpp"
#include "sequence_scorer/nearest_normal.hpp"
#include "sequence_scorer/number_words.hpp"
#include "sequence_scorer/view_words.hpp"
#include "sequence_scorer/without_events.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

/// Evidence of an event, in nats of the score: what each event of the best stretch around it lifts the score by, a
/// tenth of how surprising the event is to the past and how even the pace around it, and a twentieth of how surprising
/// it is to both sides. In bench/faithfulness.sh the first event is an injected one in .92 of the damaged sequences of
/// two simulated shops, in .79 by the surprise of the past alone, in .59 by that of both sides; on ML-100k in .68, .60
/// and .72. The weights were chosen on another shop, the one of both sides on the first of these and the first split of
/// ML-100k.
constexpr double k_surprise_weight = 0.1, k_both_sides_weight = 0.05;
constexpr double k_most_pace = 10;  ///< nats of evenness that count

class Explainer {
 public:
  Explainer(const EventsView& events, const ExplainOptions& options, SequenceScorer::Scratch::Buffers& buffers,
            Explanation& out)
      : events_(events), options_(options), buffers_(buffers), model_(*buffers.model), out_(out) {
    encode(events, model_.schema, encoded_);
  }

  void run() {
    Surprise causal;
    judgement_ = judge_sequence(encoded_, buffers_, causal);
    judge_events_by_past(causal, buffers_, next_);
    causal_.assign(causal.columns.begin(), causal.columns.end());
    explain_views();
    judge_events_by_both_sides(encoded_, buffers_, masked_);
    masked_columns_.assign(buffers_.masked.begin() + static_cast<std::ptrdiff_t>(encoded_.n), buffers_.masked.end());
    rank_events();
    explain_events();
    // Of long sequences, which take longer to judge, fewer.
    const std::size_t tried = std::min(encoded_.n, std::clamp<std::size_t>(12'800 / encoded_.n, 8, 64));
    out_.removals = remove_greedily(encoded_, std::span(out_.ranking).first(tried), options_.max_removed,
                                    judgement_.value, buffers_);
    if (options_.attention)
      out_.attention = attention_around(encoded_, out_.ranking.front(), buffers_, out_.attention_begin);
    if (options_.normals != nullptr) find_nearest();
  }

 private:
  void explain_views() {
    const Recipe& recipe = model_.detector.recipe();
    const std::vector<double> raw = buffers_.detector.raw, levels = buffers_.detector.levels;
    std::vector<double> shares(raw.size());
    model_.detector.calibration().shares(levels, shares);
    probabilities_ = probabilities_of_labels();
    if (model_.event_labels)
      event_probabilities(*model_.event_labels, buffers_.given.events.logits, event_probabilities_);
    if (const std::size_t v = view_of_labels(model_); v < raw.size()) label_log_odds_ = raw[v];
    const double expected_ms = expected_duration();
    const SequenceFeatures& features = buffers_.detector.detection.features.extract(encoded_.types);
    const ViewFacts facts{model_, events_, encoded_, features, expected_ms, probabilities_};
    for (std::size_t v = 0; v < raw.size(); ++v)
      out_.views.push_back(
          {recipe.views[v].name, shares[v], raw[v], std::exp(-std::max(0.0, levels[v])), view_words(facts, v, raw[v])});
    std::stable_sort(out_.views.begin(), out_.views.end(),
                     [](const ViewReason& a, const ViewReason& b) { return a.share > b.share; });
  }

  std::vector<double> probabilities_of_labels() const {
    std::vector<double> probabilities;
    if (!model_.labels) return probabilities;
    probabilities.resize(model_.labels->classes.size());
    model_.labels->probabilities(buffers_.given.logits, probabilities);
    return probabilities;
  }

  /// The median gaps that the network expects, added up; 0 without times.
  double expected_duration() {
    if (!model_.schema.time) return 0;
    const GapBuckets& gap = model_.schema.time->gap;
    double sum = 0;
    causal_distributions(
        model_.encoder, model_.schema, encoded_, buffers_.surprise, buffers_.log_probability,
        [&](std::size_t i, std::span<float> log_p) {
          if (i == 0) return;  // of the first event there is no gap
          double below = 0, all = 0;
          for (std::size_t b = k_gap_values; b < log_p.size(); ++b) all += std::exp(static_cast<double>(log_p[b]));
          for (std::size_t b = k_gap_values; b < log_p.size(); ++b) {
            below += std::exp(static_cast<double>(log_p[b]));
            if (below < all / 2) continue;
            sum += gap_middle_ms(static_cast<std::int32_t>(b), gap);
            return;
          }
        },
        buffers_.surprise.batch.decoders() - 1);
    return sum;
  }

  void rank_events() {
    const std::size_t n = encoded_.n;
    std::vector<double> evidence(n, 0.0);
    if (options_.stretches) {
      const std::vector<StretchWithout> stretches = judge_without_stretches(encoded_, buffers_);
      std::vector<double> highest(n, -INFINITY);
      for (const StretchWithout& stretch : stretches) {
        const double fall = (judgement_.value - stretch.judgement.value) / static_cast<double>(stretch.count);
        for (std::size_t i = stretch.first; i < stretch.first + stretch.count; ++i)
          highest[i] = std::max(highest[i], fall);
      }
      for (std::size_t i = 0; i < n; ++i)
        if (std::isfinite(highest[i])) evidence[i] = highest[i];
      name_stretch(stretches);
      name_label(stretches);
    }
    const EvenPace pace = find_even_pace(events_.time_ms, model_.schema);
    for (std::size_t i = 0; i < n; ++i) {
      const double even = pace.surprise.empty() ? 0 : pace.surprise[i] - k_even_pace_nats;
      const double surprise = next_[i].p_value < 1 ? -std::log(next_[i].p_value) : 1e-3 * next_[i].value;
      evidence[i] += k_surprise_weight * (surprise + std::clamp(even, 0.0, k_most_pace)) -
                     k_both_sides_weight * std::log(masked_[i].p_value);
    }
    name_pace(pace);
    out_.ranking.resize(n);
    std::iota(out_.ranking.begin(), out_.ranking.end(), std::size_t{0});
    const auto by_labels = [&](std::size_t i) {
      const double p = abnormal_probability(i);
      return p >= k_labelled_event ? p : 0.0;
    };
    std::stable_sort(out_.ranking.begin(), out_.ranking.end(), [&](std::size_t a, std::size_t b) {
      const double of_a = by_labels(a), of_b = by_labels(b);
      return of_a != of_b ? of_a > of_b : evidence[a] > evidence[b];
    });
  }

  /// Of an event, by labels of events; 0 without such.
  double abnormal_probability(std::size_t i) const {
    return event_probabilities_.empty() ? 0 : 1 - event_probabilities_[i * probabilities_.size()];
  }

  /// What labels of events say of one.
  void name_event_label(SuspiciousEvent& event) const {
    if (event_probabilities_.empty()) return;
    const auto of_event = std::span<const double>(event_probabilities_)
                              .subspan(event.position * probabilities_.size(), probabilities_.size());
    const auto best = std::max_element(of_event.begin() + 1, of_event.end());
    event.label = model_.labels->classes[static_cast<std::size_t>(best - of_event.begin())];
    event.label_probability = 1 - of_event[0];
    if (event.label_probability >= k_labelled_event)
      event.words += "; labels: " + event.label + ", wrong with " + percent_words(event.label_probability);
  }

  std::string stretch_name(std::size_t first, std::size_t count) const {
    if (count == 1) return "event " + std::to_string(first);
    return "events " + std::to_string(first) + " to " + std::to_string(first + count - 1);
  }

  void name_stretch(std::span<const StretchWithout> stretches) {
    // Longer ones must be worth their length: a fourth root, so that one of 16 events has to save twice as much as one.
    const auto worth = [&](const StretchWithout& stretch) {
      return (judgement_.value - stretch.judgement.value) / std::sqrt(std::sqrt(static_cast<double>(stretch.count)));
    };
    const auto best = std::max_element(stretches.begin(), stretches.end(),
                                       [&](const auto& a, const auto& b) { return worth(a) < worth(b); });
    if (best == stretches.end() || !(worth(*best) > 0)) return;
    const Judgement& without = best->judgement;
    out_.stretch = Stretch{best->first, best->count, without.value, without.p_value,
                           "without " + stretch_name(best->first, best->count) + " the score falls from " +
                               short_number(judgement_.value) + " to " + short_number(without.value) + ", p " +
                               short_number(without.p_value)};
  }

  void name_label(std::span<const StretchWithout> stretches) {
    if (probabilities_.size() < 2) return;
    const auto best = std::max_element(probabilities_.begin() + 1, probabilities_.end());
    LabelReason reason;
    reason.name = model_.labels->classes[static_cast<std::size_t>(best - probabilities_.begin())];
    reason.probability = *best;
    for (const StretchWithout& stretch : stretches)
      if (stretch.count == 1) reason.events.push_back({stretch.first, label_log_odds_ - stretch.label_log_odds});
    std::stable_sort(reason.events.begin(), reason.events.end(),
                     [](const auto& a, const auto& b) { return a.second > b.second; });
    out_.label = std::move(reason);
  }

  void name_pace(const EvenPace& pace) {
    if (pace.count == 0 || pace.surprise[pace.first] < k_even_pace_nats) return;
    const std::int64_t all = events_.time_ms[pace.first + pace.count - 1] - events_.time_ms[pace.first];
    const std::string shortest = duration_words(static_cast<double>(pace.shortest_ms)),
                      longest = duration_words(static_cast<double>(pace.longest_ms));
    out_.even_pace = Stretch{pace.first, pace.count, judgement_.value, judgement_.p_value,
                             "an even pace: " + stretch_name(pace.first, pace.count) + " in " +
                                 duration_words(static_cast<double>(all)) + ", every gap " +
                                 (shortest == longest ? "about " + shortest
                                                      : "between " + std::to_string(pace.shortest_ms) + " and " +
                                                            std::to_string(pace.longest_ms) + " ms")};
  }

  void explain_events() {
    for (const std::size_t i : out_.ranking) {
      if (out_.events.size() == options_.max_events) break;
      SuspiciousEvent event;
      event.position = i;
      event.p_next = next_[i].p_value;
      event.p_masked = masked_[i].p_value;
      event.p_value = std::min(event.p_next, event.p_masked);
      const bool is_labelled = abnormal_probability(i) >= k_labelled_event;
      if (!out_.events.empty() && event.p_value > options_.max_p_value && !is_labelled) continue;
      out_.events.push_back(std::move(event));
    }
    std::vector<std::size_t> positions;
    for (const SuspiciousEvent& event : out_.events) positions.push_back(event.position);
    add_column_reasons({events_, encoded_, causal_, masked_columns_, positions, options_.candidates}, buffers_,
                       out_.events);
    for (SuspiciousEvent& event : out_.events) name_event_label(event);
    if (options_.attributions)
      for (SuspiciousEvent& event : out_.events) attribute_surprise(encoded_, options_.tolerance, buffers_, event);
  }

  void find_nearest() {
    out_.nearest = find_nearest_normal(encoded_, *options_.normals);
    if (!out_.nearest) return;
    const Vocabulary& vocabulary = model_.schema.primary_column().vocabulary;
    const ColumnView& own = events_.columns[model_.schema.primary];
    const auto types = options_.normals->types(out_.nearest->index);
    const auto name = [&](TypeId type) {
      return std::string(type < vocabulary.types() ? vocabulary.value(type) : "[UNK]");
    };
    for (AlignedEvent& pair : out_.nearest->alignment) {
      if (pair.own != k_no_event)
        pair.own_value = own.is_text() ? std::string(own.text(pair.own)) : name(encoded_.types[pair.own]);
      if (pair.normal != k_no_event) pair.normal_value = name(types[pair.normal]);
    }
  }

  const EventsView& events_;
  const ExplainOptions& options_;
  SequenceScorer::Scratch::Buffers& buffers_;
  const BehaviourModel& model_;
  Explanation& out_;
  EncodedEvents encoded_;
  Judgement judgement_;
  std::vector<EventScore> next_, masked_;
  std::vector<float> causal_, masked_columns_;  // [C, L] surprise of each column
  std::vector<double> probabilities_;           // of the classes of learned labels
  std::vector<double> event_probabilities_;     // [L, classes] by labels of events
  double label_log_odds_ = 0;                   // what their view says
};

}  // namespace

void explain_sequence(const EventsView& events, const ExplainOptions& options,
                      SequenceScorer::Scratch::Buffers& buffers, Explanation& out) {
  Explainer(events, options, buffers, out).run();
}

Explanation SequenceScorer::explain(const EventsView& events, Scratch& scratch, const ExplainOptions& options) const {
  Explanation result;
  score(events, result.score, scratch, {.masked_if_anomalous = true});
  explain_sequence(events, options, buffers_of(scratch), result);
  if (options.counterfactual) add_counterfactual(*this, events, scratch, result);
  return result;
}

Explanation SequenceScorer::explain(const EventsView& events) const {
  Scratch scratch = make_scratch(events.n);
  return explain(events, scratch, {});
}

}  // namespace v0
}  // namespace seqguard
