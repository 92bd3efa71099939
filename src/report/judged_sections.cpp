#include "report/judged_sections.hpp"

#include <algorithm>
#include <numeric>

#include "report/charts.hpp"
#include "report/number_text.hpp"
#include "seqguard/evaluation/judge_dataset.hpp"
#include "seqguard/sequence_scorer/behaviour_model.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

/// Share of the sequences that are judged abnormal.
double abnormal_share(const JudgedData& judged) {
  return judged.scores.empty() ? 0 : static_cast<double>(judged.abnormal) / static_cast<double>(judged.scores.size());
}

}  // namespace

JudgedData judge_data(const SequenceScorer& scorer, const Dataset& data, std::string model,
                      const JudgeDataOptions& options, Executor& executor, ProgressSink progress) {
  JudgedData judged;
  judged.model = std::move(model);
  judged.target_fpr = scorer.target_fpr();
  judged.threshold = scorer.model()->detector.calibration().combined().threshold(judged.target_fpr);
  for (const Score& score : judge_dataset(scorer, data, {}, executor, progress)) {
    judged.scores.push_back(score.value);
    judged.p_values.push_back(score.p_value);
    judged.is_anomaly.push_back(score.is_anomaly ? 1 : 0);
    judged.abnormal += score.is_anomaly ? 1 : 0;
  }
  if (options.with_map) judged.map = map_sequences(data, {}, executor);
  std::vector<std::size_t> order(judged.scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return judged.scores[a] > judged.scores[b]; });
  order.resize(std::min(options.worst, order.size()));
  judged.worst = make_cards(scorer, data, order);
  return judged;
}

std::vector<SequenceCard> make_cards(const SequenceScorer& scorer, const Dataset& data,
                                     const std::vector<std::size_t>& sequences) {
  std::vector<SequenceCard> cards;
  CardMaker maker(scorer, data);
  for (const std::size_t s : sequences) cards.push_back(maker.make(s));
  return cards;
}

std::string judged_words(const JudgedData& judged) {
  return with_commas(judged.abnormal) + " of " + counted(judged.scores.size(), "sequence") +
         (judged.abnormal == 1 ? " is" : " are") + " judged abnormal, " + percent(abnormal_share(judged)) +
         "; of normal traffic the model would call " + percent(judged.target_fpr) + " so.";
}

void write_judged_figures(Page& page, const JudgedData& judged) {
  page.figure("scores", percent(abnormal_share(judged)) + " of the sequences lie above the threshold",
              "Score of the model for each sequence; right of the threshold it is called abnormal.",
              [&](Html& html) { draw_scores(html, judged.scores, {}, judged.threshold); });
  page.figure("p-values", "Are there more rare sequences than normal traffic has?",
              "A p-value is the share of normal sequences that are at least as abnormal. Normal traffic follows the "
              "dashed line; a curve above it at small levels shows anomalies, or traffic that has moved.",
              [&](Html& html) { draw_p_values(html, judged.p_values, "these sequences"); });
}

void write_maps(Page& page, const JudgedData& judged) {
  if (!judged.map) return;
  const SequenceMap& map = *judged.map;
  page.figure(
      "map", "Where the abnormal sequences lie: main directions",
      "Principal components of what sequences consist of; the arrows name what grows in their direction. The axes "
      "show " +
          percent(map.axes[0].explained + map.axes[1].explained) +
          " of the variance; what is odd about order or times is not in them. " +
          counted(map.points.size(), "sequence") +
          (map.points.size() < judged.scores.size() ? ", evenly chosen." : "."),
      [&](Html& html) {
        draw_map(html, map.points, axis_words(map.axes[0], "\xE2\x86\x90", "\xE2\x86\x92"),
                 axis_words(map.axes[1], "\xE2\x86\x93", "\xE2\x86\x91"), judged.scores, judged.is_anomaly);
      });
  if (map.neighbours.empty()) return;
  page.figure(
      "neighbours", "Where the abnormal sequences lie: neighbourhoods",
      "t-SNE of the same sequences (perplexity 30): groups are sequences made of the same events; how far groups lie "
      "apart, and the axes, mean nothing.",
      [&](Html& html) { draw_map(html, map.neighbours, "no unit", "no unit", judged.scores, judged.is_anomaly); });
}

void write_worst(Page& page, const JudgedData& judged) {
  Html& html = page.html();
  write_card_legend(html, false);
  CardWriter({judged.worst}).write(html, "worst-cards", judged.worst);
}

std::string footer_text(const std::string& numbers) {
  return "Made by seqguard. " + numbers + " The page is one file: it loads nothing and runs nothing.";
}

std::string worst_page(const JudgedData& judged, const std::string& file, std::size_t events) {
  Page page("Most abnormal sequences", file,
            judged_words(judged) + " Below are the " + with_commas(judged.worst.size()) +
                " with the highest scores, with the events that give them away.");
  write_tiles(page.html(), {{"Sequences", with_commas(judged.scores.size()), counted(events, "event")},
                            {"Judged abnormal", with_commas(judged.abnormal), percent(abnormal_share(judged))},
                            {"Expected of normal traffic", percent(judged.target_fpr), "the model's target"},
                            {"Threshold", fixed(judged.threshold, 1), "score, higher = more abnormal"}});
  page.section("judged", "How the sequences are judged", "By the model \"" + judged.model + "\".");
  write_judged_figures(page, judged);
  page.section("worst", "The most abnormal sequences");
  write_worst(page, judged);
  return page.finish(footer_text("The scores are those of seqguard score."));
}

}  // namespace v0
}  // namespace seqguard
