// A page of figures in one file: nothing is loaded, nothing is executed, light and dark, on paper and on a phone.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "report/html.hpp"

namespace seqguard {
inline namespace v0 {

/// The parts that every report is made of, in the order of the page. Figures stand in a grid of one or two columns.
class Page {
 public:
  /// `title` names the report, `subject` what it is about, `lead` says in a sentence or two what the reader will see.
  Page(std::string_view title, std::string_view subject, std::string_view lead);

  /// Ends the section before it. `id` is the anchor of the navigation.
  void section(std::string_view id, std::string_view title, std::string_view words = {});
  /// Figures follow, until the next section.
  void begin_figures();
  /// A figure: a title that says what is seen, what `draw` writes, a line on how to read it.
  template <class Draw>
  void figure(std::string_view id, std::string_view title, std::string_view caption, const Draw& draw,
              bool is_wide = false) {
    open_figure(id, title, is_wide);
    draw(html_);
    close_figure(caption);
  }
  Html& html() noexcept { return html_; }
  /// `footer`: how the page was made.
  std::string finish(std::string_view footer);

 private:
  void open_figure(std::string_view id, std::string_view title, bool is_wide);
  void close_figure(std::string_view caption);
  void end_section();

  Html html_;
  bool in_section_ = false, in_figures_ = false;
};

/// A large number with its name, and a line below it.
struct Tile {
  std::string name, value, detail;
  bool is_bad = false;
};
void write_tiles(Html& html, const std::vector<Tile>& tiles);

/// What is said before the figures: something to know, or to be warned of.
enum class Tone { plain, warning };
void write_notice(Html& html, Tone tone, std::string_view title, const std::vector<std::string>& lines);

/// A table that scrolls sideways where it is too wide; the first column to the left, numbers to the right.
struct TableCell {
  std::string text;
  enum class Kind { plain, bad, good, strong, words } kind = Kind::plain;
};
class ReportTable {
 public:
  explicit ReportTable(std::vector<std::string> header) : header_(std::move(header)) {}
  void add(std::vector<TableCell> row) { rows_.push_back(std::move(row)); }
  void write(Html& html) const;

 private:
  std::vector<std::string> header_;
  std::vector<std::vector<TableCell>> rows_;
};

struct Bar {
  std::string name;
  double value = 0;  ///< length
  std::string text;  ///< beside it
  std::string tip = {};
  bool is_bad = false;
};
/// Bars side by side under each other, all on the scale of the largest, or of `full` where it is above 0.
void write_bars(Html& html, const std::vector<Bar>& bars, double full = 0);

struct LegendEntry {
  std::string style, words;  ///< style: class of the swatch
};
void write_legend(Html& html, const std::vector<LegendEntry>& entries);

}  // namespace v0
}  // namespace seqguard
