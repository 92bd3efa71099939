#include "sequence_scorer/repair.hpp"

#include <algorithm>
#include <numeric>
#include <span>

#include "sequence_scorer/edit_words.hpp"
#include "sequence_scorer/expected_values.hpp"
#include "sequence_scorer/judge.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

/// Positions tried for each edit: the most surprising ones.
constexpr std::size_t k_positions_tried = 3;
/// An edit has to lower the combined level by at least this much: less is noise of the calibration's steps.
constexpr double k_least_gain = 0.05;

/// Only events that are themselves among the most surprising ones are edited: a sequence that is odd as a whole (a user
/// who repeats one action) is not brought back to normal by rewriting events that are as likely as any.
constexpr double k_suspicious = 0.05;

/// An edit and what speaks for it.
struct Proposal {
  EventEdit edit;
  double probability = 0;  ///< of its value given the rest; 0 for a deletion
};

/// One run of the search.
class Search {
 public:
  Search(SequenceScorer::Scratch::Buffers& buffers, const RepairOptions& options)
      : model_(*buffers.model), buffers_(buffers), options_(options) {}

  Repair run(const EventsView& events) {
    encode(events, model_.schema, original_);
    has_text_ = events.columns[model_.schema.primary].is_text();
    const Judgement before = judge(original_);
    Repair result;
    result.score_before = result.score_after = before.value;
    result.p_before = result.p_after = before.p_value;
    if (!is_anomaly(before)) return result;

    result.result = RepairResult::no_confident_edit;
    const std::size_t most = std::min(options_.max_edits, std::max<std::size_t>(1, original_.n / 4));
    std::vector<Proposal> script;
    Judgement now = before;
    while (is_anomaly(now) && script.size() < most)
      if (!add_best_edit(script, now)) break;
    if (script.empty()) return result;
    drop_needless(script, now);
    result.score_after = now.value;
    result.p_after = now.p_value;
    result.result = is_anomaly(now) ? RepairResult::improved : RepairResult::repaired;
    result.edits = edits_of(script, events);
    return result;
  }

 private:
  Judgement judge(const EncodedEvents& events) {
    Surprise causal;
    return judge_sequence(events, buffers_, causal);
  }
  Judgement judge(std::span<const Proposal> script) {
    apply(script);
    return judge(edited_);
  }
  bool is_anomaly(const Judgement& judgement) const { return judgement.p_value < model_.target_fpr; }

  void apply(std::span<const Proposal> script) {
    edits_.clear();
    for (const Proposal& proposal : script) edits_.push_back(proposal.edit);
    apply_script(edits_, original_, model_.schema, edited_, origins_);
  }

  /// Adds the edit after which the sequence scores lowest; false if none lowers the score enough.
  bool add_best_edit(std::vector<Proposal>& script, Judgement& now) {
    const std::vector<Proposal> tried = proposals(script);
    double best_value = now.value - k_least_gain;
    const Proposal* best = nullptr;
    script.emplace_back();
    for (const Proposal& proposal : tried) {
      script.back() = proposal;
      const Judgement judgement = judge(script);
      if (judgement.value >= best_value) continue;
      best_value = judgement.value;
      now = judgement;
      best = &proposal;
    }
    if (best != nullptr)
      script.back() = *best;
    else
      script.pop_back();
    return best != nullptr;
  }

  std::vector<Proposal> proposals(std::span<const Proposal> script) {
    apply(script);
    judge_events_by_both_sides(edited_, buffers_, events_);
    std::vector<std::size_t> order(edited_.n);
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return events_[a].value > events_[b].value; });
    std::vector<std::size_t> tried;
    for (const std::size_t i : order) {
      if (tried.size() == k_positions_tried || events_[i].p_value > k_suspicious) break;
      const auto is_here = [&](const Proposal& proposal) { return proposal.edit.position == origins_[i]; };
      if (std::none_of(script.begin(), script.end(), is_here)) tried.push_back(i);
    }
    return proposals_at(tried);
  }

  /// The deletion of each of these events of the edited sequence, and its replacements.
  std::vector<Proposal> proposals_at(std::span<const std::size_t> events) {
    std::vector<std::vector<ExpectedValue>> values(events.size());
    if (has_text_) values = expected_values(edited_, events, options_.candidates + 1, buffers_);
    std::vector<Proposal> result;
    for (std::size_t k = 0; k < events.size(); ++k) {
      const std::size_t position = origins_[events[k]];
      const std::int32_t present = edited_.ids[model_.schema.primary][events[k] + 1];
      if (edited_.n > 1) result.push_back({{.operation = EditOperation::remove, .position = position}});
      for (const auto& [id, probability] : values[k]) {
        if (id == present || probability < options_.min_probability) continue;
        const auto type = static_cast<TypeId>(id - k_reserved_ids);
        result.push_back({{.operation = EditOperation::replace, .position = position, .type = type}, probability});
      }
    }
    return result;
  }

  /// Removes edits without which the sequence is judged the same.
  void drop_needless(std::vector<Proposal>& script, Judgement& now) {
    const bool normal = !is_anomaly(now);
    for (std::size_t i = 0; i < script.size() && script.size() > 1;) {
      std::vector<Proposal> fewer = script;
      fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(i));
      const Judgement judgement = judge(fewer);
      if (normal ? !is_anomaly(judgement) : judgement.value <= now.value) {
        script = std::move(fewer);
        now = judgement;
      } else {
        ++i;
      }
    }
  }

  std::vector<Edit> edits_of(std::span<const Proposal> script, const EventsView& events) const {
    std::vector<Edit> edits;
    for (const auto& [edit, probability] : script) {
      edits.push_back(in_words(edit, {}, events, model_.schema));  // it inserts nothing
      edits.back().probability = probability;
    }
    std::sort(edits.begin(), edits.end(), edit_precedes<Edit>);
    return edits;
  }

  const BehaviourModel& model_;
  SequenceScorer::Scratch::Buffers& buffers_;
  RepairOptions options_;
  bool has_text_ = false;  ///< the caller has values as text: others can be put in their place
  EncodedEvents original_, edited_;
  std::vector<std::size_t> origins_;  ///< of edited_
  std::vector<EventEdit> edits_;
  std::vector<EventScore> events_;
};

}  // namespace

std::string_view to_string(RepairResult result) noexcept {
  switch (result) {
    case RepairResult::normal:
      return "normal";
    case RepairResult::repaired:
      return "repaired";
    case RepairResult::improved:
      return "improved";
    case RepairResult::no_confident_edit:
      return "no_confident_edit";
  }
  return "unknown";
}

Repair repair_sequence(const EventsView& events, SequenceScorer::Scratch::Buffers& buffers,
                       const RepairOptions& options) {
  return Search(buffers, options).run(events);
}

}  // namespace v0
}  // namespace seqguard
