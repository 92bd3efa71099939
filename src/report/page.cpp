#include "report/page.hpp"

#include <algorithm>
#include <span>

#include "report/style.hpp"

namespace seqguard {
inline namespace v0 {

Page::Page(std::string_view title, std::string_view subject, std::string_view lead) {
  html_.literal("<!DOCTYPE html>\n").open("html", {{"lang", "en"}}).open("head");
  html_.void_element("meta", {{"charset", "utf-8"}});
  html_.void_element("meta", {{"name", "viewport"}, {"content", "width=device-width, initial-scale=1"}});
  // Whatever a value of the data might be taken for: nothing is loaded and nothing runs.
  html_.void_element("meta", {{"http-equiv", "Content-Security-Policy"},
                              {"content", "default-src 'none'; style-src 'unsafe-inline'"}});
  html_.element("title", std::string(title) + ": " + std::string(subject));
  html_.open("style").literal(k_style_sheet).close().close();
  html_.open("body").open("header").element("p", title, {{"class", "kind"}}).element("h1", subject);
  html_.element("p", lead, {{"class", "lead"}}).close().open("main");
}

void Page::end_section() {
  if (in_figures_) html_.close();
  if (in_section_) html_.close();
  in_section_ = in_figures_ = false;
}

void Page::section(std::string_view id, std::string_view title, std::string_view words) {
  end_section();
  html_.open("section", {{"id", id}}).element("h2", title);
  if (!words.empty()) html_.element("p", words, {{"class", "words"}});
  in_section_ = true;
}

void Page::begin_figures() {
  if (!in_figures_) html_.open("div", {{"class", "figures"}});
  in_figures_ = true;
}

void Page::open_figure(std::string_view id, std::string_view title, bool is_wide) {
  begin_figures();
  html_.open("figure", {{"id", id}, {"class", is_wide ? "wide" : "plain"}}).element("h3", title);
}

void Page::close_figure(std::string_view caption) {
  if (!caption.empty()) html_.element("figcaption", caption);
  html_.close();
}

std::string Page::finish(std::string_view footer) {
  end_section();
  html_.close().element("footer", footer);
  return html_.finish();
}

void write_tiles(Html& html, const std::vector<Tile>& tiles) {
  html.open("div", {{"class", "tiles"}});
  for (const Tile& tile : tiles) {
    html.open("div", {{"class", tile.is_bad ? "tile bad" : "tile"}});
    html.element("div", tile.name, {{"class", "name"}}).element("div", tile.value, {{"class", "value"}});
    html.element("div", tile.detail, {{"class", "detail"}}).close();
  }
  html.close();
}

void write_notice(Html& html, Tone tone, std::string_view title, const std::vector<std::string>& lines) {
  html.open("div", {{"class", tone == Tone::warning ? "notice warning" : "notice"}, {"role", "note"}});
  html.element("b", title);
  if (!lines.empty()) html.open("ul");
  for (const std::string& line : lines) html.element("li", line);
  if (!lines.empty()) html.close();
  html.close();
}

void ReportTable::write(Html& html) const {
  constexpr std::size_t k_most_rows = 100;
  constexpr std::string_view classes[] = {"", "bad", "good", "strong", "words"};
  html.open("div", {{"class", "scroll"}}).open("table").open("thead").open("tr");
  for (std::size_t i = 0; i < header_.size(); ++i) {
    const bool is_words = !rows_.empty() && i < rows_.front().size() && rows_.front()[i].kind == TableCell::Kind::words;
    html.element("th", header_[i], {{"scope", "col"}, {"class", is_words ? "left" : "right"}});
  }
  html.close().close().open("tbody");
  const std::size_t shown = std::min(k_most_rows, rows_.size());
  for (const auto& row : std::span(rows_).first(shown)) {
    html.open("tr");
    for (const TableCell& cell : row)
      html.element("td", shortened(cell.text, k_tip), {{"class", classes[static_cast<std::size_t>(cell.kind)]}});
    html.close();
  }
  html.close().close().close();
  if (shown < rows_.size()) html.element("p", std::to_string(rows_.size() - shown) + " further rows stand in --json.");
}

void write_bars(Html& html, const std::vector<Bar>& bars, double full) {
  for (const Bar& bar : bars) full = std::max(full, bar.value);
  html.open("div", {{"class", "bars"}});
  for (const Bar& bar : bars) {
    const std::string tip = shortened(bar.tip.empty() ? bar.name + ": " + bar.text : bar.tip, k_tip);
    html.element("div", bar.name.empty() ? "(empty)" : shortened(bar.name, k_name), {{"class", "n"}, {"title", tip}});
    html.open("svg", {{"viewBox", "0 0 100 13"}, {"preserveAspectRatio", "none"}, {"aria-hidden", "true"}});
    html.open("rect", {{"class", bar.is_bad ? "fill-bad" : "fill-blue"},
                       {"width", full > 0 ? 100 * bar.value / full : 0.0},
                       {"height", 13.0}});
    html.element("title", tip).close().close();
    html.element("div", bar.text, {{"class", "t"}});
  }
  html.close();
}

void write_legend(Html& html, const std::vector<LegendEntry>& entries) {
  html.open("div", {{"class", "legend"}});
  for (const LegendEntry& entry : entries) {
    html.open("span").open("svg", {{"viewBox", "0 0 14 14"}, {"aria-hidden", "true"}});
    if (entry.style.starts_with("line") || entry.style == "ref")
      html.open("polyline", {{"class", entry.style}, {"points", "0,7 14,7"}}).close();
    else
      html.open("rect", {{"class", entry.style}, {"width", 14.0}, {"height", 14.0}, {"rx", 3.0}}).close();
    html.close().text(entry.words).close();
  }
  html.close();
}

}  // namespace v0
}  // namespace seqguard
