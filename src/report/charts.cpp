#include "report/charts.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "report/number_text.hpp"
#include "report/page.hpp"
#include "report/plot.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

double largest_count(const std::vector<Bin>& bins) {
  std::size_t most = 1;
  for (const Bin& bin : bins) most = std::max(most, bin.count);
  return static_cast<double>(most);
}

/// Counts of `values` in equal bins; what lies outside counts in the outermost.
std::vector<double> shares_of(std::span<const double> values, double low, double high, std::size_t bins) {
  std::vector<double> counts(bins);
  for (const double value : values) {
    const double place = std::floor((value - low) / (high - low) * static_cast<double>(bins));
    ++counts[static_cast<std::size_t>(std::clamp(place, 0.0, static_cast<double>(bins - 1)))];
  }
  for (double& count : counts) count /= std::max<double>(1, static_cast<double>(values.size()));
  return counts;
}

/// Lowest and highest finite score.
std::pair<double, double> range_of(std::span<const double> a, std::span<const double> b) {
  double low = HUGE_VAL, high = -HUGE_VAL;
  for (const auto& group : {a, b})
    for (const double value : group)
      if (std::isfinite(value)) {
        low = std::min(low, value);
        high = std::max(high, value);
      }
  if (!(low < high)) return {std::isfinite(low) ? low - 1 : 0, std::isfinite(low) ? low + 1 : 1};
  return {low, high};
}

std::string list_of(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + shortened(word, 18);
  return text;
}

}  // namespace

std::string axis_words(const MapAxis& axis, std::string_view less, std::string_view more) {
  std::string text;
  if (!axis.fewer.empty()) text += std::string(less) + " " + list_of(axis.fewer);
  if (!axis.more.empty()) text += (text.empty() ? "" : "   ") + list_of(axis.more) + " " + std::string(more);
  return shortened(text, 74);
}

void draw_distribution(Html& html, const Distribution& d, std::string_view label, std::string_view noun, Words words) {
  if (d.bins.empty()) {
    html.element("p", d.zeros > 0 ? "All " + with_commas(d.zeros) + " are 0." : "There is nothing to show.");
    return;
  }
  if (d.min == d.max)
    return write_bars(html, {{words(d.min), static_cast<double>(d.count), "all " + with_commas(d.count)}});
  const double low = d.bins.front().low, high = d.bins.back().high;
  // Zeros have no place on a log scale: a bar of its own, as wide as a bin, left of the least.
  const bool has_zeros = d.is_log && d.zeros > 0;
  const double ratio = d.bins.front().high / d.bins.front().low, begin = has_zeros ? low / (ratio * ratio) : low;
  const double most = std::max(largest_count(d.bins), has_zeros ? static_cast<double>(d.zeros) : 0);
  Plot plot(html, std::string(noun) + " by " + std::string(label),
            d.is_log ? log_axis(std::string(label), begin, high) : linear_axis(std::string(label), low, high),
            linear_axis(std::string(noun), 0, most * 1.15));
  for (const Bin& bin : d.bins) {
    if (bin.count == 0) continue;
    plot.box(bin.low, bin.high, 0, static_cast<double>(bin.count), "fill-blue",
             words(bin.low) + " to " + words(bin.high) + ": " + with_commas(bin.count) + " " + std::string(noun));
  }
  if (has_zeros) {
    plot.box(begin, begin * ratio, 0, static_cast<double>(d.zeros), "fill-muted",
             "0: " + with_commas(d.zeros) + " " + std::string(noun));
    plot.note(begin * std::sqrt(ratio), static_cast<double>(d.zeros) + most * 0.02, "0", "middle", "said");
  }
  plot.mark_x(d.median, "median " + words(d.median));
}

void draw_scores(Html& html, std::span<const double> normal, std::span<const double> abnormal,
                 std::optional<double> threshold) {
  constexpr std::size_t k_bins = 44;
  const auto [low, high] = range_of(normal, abnormal);
  const std::vector<double> a = shares_of(normal, low, high, k_bins), b = shares_of(abnormal, low, high, k_bins);
  const double most = std::max(*std::max_element(a.begin(), a.end()), *std::max_element(b.begin(), b.end()));
  const bool two = !abnormal.empty();
  if (two)
    write_legend(html, {{"veil-blue", "normal (" + with_commas(normal.size()) + ")"},
                        {"veil-bad", "abnormal (" + with_commas(abnormal.size()) + ")"}});
  Plot plot(html, "distribution of scores", linear_axis("score, higher = more abnormal", low, high),
            share_axis(two ? "share of each group" : "share of the sequences", most * 1.15));
  const double width = (high - low) / static_cast<double>(k_bins);
  for (std::size_t i = 0; i < k_bins; ++i) {
    const double begin = low + static_cast<double>(i) * width, end = begin + width;
    const std::string range = "score " + tidy(begin) + " to " + tidy(end) + ": ";
    if (a[i] > 0) plot.box(begin, end, 0, a[i], "veil-blue", range + percent(a[i]) + (two ? " of the normal" : ""));
    if (b[i] > 0) plot.box(begin, end, 0, b[i], "veil-bad", range + percent(b[i]) + " of the abnormal");
  }
  if (threshold && *threshold >= low && *threshold <= high)
    plot.mark_x(*threshold, "threshold " + fixed(*threshold, 1));
}

void draw_heat_map(Html& html, std::string_view what, const HeatMap& map) {
  const double head = map.slanted ? 96 : 20, gap = 1.5;
  const double width =
      map.name_width + map.cell_width * static_cast<double>(map.columns.size()) + (map.slanted ? 62 : 2);
  const double height = head + map.cell_height * static_cast<double>(map.rows.size()) + 2;
  html.open("svg",
            {{"viewBox", "0 0 " + fixed(width, 0) + " " + fixed(height, 0)}, {"role", "img"}, {"aria-label", what}});
  for (std::size_t c = 0; c < map.columns.size(); ++c) {
    const double x = map.name_width + map.cell_width * (static_cast<double>(c) + 0.5);
    if (map.slanted)
      html.element("text", shortened(map.columns[c], 18),
                   {{"class", "tick"},
                    {"transform", "translate(" + fixed(x + 3, 1) + " " + fixed(head - 6, 1) + ") rotate(-50)"}});
    else
      html.element("text", map.columns[c], {{"class", "tick"}, {"x", x}, {"y", head - 6}, {"text-anchor", "middle"}});
  }
  for (std::size_t r = 0; r < map.rows.size(); ++r) {
    const double y = head + map.cell_height * static_cast<double>(r);
    html.element(
        "text", shortened(map.rows[r], 18),
        {{"class", "tick"}, {"x", map.name_width - 8}, {"y", y + map.cell_height / 2 + 4}, {"text-anchor", "end"}});
    for (std::size_t c = 0; c < map.columns.size(); ++c) {
      const std::size_t i = r * map.columns.size() + c;
      const double x = map.name_width + map.cell_width * static_cast<double>(c), shade = map.shades[i];
      html.open("rect", {{"class", shade > 0 ? "cell" : "cell-0"},
                         {"x", x},
                         {"y", y},
                         {"width", map.cell_width - gap},
                         {"height", map.cell_height - gap},
                         {"rx", 2.0},
                         {"fill-opacity", shade > 0 ? 0.06 + 0.94 * shade : 1.0}});
      tooltip(html, shortened(map.tips[i], k_tip));
      html.close();
      if (!map.words.empty() && !map.words[i].empty())
        html.element("text", map.words[i],
                     {{"class", shade > 0.55 ? "on-cell" : "said"},
                      {"x", x + map.cell_width / 2},
                      {"y", y + map.cell_height / 2 + 4},
                      {"text-anchor", "middle"}});
    }
  }
  html.close();
}

void draw_p_values(Html& html, std::span<const double> p_values, std::string_view of_whom) {
  constexpr double k_least = 0.001;
  std::vector<double> sorted(p_values.begin(), p_values.end());
  std::sort(sorted.begin(), sorted.end());
  const double n = static_cast<double>(sorted.size());
  const double floor = std::min(k_least, 0.3 / n);  // where a share of 0 is drawn
  write_legend(html, {{"line-blue", std::string(of_whom)}, {"band", "normal traffic, 95 %"}, {"ref", "as promised"}});
  Plot plot(html, "observed against nominal rate", log_axis("p-value, level", k_least, 1),
            log_axis("share of the sequences up to that level", floor, 1));
  std::vector<std::pair<double, double>> lower, band, observed;
  for (int k = -12; k <= 0; ++k) {
    const double level = std::pow(10.0, k / 4.0), reach = 1.96 * std::sqrt(level * (1 - level) / n);
    band.emplace_back(level, std::min(1.0, level + reach));
    lower.emplace_back(level, std::max(floor, level - reach));
    const auto end = std::upper_bound(sorted.begin(), sorted.end(), level);
    observed.emplace_back(level, static_cast<double>(end - sorted.begin()) / n);
  }
  band.insert(band.end(), lower.rbegin(), lower.rend());
  plot.area(band, "band");
  plot.line({{k_least, k_least}, {1, 1}}, "ref");
  plot.line(observed, "line-blue");
  for (const auto& [level, share] : observed)
    plot.point(level, share, 3.5, "dot-blue",
               percent(share) + " have a p-value of at most " + tidy(level) + "; promised: " + percent(level));
}

void draw_map(Html& html, std::span<const MapPoint> points, std::string_view x_label, std::string_view y_label,
              std::span<const double> scores, std::span<const std::uint8_t> is_bad) {
  double low_x = HUGE_VAL, high_x = -HUGE_VAL, low_y = HUGE_VAL, high_y = -HUGE_VAL;
  std::size_t bad = 0;
  for (const MapPoint& point : points) {
    low_x = std::min(low_x, point.x);
    high_x = std::max(high_x, point.x);
    low_y = std::min(low_y, point.y);
    high_y = std::max(high_y, point.y);
    bad += is_bad[point.sequence] != 0 ? 1 : 0;
  }
  write_legend(html, {{"fill-blue", "judged normal (" + with_commas(points.size() - bad) + ")"},
                      {"fill-bad", "judged abnormal (" + with_commas(bad) + ")"}});
  const double mx = 0.04 * (high_x - low_x) + 1e-9, my = 0.04 * (high_y - low_y) + 1e-9;
  Axis x = linear_axis(std::string(x_label), low_x - mx, high_x + mx),
       y = linear_axis(std::string(y_label), low_y - my, high_y + my);
  Plot plot(html, "map of the sequences", std::move(x), std::move(y), 460, 400);
  for (const bool odd : {false, true})  // what matters lies on top
    for (const MapPoint& point : points)
      if ((is_bad[point.sequence] != 0) == odd)
        plot.point(point.x, point.y, odd ? 3.4 : 2, odd ? "cloud-bad" : "cloud-blue",
                   odd || points.size() <= 500 ? "score " + fixed(scores[point.sequence], 1) : "");
}

void write_card_legend(Html& html, bool has_truth) {
  html.open("div", {{"class", "legend"}});
  html.open("span").element("span", "event", {{"class", "b odd c0"}}).text("suspicious to the model").close();
  if (has_truth)
    html.open("span").element("span", "event", {{"class", "b true c0"}}).text("wrong by the labels").close();
  html.element("span", "Colours tell frequent values apart.").close();
}

CardWriter::CardWriter(std::initializer_list<std::span<const SequenceCard>> lists) {
  constexpr std::size_t k_colours = 10;
  std::map<std::string_view, std::size_t> counts;
  for (const auto& cards : lists)
    for (const SequenceCard& card : cards)
      for (const EventBlock& block : card.blocks) counts[block.value] += block.hidden > 0 ? 0 : 1;
  std::vector<std::pair<std::string_view, std::size_t>> order(counts.begin(), counts.end());
  std::stable_sort(order.begin(), order.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  for (std::size_t i = 0; i < std::min(k_colours, order.size()); ++i) coloured_.emplace_back(order[i].first);
}

void CardWriter::write(Html& html, Literal id, std::span<const SequenceCard> cards) const {
  html.open("div", {{"class", "cards"}, {"id", id.text()}});
  for (const SequenceCard& card : cards) write(html, card);
  html.close();
}

void CardWriter::write(Html& html, const SequenceCard& card) const {
  html.open("div", {{"class", "card"}}).open("h3").text(card.name).element("span", card.facts).close();
  html.open("div", {{"class", "blocks"}});
  for (const EventBlock& block : card.blocks) {
    if (block.hidden > 0) {
      html.element("span", "\xE2\x80\xA6 " + with_commas(block.hidden) + " more \xE2\x80\xA6", {{"class", "b gap"}});
      continue;
    }
    const auto colour = std::find(coloured_.begin(), coloured_.end(), block.value);
    std::string style = "b c" + (colour == coloured_.end() ? "x" : std::to_string(colour - coloured_.begin()));
    if (block.is_suspicious) style += " odd";
    if (block.is_wrong) style += " true";
    html.element("span", block.value.empty() ? "(empty)" : shortened(block.value, k_name),
                 {{"class", style}, {"title", shortened(block.tip, k_tip)}});
  }
  html.close();
  for (const std::string& line : card.lines) html.element("p", line);
  html.close();
}

}  // namespace v0
}  // namespace seqguard
