// The frame of a figure with two axes: SVG that scales with the page.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "report/html.hpp"

namespace seqguard {
inline namespace v0 {

struct Tick {
  double value = 0;
  std::string text;
};

struct Axis {
  std::string label;  ///< with its unit
  double low = 0, high = 1;
  bool is_log = false;
  std::vector<Tick> ticks;
};

/// An axis of numbers with about five round ticks.
Axis linear_axis(std::string label, double low, double high);
/// From 0 to 100 %.
Axis share_axis(std::string label, double high = 1);
/// Ticks at powers of ten, at most five of them.
Axis log_axis(std::string label, double low, double high);

/// Opens <svg>, draws grid, ticks and labels, and translates values to coordinates; the destructor closes it.
class Plot {
 public:
  /// `what` is read aloud in the place of the figure.
  Plot(Html& html, std::string_view what, Axis x, Axis y, double width = 460, double height = 250);
  ~Plot();
  Plot(const Plot&) = delete;
  Plot& operator=(const Plot&) = delete;

  /// Coordinate of a value, kept within the frame.
  double x(double value) const;
  double y(double value) const;
  double left() const noexcept;
  double right() const noexcept;
  double top() const noexcept;
  double bottom() const noexcept;

  /// A box between two values of each axis; `tip` is shown where the mouse rests.
  void box(double x0, double x1, double y0, double y1, std::string_view style, std::string_view tip);
  void line(const std::vector<std::pair<double, double>>& points, std::string_view style, std::string_view tip = {});
  void area(const std::vector<std::pair<double, double>>& points, std::string_view style);
  void point(double x_value, double y_value, double radius, std::string_view style, std::string_view tip);
  /// Vertical or horizontal through the whole frame, with a word beside it.
  void mark_x(double value, std::string_view word);
  void mark_y(double value, std::string_view word);
  /// Words within the frame.
  void note(double x_value, double y_value, std::string_view words, std::string_view anchor, std::string_view style);

 private:
  double place(const Axis& axis, double value) const;
  std::string path(const std::vector<std::pair<double, double>>& points) const;

  Html& html_;
  Axis x_, y_;
  double width_, height_;
};

/// "<title>": what a browser shows where the mouse rests.
void tooltip(Html& html, std::string_view text);

}  // namespace v0
}  // namespace seqguard
