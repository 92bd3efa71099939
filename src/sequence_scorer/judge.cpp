#include "sequence_scorer/judge.hpp"

#include <algorithm>

#include "seqguard/core/error.hpp"
#include "sequence_scorer/given_numbers.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

/// An event counts at least as much as what it does is rare among the normals.
void raise_to_share(EventScore& event, const TailCalibration& masked, double share) {
  share = std::max(share, 1e-6);
  const double floor = masked.threshold(share);
  if (event.value < floor) event = {floor, share};
}

void judge_surprises(std::span<const float> surprises, const TailCalibration& calibration,
                     std::vector<EventScore>& out) {
  out.resize(surprises.size());
  for (std::size_t i = 0; i < surprises.size(); ++i) {
    const double value = surprises[i];
    out[i] = {value, calibration.size() > 0 ? calibration.p_value(value) : 1.0};
  }
}

}  // namespace

Judgement judge_sequence(const EncodedEvents& events, SequenceScorer::Scratch::Buffers& buffers, Surprise& causal) {
  if (events.n == 0) fail(ErrorCode::bad_event, "score", "the sequence has no events");
  const BehaviourModel& model = *buffers.model;
  causal = causal_surprise(model.encoder, model.schema, events, buffers.surprise, buffers.causal);
  given_numbers(model, events, causal, buffers.detector, buffers.given);
  return model.detector.judge_views(events.types, buffers.detector);
}

void judge_events_by_past(const Surprise& causal, const SequenceScorer::Scratch::Buffers& buffers,
                          std::vector<EventScore>& out) {
  judge_surprises(causal.events, buffers.model->events.next, out);
}

void judge_events_by_both_sides(const EncodedEvents& events, SequenceScorer::Scratch::Buffers& buffers,
                                std::vector<EventScore>& out) {
  const BehaviourModel& model = *buffers.model;
  const TailCalibration& calibration = model.events.masked;
  const Surprise surprise = masked_surprise(model.encoder, model.schema, events, buffers.surprise, buffers.masked);
  judge_surprises(surprise.events, calibration, out);
  if (calibration.size() == 0) return;
  model.events.rules.for_each_suspicious(
      events.types, buffers.seen, [&](std::size_t i, double share) { raise_to_share(out[i], calibration, share); });
}

}  // namespace v0
}  // namespace seqguard
