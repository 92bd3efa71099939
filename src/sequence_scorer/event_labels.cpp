#include "sequence_scorer/event_labels.hpp"

#include <algorithm>
#include <cmath>

namespace seqguard {
inline namespace v0 {

void EventLabelScratch::reserve(const BehaviourModel& model, std::size_t max_events) {
  const LabelClassifier& labels = *model.event_labels;
  const std::size_t columns = model.schema.columns.size();
  features.reserve(model.schema, max_events);
  rows.offsets.reserve(max_events + 1);
  rows.column.reserve(max_events * (3 + columns + labels.features.dense));
  rows.value.reserve(rows.column.capacity());
  order.reserve(max_events);
  network.before.reserve(max_events * labels.members.front().hidden);
  network.after.reserve(network.before.capacity());
  network.logits.reserve(max_events * labels.outputs());
  logits.reserve(network.logits.capacity());
  if (!model.repairer || max_events == 0) return;
  // What the tagger's buffers grow to is known to the tagger alone.
  EncodedEvents longest;
  seqguard::reserve(longest, model.schema, max_events);
  longest.n = max_events;
  longest.types.assign(max_events, 0);
  longest.ids.resize(columns);
  longest.values.resize(columns);
  longest.missing.resize(columns);
  for (std::size_t c = 0; c < columns; ++c) {
    if (model.schema.columns[c].kind == ColumnKind::categorical) {
      longest.ids[c].assign(longest.positions(), k_unk_id);
    } else {
      longest.values[c].assign(longest.positions(), 0);
      longest.missing[c].assign(longest.positions(), 0);
    }
  }
  if (model.schema.time) {
    longest.gaps.assign(longest.positions(), k_gap_pad);
    longest.time_ms.assign(max_events, 0);
  }
  model.repairer->tagger.tag(longest, false, tagger, tags);
}

void read_event_rows(const BehaviourModel& model, const LabelFeatures& features, const EncodedEvents& events,
                     std::span<const float> surprise, std::span<const double> views, EventLabelScratch& scratch) {
  EventSigns signs{surprise, nullptr, views};
  if (model.repairer) {
    model.repairer->tagger.tag(events, false, scratch.tagger, scratch.tags);
    signs.tags = &scratch.tags;
  }
  SparseRows<float>& rows = scratch.rows;
  rows.columns = features.size();
  rows.offsets.assign(1, 0);
  rows.column.clear();
  rows.value.clear();
  append_event_features(features, model.schema, events, signs, scratch.features, rows);
}

void judge_event_rows(const LabelClassifier& classifier, const KernelTable<float>& kernels,
                      EventLabelScratch& scratch) {
  scratch.logits.resize(scratch.rows.rows() * classifier.outputs());
  classifier.logits(kernels, scratch.rows, scratch.order, scratch.network, scratch.logits);
}

std::array<double, k_event_summary> summarise_events(const LabelClassifier& classifier, std::span<const float> logits) {
  const std::size_t outputs = classifier.outputs();
  double largest = -INFINITY, sum = 0;
  for (std::size_t first = 0; first < logits.size(); first += outputs) {
    const double odds = abnormal_log_odds(classifier.loss(), logits.subspan(first, outputs));
    largest = std::max(largest, odds);
    sum += odds > 0 ? odds + std::log1p(std::exp(-odds)) : std::log1p(std::exp(odds));
  }
  return {largest, std::log(sum)};
}

void event_probabilities(const LabelClassifier& classifier, std::span<const float> logits, std::vector<double>& out) {
  const std::size_t outputs = classifier.outputs(), classes = classifier.classes.size(), n = logits.size() / outputs;
  out.resize(n * classes);
  for (std::size_t i = 0; i < n; ++i)
    classifier.probabilities(logits.subspan(i * outputs, outputs), std::span(out).subspan(i * classes, classes));
}

LabelledEvent most_probable_event(std::span<const double> probabilities, std::size_t classes) {
  LabelledEvent most;
  for (std::size_t i = 0; i * classes < probabilities.size(); ++i)
    if (const double p = 1 - probabilities[i * classes]; p > most.probability) most = {i, p};
  return most;
}

}  // namespace v0
}  // namespace seqguard
