#include "sequence_scorer/repair.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "seqguard/core/error.hpp"
#include "sequence_scorer/edit_words.hpp"
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
  if (!(options.max_false_edits > 0 && options.max_false_edits < 1))
    fail(ErrorCode::invalid_argument, "repair", "share of normal sequences that may be touched (--max-false-edits)",
         "between 0 and 1", std::to_string(options.max_false_edits));
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
    const RepairedSequence repaired = repairer_.repair(buffers_.encoded, model_.schema, options_.max_false_edits,
                                                       options_.rounds, buffers_.repair, script);
    result.largest_gain = repaired.largest_gain;
    result.times_are_estimates = repaired.times_are_estimates;
    result.result = repaired.has_gate ? RepairResult::untouched : RepairResult::no_gate;
    if (script.empty()) return result;
    put_in_words(events, script, result);
    if (result.result == RepairResult::edited && options_.judge) judge_both(result);
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

  void judge_both(Repair& result) {
    if (!options_.only_abnormal) judge(buffers_.encoded, result.score_before, result.p_before);
    apply_script(buffers_.made, buffers_.encoded, model_.schema, buffers_.repaired, buffers_.origins);
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
