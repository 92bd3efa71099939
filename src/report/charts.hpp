// The figures that several reports share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "report/html.hpp"
#include "seqguard/evaluation/exploration.hpp"
#include "seqguard/evaluation/sequence_map.hpp"
#include "seqguard/report/sequence_card.hpp"

namespace seqguard {
inline namespace v0 {

/// How a number of the x axis is worded in tooltips.
using Words = std::string (*)(double);

/// Bars of counts over the bins of `d`; `noun` is what is counted. Zeros of a log scale stand at its left end.
void draw_distribution(Html& html, const Distribution& d, std::string_view label, std::string_view noun, Words words);

/// Scores of normal and abnormal sequences over each other, each as shares of its group; without abnormal ones: counts
/// in words. `threshold`: from where on a sequence is called abnormal.
void draw_scores(Html& html, std::span<const double> normal, std::span<const double> abnormal,
                 std::optional<double> threshold);

struct HeatMap {
  std::vector<std::string> rows, columns;  ///< names; columns may be empty texts where they are not written
  std::vector<double> shades;              ///< [rows, columns] 0 .. 1
  std::vector<std::string> tips;           ///< likewise
  std::vector<std::string> words;          ///< likewise, within the cells; empty: none
  bool slanted = false;                    ///< names of the columns stand upright
  double cell_width = 16, cell_height = 20, name_width = 60;
};
void draw_heat_map(Html& html, std::string_view what, const HeatMap& map);

/// Share of the p-values that are at most as large as a level, over the levels, with the band of 95 % in which those of
/// as many normal sequences lie.
void draw_p_values(Html& html, std::span<const double> p_values, std::string_view of_whom);

/// Points of sequences, those that are judged abnormal in another colour; scores and verdicts by number of the
/// sequence.
void draw_map(Html& html, std::span<const MapPoint> points, std::string_view x_label, std::string_view y_label,
              std::span<const double> scores, std::span<const std::uint8_t> is_bad);
/// What grows along an axis: "<- few words   more words ->".
std::string axis_words(const MapAxis& axis, std::string_view less, std::string_view more);

/// Lists of cards, one after another: in all of them a colour means the same value, the ten most frequent ones have
/// one.
class CardWriter {
 public:
  explicit CardWriter(std::initializer_list<std::span<const SequenceCard>> lists);
  void write(Html& html, Literal id, std::span<const SequenceCard> cards) const;

 private:
  void write(Html& html, const SequenceCard& card) const;
  std::vector<std::string> coloured_;
};
/// What the blocks mean.
void write_card_legend(Html& html, bool has_truth);

}  // namespace v0
}  // namespace seqguard
