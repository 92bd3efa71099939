#include "seqguard/detection/calibration.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>
#include <utility>

#include "seqguard/core/error.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

std::vector<double> negated(std::span<const double> values) {
  std::vector<double> result(values.size());
  std::transform(values.begin(), values.end(), result.begin(), std::negate<>());
  return result;
}

}  // namespace

Calibration::Calibration(const Recipe& recipe, MatrixView<const double> raw) {
  if (raw.cols != recipe.views.size()) {
    fail(ErrorCode::invalid_argument, "calibration", "columns", std::to_string(recipe.views.size()),
         std::to_string(raw.cols));
  }
  std::vector<std::vector<double>> columns(raw.cols);
  std::vector<std::size_t> complete;
  for (std::size_t r = 0; r < raw.rows; ++r) {
    bool is_complete = true;
    for (std::size_t v = 0; v < raw.cols; ++v) {
      if (std::isnan(raw(r, v)))
        is_complete = false;
      else
        columns[v].push_back(raw(r, v));
    }
    if (is_complete) complete.push_back(r);
  }
  set_views(recipe, columns);
  std::vector<double> row_levels(views()), combined(complete.size());
  for (std::size_t i = 0; i < combined.size(); ++i) {
    levels(std::span<const double>(raw.row(complete[i]), raw.cols), row_levels);
    combined[i] = combine(row_levels);
  }
  combined_ = TailCalibration(combined);
}

void Calibration::set_views(const Recipe& recipe, std::span<const std::vector<double>> columns) {
  combiner_ = recipe.combiner;
  std::size_t normals = 0;
  for (const std::vector<double>& column : columns) normals = std::max(normals, column.size());
  cap_ = std::log(static_cast<double>(normals + 1)) + 4.0;
  total_weight_ = 0;
  for (std::size_t v = 0; v < recipe.views.size(); ++v) {
    const ViewSpec& spec = recipe.views[v];
    View view{spec.name, spec.sidedness, spec.weight, TailCalibration(columns[v]), {}};
    if (spec.sidedness != Sidedness::upper) view.lower = TailCalibration(negated(columns[v]));
    views_.push_back(std::move(view));
    total_weight_ += spec.weight;
  }
}

double Calibration::level(const View& view, double raw) const noexcept {
  double level = view.upper.level(raw);
  if (view.sidedness == Sidedness::two_sided) {
    level = std::max(level, view.lower.level(-raw)) - std::numbers::ln2;
  } else if (view.sidedness == Sidedness::nine_to_one) {
    level = std::max(level + std::log(0.9), view.lower.level(-raw) + std::log(0.1));
  }
  return combiner_ == Combiner::power_mean ? std::min(level, cap_) : level;
}

double Calibration::contribution(const View& view, double level) const noexcept {
  return view.weight * (combiner_ == Combiner::power_mean ? std::exp(level / 3.0) : level);
}

void Calibration::levels(std::span<const double> raw, std::span<double> levels) const noexcept {
  for (std::size_t v = 0; v < views(); ++v) levels[v] = level(views_[v], raw[v]);
}

double Calibration::combine(std::span<const double> levels) const noexcept {
  double sum = 0;
  for (std::size_t v = 0; v < views(); ++v) sum += contribution(views_[v], levels[v]);
  const double mean = sum / total_weight_;
  return combiner_ == Combiner::power_mean ? 3.0 * std::log(mean) : mean;
}

Judgement Calibration::judge(std::span<const double> raw, std::span<double> levels_out) const noexcept {
  levels(raw, levels_out);
  Judgement result;
  result.value = combine(levels_out);
  result.p_value = combined_.p_value(result.value);
  result.p_conformal = combined_.p_conformal(result.value);
  double worst = 0;
  for (std::size_t v = 0; v < views(); ++v) {
    const double part = contribution(views_[v], levels_out[v]);
    if (v > 0 && part < worst) continue;
    worst = part;
    result.worst_view = v;
  }
  return result;
}

void Calibration::save(ProfileWriter& writer) const {
  for (const View& view : views_) writer.write(view.name, view.upper.scores());
  writer.write("combined", combined_.scores());
}

Calibration Calibration::load(const Recipe& recipe, const ProfileReader& reader) {
  const auto combined = reader.f64("combined");
  reader.require(combined.size() >= 2, "combined", "fewer than two scores");
  std::vector<std::vector<double>> columns;
  for (const ViewSpec& spec : recipe.views) {
    const std::string& name = spec.name;
    columns.push_back(reader.f64(name));
    reader.require(std::is_sorted(columns.back().begin(), columns.back().end()), name, "not ascending");
  }
  reader.require(std::is_sorted(combined.begin(), combined.end()), "combined", "not ascending");
  const auto shortest = std::min_element(columns.begin(), columns.end(),
                                         [](const auto& a, const auto& b) { return a.size() < b.size(); });
  reader.require_size("combined", combined.size(), shortest->size());
  Calibration result;
  result.set_views(recipe, columns);
  result.combined_ = TailCalibration(combined);
  return result;
}

}  // namespace v0
}  // namespace seqguard
