#include "sequence_scorer/repair.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <string>

#include "sequence_scorer/edited_sequence.hpp"

namespace seqguard {
namespace {

/// Positions tried for each edit: the most surprising ones.
constexpr std::size_t k_positions_tried = 3;
/// An edit has to lower the combined level by at least this much: less is noise of the calibration's steps.
constexpr double k_least_gain = 0.05;

/// Only events that are themselves among the most surprising ones are edited: a sequence that is odd as a whole (a user
/// who repeats one action) is not brought back to normal by rewriting events that are as likely as any.
constexpr double k_suspicious = 0.05;

/// One run of the search.
class Search {
 public:
  Search(const SequenceScorer& scorer, const EventsView& events, SequenceScorer::Scratch::Buffers& buffers,
         SequenceScorer::Scratch& scratch, const RepairOptions& options)
      : scorer_(scorer),
        events_(events),
        buffers_(buffers),
        scratch_(scratch),
        options_(options),
        edited_(events, scorer.schema()) {}

  Repair run() {
    Repair result;
    scorer_.score(events_, score_, scratch_);
    result.score_before = result.score_after = score_.value;
    result.p_before = result.p_after = score_.p_value;
    if (!score_.is_anomaly) return result;

    result.result = RepairResult::no_confident_edit;
    const std::size_t most = std::min(options_.max_edits, std::max<std::size_t>(1, events_.n / 4));
    std::vector<Edit> edits;
    double value = score_.value;
    bool normal = false;
    while (!normal && edits.size() < most) {
      const std::optional<Edit> edit = best_edit(edits, value);
      if (!edit) break;
      edits.push_back(*edit);
      judge(edits);
      value = score_.value;
      normal = !score_.is_anomaly;
    }
    if (edits.empty()) return result;
    drop_needless(edits, normal);
    judge(edits);
    result.score_after = score_.value;
    result.p_after = score_.p_value;
    result.result = score_.is_anomaly ? RepairResult::improved : RepairResult::repaired;
    std::sort(edits.begin(), edits.end(), [](const Edit& a, const Edit& b) { return a.position < b.position; });
    for (Edit& edit : edits) edit.followed = followed_by(edit, events_, scorer_.schema());
    result.edits = std::move(edits);
    return result;
  }

 private:
  const EventsView& judge(const std::vector<Edit>& edits) {
    const EventsView& view = edited_.apply(edits);
    scorer_.score(view, score_, scratch_);
    return view;
  }

  /// The edit after which the sequence scores lowest, or nothing if none lowers it enough.
  std::optional<Edit> best_edit(const std::vector<Edit>& edits, double value) {
    std::optional<Edit> best;
    double best_value = value - k_least_gain;
    for (const Edit& proposal : proposals(edits)) {
      std::vector<Edit> attempt = edits;
      attempt.push_back(proposal);
      judge(attempt);
      if (score_.value >= best_value) continue;
      best_value = score_.value;
      best = proposal;
    }
    return best;
  }

  std::vector<Edit> proposals(const std::vector<Edit>& edits) {
    const EventsView view = edited_.apply(edits);
    scorer_.score(view, score_, scratch_, {.masked = true, .masked_if_anomalous = false});
    std::vector<std::size_t> order(view.n);
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return score_.events[a].value > score_.events[b].value; });
    const Vocabulary& vocabulary = scorer_.schema().primary_column().vocabulary;
    std::vector<Edit> result;
    std::size_t tried = 0;
    for (const std::size_t i : order) {
      if (tried == k_positions_tried || score_.events[i].p_value > k_suspicious) break;
      const std::size_t position = edited_.original_position(i);
      if (std::any_of(edits.begin(), edits.end(), [&](const Edit& e) { return e.position == position; })) continue;
      ++tried;
      const std::string before = value_text(view.columns[scorer_.schema().primary], vocabulary, i);
      if (view.n > 1) result.push_back({position, EditOperation::remove, before, "", 0});
      if (!is_text(view)) continue;
      encode(view, scorer_.schema(), buffers_.encoded);
      for (const auto& [id, probability] :
           probable_values(scorer_.model(), buffers_.encoded, i, options_.candidates + 1, buffers_)) {
        const std::string_view after = vocabulary.token(id);
        if (after == before || probability < options_.min_probability) continue;
        result.push_back({position, EditOperation::replace, before, std::string(after), probability});
      }
    }
    return result;
  }

  bool is_text(const EventsView& view) const { return view.columns[scorer_.schema().primary].is_text(); }

  /// Removes edits without which the sequence is judged the same.
  void drop_needless(std::vector<Edit>& edits, bool normal) {
    judge(edits);
    double value = score_.value;
    for (std::size_t i = 0; i < edits.size() && edits.size() > 1;) {
      std::vector<Edit> fewer = edits;
      fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(i));
      judge(fewer);
      const bool as_good = normal ? !score_.is_anomaly : score_.value <= value;
      if (as_good) {
        edits = std::move(fewer);
        value = score_.value;
      } else {
        ++i;
      }
    }
  }

  const SequenceScorer& scorer_;
  EventsView events_;
  SequenceScorer::Scratch::Buffers& buffers_;
  SequenceScorer::Scratch& scratch_;
  RepairOptions options_;
  EditedSequence edited_;
  Score score_;
};

}  // namespace

std::string_view to_string(EditOperation operation) noexcept {
  return operation == EditOperation::replace ? "replace" : "delete";
}

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

std::vector<std::pair<std::int32_t, double>> probable_values(const BehaviourModel& model, const EncodedEvents& events,
                                                             std::size_t position, std::size_t count,
                                                             SequenceScorer::Scratch::Buffers& buffers) {
  std::vector<float>& log_p = buffers.log_probability;
  masked_distribution(model.encoder, model.schema, events, position, buffers.surprise, log_p);
  std::vector<std::int32_t> ids(log_p.size() - k_reserved_ids);
  std::iota(ids.begin(), ids.end(), k_reserved_ids);
  model.events.rules.exclude_repeats(events.ids[model.schema.primary], position + 1, log_p);
  count = std::min(count, ids.size());
  std::partial_sort(ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(count), ids.end(),
                    [&](std::int32_t a, std::int32_t b) {
                      const float pa = log_p[static_cast<std::size_t>(a)], pb = log_p[static_cast<std::size_t>(b)];
                      return pa != pb ? pa > pb : a < b;
                    });
  std::vector<std::pair<std::int32_t, double>> result;
  for (std::size_t i = 0; i < count; ++i)
    result.emplace_back(ids[i], std::exp(static_cast<double>(log_p[static_cast<std::size_t>(ids[i])])));
  return result;
}

Repair repair_sequence(const SequenceScorer& scorer, const EventsView& events,
                       SequenceScorer::Scratch::Buffers& buffers, SequenceScorer::Scratch& scratch,
                       const RepairOptions& options) {
  return Search(scorer, events, buffers, scratch, options).run();
}

}  // namespace seqguard
