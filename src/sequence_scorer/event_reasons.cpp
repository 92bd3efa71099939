#include "sequence_scorer/event_reasons.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "seqguard/detection/encoder_surprise.hpp"
#include "seqguard/sequence_scorer/behaviour_model.hpp"
#include "sequence_scorer/expected_values.hpp"
#include "sequence_scorer/number_words.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

double gap_begin_ms(std::int32_t bucket, const GapBuckets& gap) {
  const double step = static_cast<double>(bucket - k_gap_values);
  return static_cast<double>(gap.unit_ms) * (std::exp2(step / gap.per_octave) - 1);
}

/// The columns that the network predicts, in the order of its decoders.
struct PredictedColumn {
  std::string name;
  const EventColumn* column = nullptr;  ///< null: the gap
  std::size_t index = 0;                ///< of the schema
};
std::vector<PredictedColumn> predicted(const EventSchema& schema) {
  std::vector<PredictedColumn> result;
  for (const std::string& name : predicted_columns(schema)) {
    PredictedColumn predicted{name, nullptr, 0};
    for (std::size_t c = 0; c < schema.columns.size(); ++c)
      if (schema.columns[c].name == name) predicted = {name, &schema.columns[c], c};
    result.push_back(std::move(predicted));
  }
  return result;
}

/// Median over the normals of their mean surprise in a column; 0 where the recipe does not look at it.
double typical_surprise(const BehaviourModel& model, std::size_t column) {
  const std::vector<std::string> names = surprise_views(model.schema);
  const std::string& wanted = names.size() == 1 ? names[0] : names[1 + column];
  const auto& views = model.detector.recipe().views;
  for (std::size_t v = 0; v < views.size(); ++v) {
    if (views[v].name != wanted) continue;
    const auto scores = model.detector.calibration().scores_of(v);
    return scores.empty() ? 0 : scores[scores.size() / 2];
  }
  return 0;
}

/// The most probable of the ids from `first` on.
std::vector<ExpectedValue> most_probable(std::span<const float> log_p, std::int32_t first, std::size_t count) {
  std::vector<std::int32_t> ids(log_p.size() - static_cast<std::size_t>(first));
  std::iota(ids.begin(), ids.end(), first);
  count = std::min(count, ids.size());
  const auto at = [&](std::int32_t id) { return log_p[static_cast<std::size_t>(id)]; };
  std::partial_sort(ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(count), ids.end(),
                    [&](std::int32_t a, std::int32_t b) { return at(a) != at(b) ? at(a) > at(b) : a < b; });
  std::vector<ExpectedValue> result;
  for (std::size_t i = 0; i < count; ++i) result.push_back({ids[i], std::exp(static_cast<double>(at(ids[i])))});
  return result;
}

std::string or_none(const std::string& value) { return value.empty() ? "none" : value; }

std::string candidates_words(std::span<const Candidate> candidates) {
  std::string text;
  for (const Candidate& candidate : candidates)
    text += (text.empty() ? "" : ", ") + or_none(candidate.value) + " (" + percent_words(candidate.probability) + ")";
  return text;
}

std::string words_of(const SuspiciousEvent& event) {
  std::string text = "event " + std::to_string(event.position) + ": ";
  for (std::size_t c = 0; c < event.columns.size() && c < 2; ++c) {
    const ColumnReason& reason = event.columns[c];
    if (c > 0 && reason.surprise - reason.typical < 1) break;  // nats: nothing odd
    text += (c > 0 ? "; " : "") + reason.column + " " + or_none(reason.value) + " is " +
            percent_words(reason.probability) + " likely there";
    if (!reason.expected.empty()) text += ", expected " + candidates_words(reason.expected);
  }
  return text;
}

}  // namespace

std::string gap_words(std::int32_t bucket, const GapBuckets& gap) {
  if (bucket < k_gap_values) return bucket == k_gap_first ? "none before it" : "not known";
  const std::string end = duration_words(gap_begin_ms(bucket + 1, gap));
  if (bucket == k_gap_values) return "below " + end;
  const std::string begin = duration_words(gap_begin_ms(bucket, gap));
  return bucket + 1 == gap.buckets ? "over " + begin : begin + " to " + end;
}

double gap_middle_ms(std::int32_t bucket, const GapBuckets& gap) {
  return (gap_begin_ms(bucket, gap) + gap_begin_ms(bucket + 1, gap)) / 2;
}

void add_column_reasons(const EventReasonInput& input, SequenceScorer::Scratch::Buffers& buffers,
                        std::span<SuspiciousEvent> events) {
  const BehaviourModel& model = *buffers.model;
  const EventSchema& schema = model.schema;
  const std::size_t n = input.encoded.n;
  const std::vector<PredictedColumn> columns = predicted(schema);
  for (std::size_t c = 0; c < columns.size(); ++c) {
    const PredictedColumn& column = columns[c];
    const bool is_gap = column.column == nullptr;
    const double typical = typical_surprise(model, c);
    const auto value_of = [&](std::int32_t id) {
      return is_gap ? gap_words(id, schema.time->gap) : std::string(column.column->vocabulary.token(id));
    };
    for (std::size_t k = 0; k < events.size(); ++k) {
      const std::size_t i = input.positions[k];
      if (is_gap && input.encoded.gaps[i + 1] < k_gap_values) continue;
      const bool both_sides = has_masked_surprise(schema, input.encoded, i);
      ColumnReason reason;
      reason.column = column.name;
      reason.surprise = static_cast<double>((both_sides ? input.masked : input.causal)[c * n + i]);
      reason.probability = std::exp(-reason.surprise);
      reason.typical = typical;
      if (is_gap)
        reason.value = duration_words(static_cast<double>(input.encoded.time_ms[i] - input.encoded.time_ms[i - 1]));
      else if (const ColumnView& given = input.events.columns[column.index]; given.is_text())
        reason.value = std::string(given.text(i));
      else
        reason.value = value_of(input.encoded.ids[column.index][i + 1]);
      events[k].columns.push_back(std::move(reason));
    }
    if (input.candidates == 0) continue;
    masked_distributions(
        model.encoder, schema, input.encoded, input.positions, buffers.surprise, buffers.log_probability,
        [&](std::size_t k, std::span<float> log_p) {
          if (events[k].columns.empty() || events[k].columns.back().column != column.name) return;
          if (c == 0)
            model.events.rules.exclude_repeats(input.encoded.ids[schema.primary], input.positions[k] + 1, log_p);
          for (const auto& [id, probability] :
               most_probable(log_p, is_gap ? k_gap_values : k_reserved_ids, input.candidates))
            events[k].columns.back().expected.push_back({value_of(id), probability});
        },
        c);
  }
  for (SuspiciousEvent& event : events) {
    std::stable_sort(event.columns.begin(), event.columns.end(), [](const ColumnReason& a, const ColumnReason& b) {
      return a.surprise - a.typical > b.surprise - b.typical;
    });
    event.words = words_of(event);
  }
}

void add_counterfactual(const SequenceScorer& scorer, const EventsView& events, SequenceScorer::Scratch& scratch,
                        Explanation& out) {
  if (!scorer.can_repair()) return;
  Repair repair = scorer.repair(events, scratch);
  out.edits = std::move(repair.edits);
  out.score_repaired = repair.score_after;
  out.p_repaired = repair.p_after;
}

}  // namespace v0
}  // namespace seqguard
