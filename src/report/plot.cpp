#include "report/plot.hpp"

#include <algorithm>
#include <cmath>

#include "report/number_text.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

constexpr double k_left = 50, k_right = 18, k_top = 28, k_bottom = 46;

}  // namespace

Axis linear_axis(std::string label, double low, double high) {
  if (!(high > low)) high = low + 1;
  Axis axis{std::move(label), low, high, false, {}};
  const double rough = (high - low) / 5, power = std::pow(10.0, std::floor(std::log10(rough)));
  double step = 10 * power;
  for (const double factor : {5.0, 2.0, 1.0})
    if (factor * power >= rough * 0.8) step = factor * power;
  const double first = std::ceil(low / step - 1e-9);
  for (int i = 0; i <= 12; ++i) {  // at most: a step is .8 fifths of the range or more
    const double value = (first + i) * step;
    if (value > high + 1e-9 * step) break;
    axis.ticks.push_back({value, tidy(value)});
  }
  return axis;
}

Axis share_axis(std::string label, double high) {
  Axis axis = linear_axis(std::move(label), 0, high);
  for (Tick& tick : axis.ticks) tick.text = tidy(std::round(1e6 * tick.value) / 1e4) + " %";
  return axis;
}

Axis log_axis(std::string label, double low, double high) {
  if (!(high > low)) high = 10 * low;
  Axis axis{std::move(label), low, high, true, {}};
  const int first = static_cast<int>(std::ceil(std::log10(low) - 1e-9)),
            last = static_cast<int>(std::floor(std::log10(high) + 1e-9)), step = std::max(1, (last - first + 4) / 5);
  for (int k = first; k <= last; k += step) axis.ticks.push_back({std::pow(10.0, k), tidy(std::pow(10.0, k))});
  return axis;
}

void tooltip(Html& html, std::string_view text) {
  if (!text.empty()) html.element("title", text);
}

Plot::Plot(Html& html, std::string_view what, Axis x, Axis y, double width, double height)
    : html_(html), x_(std::move(x)), y_(std::move(y)), width_(width), height_(height) {
  html_.open("svg",
             {{"viewBox", "0 0 " + fixed(width_, 0) + " " + fixed(height_, 0)}, {"role", "img"}, {"aria-label", what}});
  for (const Tick& tick : y_.ticks) {
    const double at = place(y_, tick.value);
    html_.open("line", {{"class", "grid"}, {"x1", left()}, {"x2", right()}, {"y1", at}, {"y2", at}}).close();
    html_.element("text", tick.text, {{"class", "tick"}, {"x", left() - 6}, {"y", at + 4}, {"text-anchor", "end"}});
  }
  for (const Tick& tick : x_.ticks) {
    const double at = place(x_, tick.value);
    html_.open("line", {{"class", "axis"}, {"x1", at}, {"x2", at}, {"y1", bottom()}, {"y2", bottom() + 4}}).close();
    const bool is_last = at > right() - 20;  // words of the last tick end with the figure
    html_.element("text", tick.text,
                  {{"class", "tick"},
                   {"x", is_last ? width_ - 2 : at},
                   {"y", bottom() + 17},
                   {"text-anchor", is_last ? "end" : "middle"}});
  }
  html_.open("line", {{"class", "axis"}, {"x1", left()}, {"x2", right()}, {"y1", bottom()}, {"y2", bottom()}}).close();
  html_.element("text", x_.label,
                {{"class", "label"}, {"x", (left() + right()) / 2}, {"y", height_ - 8}, {"text-anchor", "middle"}});
  html_.element("text", y_.label, {{"class", "label"}, {"x", 0.0}, {"y", 12.0}});
}

Plot::~Plot() { html_.close(); }

double Plot::left() const noexcept { return k_left; }
double Plot::right() const noexcept { return width_ - k_right; }
double Plot::top() const noexcept { return k_top; }
double Plot::bottom() const noexcept { return height_ - k_bottom; }

double Plot::place(const Axis& axis, double value) const {
  const auto scale = [&](double v) { return axis.is_log ? std::log10(std::max(v, 1e-300)) : v; };
  const double share = std::clamp((scale(value) - scale(axis.low)) / (scale(axis.high) - scale(axis.low)), 0.0, 1.0);
  return &axis == &x_ ? left() + share * (right() - left()) : bottom() - share * (bottom() - top());
}

double Plot::x(double value) const { return place(x_, value); }
double Plot::y(double value) const { return place(y_, value); }

void Plot::box(double x0, double x1, double y0, double y1, std::string_view style, std::string_view tip) {
  const double from = x(x0), to = x(x1), low = y(y0), high = y(y1);
  html_.open("rect", {{"class", style},
                      {"x", from + 0.5},
                      {"y", high},
                      {"width", std::max(0.8, to - from - 1)},
                      {"height", std::max(0.0, low - high)}});
  tooltip(html_, tip);
  html_.close();
}

std::string Plot::path(const std::vector<std::pair<double, double>>& points) const {
  std::string path;
  for (const auto& [px, py] : points) path += (path.empty() ? "" : " ") + fixed(x(px), 1) + "," + fixed(y(py), 1);
  return path;
}

void Plot::line(const std::vector<std::pair<double, double>>& points, std::string_view style, std::string_view tip) {
  html_.open("polyline", {{"class", style}, {"points", path(points)}});
  tooltip(html_, tip);
  html_.close();
}

void Plot::area(const std::vector<std::pair<double, double>>& points, std::string_view style) {
  html_.open("polygon", {{"class", style}, {"points", path(points)}}).close();
}

void Plot::point(double x_value, double y_value, double radius, std::string_view style, std::string_view tip) {
  html_.open("circle", {{"class", style}, {"cx", x(x_value)}, {"cy", y(y_value)}, {"r", radius}});
  tooltip(html_, tip);
  html_.close();
}

void Plot::mark_x(double value, std::string_view word) {
  const double at = x(value);
  const bool is_right = at > (left() + right()) / 2;
  html_.open("line", {{"class", "mark"}, {"x1", at}, {"x2", at}, {"y1", top()}, {"y2", bottom()}}).close();
  html_.element("text", word,
                {{"class", "marked"},
                 {"x", is_right ? at - 5 : at + 5},
                 {"y", top() + 10},
                 {"text-anchor", is_right ? "end" : "start"}});
}

void Plot::mark_y(double value, std::string_view word) {
  const double at = y(value);
  html_.open("line", {{"class", "mark"}, {"x1", left()}, {"x2", right()}, {"y1", at}, {"y2", at}}).close();
  html_.element(
      "text", word,
      {{"class", "marked"}, {"x", right() - 2}, {"y", at < top() + 24 ? at + 14 : at - 5}, {"text-anchor", "end"}});
}

void Plot::note(double x_value, double y_value, std::string_view words, std::string_view anchor,
                std::string_view style) {
  html_.element("text", words, {{"class", style}, {"x", x(x_value)}, {"y", y(y_value)}, {"text-anchor", anchor}});
}

}  // namespace v0
}  // namespace seqguard
