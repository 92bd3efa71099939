#include "sequence_scorer/repair.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "seqguard/core/error.hpp"
#include "sequence_scorer/edit_words.hpp"
#include "sequence_scorer/expected_values.hpp"
#include "sequence_scorer/judge.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

const SequenceRepairer& repairer_of(const BehaviourModel& model) {
  if (!model.repairer)
    fail(ErrorCode::unsupported, "repair",
         "the model has not learned to repair: it was fitted with --no-repair (FitOptions::repair = false), or by a "
         "version that could not; fit it again");
  return *model.repairer;
}

void check(const RepairOptions& options) {
  const auto require = [](bool holds, const char* what, const char* expected, double found) {
    if (!holds) fail(ErrorCode::invalid_argument, "repair", what, expected, std::to_string(found));
  };
  const double share = options.max_false_edits, suspects = options.max_false_suspects,
               least = options.least_probability.value_or(0);
  require(share > 0 && share < 1, "share of normal sequences that may be touched (--max-false-edits)",
          "between 0 and 1", share);
  require(least >= 0 && least <= 1, "least probability of a value (--least-probability)", "0 .. 1", least);
  require(suspects >= 0 && suspects <= 1, "share of normal events that may be listed (--max-false-suspects)", "0 .. 1",
          suspects);
}

/// One sequence.
class Repairing {
 public:
  Repairing(SequenceScorer::Scratch::Buffers& buffers, const RepairOptions& options)
      : model_(*buffers.model), repairer_(repairer_of(model_)), buffers_(buffers), options_(options) {
    check(options);
  }

  Repair run(const EventsView& events) {
    encode(events, model_.schema, buffers_.encoded);
    if (events.n == 0) fail(ErrorCode::bad_event, "repair", "the sequence has no events");
    Repair result;
    if (options_.only_abnormal) {
      judge(buffers_.encoded, result.score_before, result.p_before);
      result.score_after = result.score_before;
      result.p_after = result.p_before;
      result.result = RepairResult::judged_normal;
      if (!(result.p_before < model_.target_fpr)) return result;
    }
    std::vector<ProposedEdit>& script = buffers_.script;
    const RepairLimits limits{options_.max_false_edits, options_.rounds, options_.least_probability};
    const RepairedSequence repaired =
        repairer_.repair(buffers_.encoded, model_.schema, limits, buffers_.repair, script);
    result.largest_gain = repaired.largest_gain;
    result.times_are_estimates = repaired.times_are_estimates;
    result.result = repaired.has_gate ? RepairResult::untouched : RepairResult::no_gate;
    if (!script.empty()) put_in_words(events, script, result);
    const bool is_edited = result.result == RepairResult::edited;
    if (is_edited) apply_script(buffers_.made, buffers_.encoded, model_.schema, buffers_.repaired, buffers_.origins);
    if (options_.max_false_suspects > 0) list_suspects(events, is_edited, script, result);
    if (is_edited && options_.judge) judge_both(result);
    return result;
  }

 private:
  void put_in_words(const EventsView& events, const std::vector<ProposedEdit>& script, Repair& result) {
    std::vector<EventEdit>& made = buffers_.made;
    made.clear();
    const auto is_reported = [&](const ProposedEdit& edit) {
      return edit.only_reported || (!options_.strike_stretches && is_stretch(edit.edit));
    };
    for (const ProposedEdit& proposed : script)
      if (!is_reported(proposed)) made.push_back(proposed.edit);
    for (const ProposedEdit& proposed : script) {
      Edit& edit = result.edits.emplace_back(in_words(proposed.edit, made, events, model_.schema));
      edit.probability = proposed.probability;
      edit.gain = proposed.gain;
      edit.only_reported = is_reported(proposed);
    }
    if (!made.empty()) result.result = RepairResult::edited;
  }

  /// What is left in the sequence after its edits, and looks as wrong beside all else.
  void list_suspects(const EventsView& events, bool is_edited, const std::vector<ProposedEdit>& script,
                     Repair& result) {
    const EncodedEvents& left = is_edited ? buffers_.repaired : buffers_.encoded;
    const auto place = [&](std::size_t i) { return is_edited ? buffers_.origins[i] : i; };
    const auto is_named = [&](std::size_t position) {
      return position == k_inserted || std::any_of(script.begin(), script.end(), [&](const ProposedEdit& proposed) {
               const EventEdit& edit = proposed.edit;
               return (edit.operation == EditOperation::replace || edit.operation == EditOperation::remove) &&
                      edit.position <= position && position < edit.position + edit.count;
             });
    };
    std::vector<EventScore> scores;
    judge_events_by_both_sides(left, buffers_, scores);
    std::vector<std::size_t> at;
    for (std::size_t i = 0; i < left.n; ++i)
      if (scores[i].p_value < options_.max_false_suspects && !is_named(place(i))) at.push_back(i);
    const auto expected = expected_values(left, at, k_suspect_values, buffers_);
    const Vocabulary& vocabulary = model_.schema.primary_column().vocabulary;
    for (std::size_t k = 0; k < at.size(); ++k) {
      Suspect& suspect = result.suspects.emplace_back();
      suspect.position = place(at[k]);
      suspect.value = value_in_words(events, model_.schema, model_.schema.primary, suspect.position);
      suspect.p_value = scores[at[k]].p_value;
      for (const auto& [id, probability] : expected[k])
        suspect.expected.push_back({std::string(vocabulary.token(id)), probability});
    }
  }

  void judge_both(Repair& result) {
    if (!options_.only_abnormal) judge(buffers_.encoded, result.score_before, result.p_before);
    judge(buffers_.repaired, result.score_after, result.p_after);
  }

  void judge(const EncodedEvents& events, double& score, double& p_value) {
    Surprise causal;
    const Judgement judgement = judge_sequence(events, buffers_, causal);
    score = judgement.value;
    p_value = judgement.p_value;
  }

  const BehaviourModel& model_;
  const SequenceRepairer& repairer_;
  SequenceScorer::Scratch::Buffers& buffers_;
  const RepairOptions& options_;
};

}  // namespace

std::string_view to_string(RepairResult result) noexcept {
  switch (result) {
    case RepairResult::untouched:
      return "untouched";
    case RepairResult::edited:
      return "edited";
    case RepairResult::judged_normal:
      return "judged_normal";
    case RepairResult::no_gate:
      return "no_gate";
  }
  return "unknown";
}

Repair repair_sequence(const EventsView& events, SequenceScorer::Scratch::Buffers& buffers,
                       const RepairOptions& options) {
  return Repairing(buffers, options).run(events);
}

}  // namespace v0
}  // namespace seqguard
