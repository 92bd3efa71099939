#include "sequence_scorer/event_attributions.hpp"

#include <algorithm>
#include <cmath>

#include "seqguard/model/encoder_batch.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

IntegratedGradients<float>& gradients_of(SequenceScorer::Scratch::Buffers& buffers) {
  if (buffers.gradients == nullptr)
    buffers.gradients = std::make_unique<IntegratedGradients<float>>(buffers.model->encoder);
  return *buffers.gradients;
}

struct CentredWindow {
  std::size_t begin = 0, size = 0;
  std::size_t token = 0;  ///< of the event
};
CentredWindow window_around(const EncodedEvents& events, const EventSchema& schema, std::size_t i) {
  const std::size_t positions = events.positions(), size = std::min(schema.sequence.window, positions);
  const std::size_t position = i + 1, centred = position > size / 2 ? position - size / 2 : 0;
  const std::size_t begin = std::min(centred, positions - size);
  return {begin, size, position - begin};
}

}  // namespace

std::vector<std::string> attributed_columns(const EventSchema& schema) {
  std::vector<std::string> names = {schema.primary_column().name};
  for (const ColumnKind kind : {ColumnKind::categorical, ColumnKind::numeric})
    for (std::size_t c = 0; c < schema.columns.size(); ++c)
      if (c != schema.primary && schema.columns[c].kind == kind) names.push_back(schema.columns[c].name);
  if (schema.time) names.push_back(schema.time->name);
  return names;
}

void attribute_surprise(const EncodedEvents& events, double tolerance, SequenceScorer::Scratch::Buffers& buffers,
                        SuspiciousEvent& event) {
  const EventSchema& schema = buffers.model->schema;
  const CentredWindow window = window_around(events, schema, event.position);
  EncoderBatch input, baseline;
  for (EncoderBatch* batch : {&input, &baseline}) {
    batch->prepare(schema, window.size);
    batch->append(events, window.begin, window.size);
  }
  std::vector<std::int32_t> targets;
  std::vector<float> factors;
  for (std::size_t c = 0; c < input.decoders(); ++c) {
    targets.push_back(input.target(c, window.token));
    factors.push_back(targets.back() < 0 ? 0.0f : c == 0 ? 1.0f : static_cast<float>(k_secondary_weight));
  }
  input.hide(window.token);
  for (std::size_t t = 0; t < window.size; ++t) {
    const std::size_t position = window.begin + t;
    if (position > 0 && position + 1 < events.positions()) baseline.hide(t);
  }
  const auto row = static_cast<std::uint32_t>(window.token);
  const Attributions found = gradients_of(buffers).of_surprise(input.input(), baseline.input(), {{&row, 1}, targets},
                                                               factors, {.tolerance = tolerance});
  event.surprise = found.value;
  event.baseline_surprise = found.baseline;
  event.complete = found.is_complete(tolerance);
  const std::vector<std::string> names = attributed_columns(schema);
  for (std::size_t t = 0; t < window.size; ++t) {
    const std::size_t position = window.begin + t;
    if (position == 0 || position + 1 == events.positions() || t == window.token) continue;
    for (std::size_t c = 0; c < names.size(); ++c)
      event.attributions.push_back({position - 1, names[c], found.at(c, t)});
  }
  std::stable_sort(
      event.attributions.begin(), event.attributions.end(),
      [](const EventAttribution& a, const EventAttribution& b) { return std::abs(a.value) > std::abs(b.value); });
}

std::vector<double> attention_around(const EncodedEvents& events, std::size_t i,
                                     SequenceScorer::Scratch::Buffers& buffers, std::size_t& begin) {
  const EventSchema& schema = buffers.model->schema;
  const CentredWindow window = window_around(events, schema, i);
  EncoderBatch batch;
  batch.prepare(schema, window.size);
  batch.append(events, window.begin, window.size);
  batch.hide(window.token);
  begin = window.begin;
  return gradients_of(buffers).attention_rollout(batch.input(), AttentionMask::full);
}

}  // namespace v0
}  // namespace seqguard
