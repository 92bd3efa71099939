#include "seqguard/report/sequence_card.hpp"

#include <algorithm>

#include "events/sequence_name.hpp"
#include "report/number_text.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

constexpr std::size_t k_suspicious = 8, k_all = 48, k_reach = 6;
constexpr double k_suspicious_p = 0.01;

/// The worst event and those that hardly any event of a normal sequence is as surprising as.
std::vector<std::size_t> suspicious_events(const Score& score) {
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < score.events.size(); ++i)
    if (i == score.worst || score.events[i].p_value <= k_suspicious_p) places.push_back(i);
  std::stable_sort(places.begin(), places.end(), [&](std::size_t a, std::size_t b) {
    if ((a == score.worst) != (b == score.worst)) return a == score.worst;
    return score.events[a].p_value < score.events[b].p_value;
  });
  places.resize(std::min(k_suspicious, places.size()));
  return places;
}

/// Of a long sequence: beginning, end and what lies around a marked event.
std::vector<bool> shown_events(const std::vector<EventBlock>& blocks) {
  std::vector<bool> shown(blocks.size(), blocks.size() <= k_all);
  if (blocks.size() <= k_all) return shown;
  std::size_t marked = 0;
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    const bool is_end = i == 0 || i + 1 == blocks.size();
    const bool is_marked = blocks[i].is_suspicious || (blocks[i].is_wrong && marked < k_all);
    if (!is_end && !is_marked) continue;
    ++marked;
    const std::size_t reach = is_end ? 2 : k_reach;
    for (std::size_t j = i > reach ? i - reach : 0; j < std::min(blocks.size(), i + reach + 1); ++j) shown[j] = true;
  }
  return shown;
}

std::vector<EventBlock> fold(std::vector<EventBlock> blocks) {
  const std::vector<bool> shown = shown_events(blocks);
  std::vector<EventBlock> result;
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    if (shown[i]) {
      result.push_back(std::move(blocks[i]));
      continue;
    }
    if (i == 0 || shown[i - 1]) result.emplace_back();
    ++result.back().hidden;
  }
  return result;
}

}  // namespace

CardMaker::CardMaker(const SequenceScorer& scorer, const Dataset& data)
    : scorer_(scorer), data_(data), scratch_(scorer.make_scratch(0)) {}

SequenceCard CardMaker::make(std::size_t s, std::span<const std::uint8_t> wrong) {
  const EventsView events = data_.view(s);
  const ColumnView values = events.columns[data_.primary()];
  Score score;
  scorer_.score(events, score, scratch_, {.masked_if_anomalous = true});
  SequenceCard card;
  card.name = sequence_name(data_, s);
  card.facts = counted(events.n, "event") + ", from row " + with_commas(data_.row(data_.sequences()[s].first)) +
               "; score " + fixed(score.value, 1) + ", p " + p_value_text(score.p_value) + ", mostly by \"" +
               score.view + "\"";
  for (std::size_t i = 0; i < events.n; ++i) {
    EventBlock block;
    block.value = std::string(values.text(i));
    block.is_wrong = !wrong.empty() && wrong[i] != 0;
    block.tip = "event " + with_commas(i) + ": " + block.value + ", p " + p_value_text(score.events[i].p_value);
    card.blocks.push_back(std::move(block));
  }
  for (const std::size_t i : suspicious_events(score)) card.blocks[i].is_suspicious = true;
  card.blocks = fold(std::move(card.blocks));
  std::string line = "most suspicious: event " + with_commas(score.worst) + " (" +
                     std::string(values.text(score.worst)) + "); expected there:";
  for (const Candidate& candidate : scorer_.expected(events, score.worst, 3, scratch_))
    line += (line.back() == ':' ? " " : ", ") + candidate.value + " (" + fixed(100 * candidate.probability, 0) + " %)";
  card.lines.push_back(std::move(line));
  return card;
}

}  // namespace v0
}  // namespace seqguard
