#include "sequence_scorer/without_events.hpp"

#include <algorithm>

#include "seqguard/events/edit_events.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

Judgement judge_without(const EncodedEvents& events, std::size_t first, std::size_t count,
                        SequenceScorer::Scratch::Buffers& buffers, EncodedEvents& edited) {
  edited = events;
  remove_events(edited, buffers.model->schema, first, count);
  Surprise causal;
  return judge_sequence(edited, buffers, causal);
}

}  // namespace

std::size_t view_of_labels(const BehaviourModel& model) {
  const auto& views = model.detector.recipe().views;
  const auto found = std::find_if(views.begin(), views.end(), [](const ViewSpec& v) { return v.name == k_label_view; });
  return static_cast<std::size_t>(found - views.begin());
}

std::vector<StretchWithout> judge_without_stretches(const EncodedEvents& events,
                                                    SequenceScorer::Scratch::Buffers& buffers) {
  // Of each length; fewer of long sequences, which take longer to judge.
  const std::size_t begins = std::clamp<std::size_t>(20'000 / std::max<std::size_t>(1, events.n), 8, 100);
  std::vector<StretchWithout> result;
  const std::size_t label_view = view_of_labels(*buffers.model);
  EncodedEvents edited;
  const std::size_t sparse = (events.n + begins - 1) / begins;
  for (std::size_t count = 1; count <= events.n / 2; count *= 2)
    for (std::size_t first = 0; first + count <= events.n;
         first += std::max(count / 4, std::max<std::size_t>(1, sparse))) {
      const Judgement judgement = judge_without(events, first, count, buffers, edited);
      const double log_odds = label_view < buffers.detector.raw.size() ? buffers.detector.raw[label_view] : 0;
      result.push_back({first, count, judgement, log_odds});
    }
  return result;
}

std::vector<Removal> remove_greedily(const EncodedEvents& events, std::span<const std::size_t> candidates,
                                     std::size_t most, double score, SequenceScorer::Scratch::Buffers& buffers) {
  std::vector<Removal> removals;
  EncodedEvents left = events, edited;
  std::vector<std::size_t> open(candidates.begin(), candidates.end());
  // Where an event of the original stands in what is left.
  const auto place = [&](std::size_t position) {
    std::size_t before = 0;
    for (const Removal& removal : removals) before += removal.position < position ? 1 : 0;
    return position - before;
  };
  while (removals.size() < most && left.n > 1 && !open.empty()) {
    Removal best{0, score, 1};
    std::size_t chosen = open.size();
    for (std::size_t k = 0; k < open.size(); ++k) {
      const Judgement without = judge_without(left, place(open[k]), 1, buffers, edited);
      if (without.value >= best.score) continue;
      best = {open[k], without.value, without.p_value};
      chosen = k;
    }
    if (chosen == open.size()) break;
    remove_events(left, buffers.model->schema, place(best.position));
    open.erase(open.begin() + static_cast<std::ptrdiff_t>(chosen));
    removals.push_back(best);
    score = best.score;
  }
  return removals;
}

}  // namespace v0
}  // namespace seqguard
