#include "seqguard/detection/calibration.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
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

/// An element, or `otherwise` where the matrix is empty or does not know it.
double known_or(MatrixView<const double> matrix, std::size_t row, std::size_t column, double otherwise) {
  return matrix.rows > 0 && !std::isnan(matrix(row, column)) ? matrix(row, column) : otherwise;
}

/// Gives all rows of one `group` number the largest of their values.
void raise_to_highest(std::span<const double> group, std::span<double> values) {
  std::map<double, double> highest;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto [entry, is_new] = highest.emplace(group[i], values[i]);
    if (!is_new) entry->second = std::max(entry->second, values[i]);
  }
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = highest[group[i]];
}

constexpr std::size_t k_parts = 10;
/// With fewer normals three more tails cannot be known: of thirty generated sets (threshold_test.cpp) of 20 to 500
/// normals five exceeded their target unwarned without this bound, with it none or one.
constexpr std::size_t k_fewest_adaptive = 100;
/// T counts in smaller units, so that what TailRule::cautious imagines weighs more where few normals calibrate.
constexpr double k_caution = 0.75;
constexpr double k_power = 3;  ///< of Combiner::power_mean
/// Nats of a level beyond the rank of the largest normal. Of the adaptive combination more: where a few normals reach
/// the cap in one view, what exceeds them there is told from them (filmtrust: found at a target of 1 % 1.00 with 8, 0
/// with 4).
constexpr double k_margin = 4, k_adaptive_margin = 8;
constexpr std::array<const char*, 3> k_evidence{"combined.sum", "combined.power", "combined.largest"};
constexpr const char* k_lower = ".lower";  ///< negated scores, where they are not those of the upper tail

}  // namespace

Calibration::Calibration(const Recipe& recipe, const CalibrationScores& scores) {
  const MatrixView<const double> held_out = scores.held_out;
  const std::size_t width = recipe.views.size();
  for (const MatrixView<const double>& matrix : {held_out, scores.finished, scores.own})
    if (matrix.rows > 0 && (matrix.cols != width || matrix.rows != held_out.rows))
      fail(ErrorCode::invalid_argument, "calibration", "columns", std::to_string(width), std::to_string(matrix.cols));
  if (!scores.noise.empty() && scores.noise.size() != width)
    fail(ErrorCode::invalid_argument, "calibration", "noise", std::to_string(width),
         std::to_string(scores.noise.size()));
  std::vector<std::vector<double>> upper(width), lower(width);
  std::vector<std::size_t> complete;
  for (std::size_t r = 0; r < held_out.rows; ++r) {
    bool is_complete = true;
    for (std::size_t v = 0; v < width; ++v) {
      const double score = held_out(r, v);
      if (std::isnan(score)) {
        is_complete = false;
        continue;
      }
      const double other = known_or(scores.finished, r, v, score);
      upper[v].push_back(std::max(score, other));
      lower[v].push_back(std::max(-score, -other));
    }
    if (is_complete) complete.push_back(r);
  }
  const bool adapts = recipe.combiner == Combiner::adaptive && complete.size() >= k_fewest_adaptive;
  set_views(recipe, upper, lower, scores.noise, adapts);
  std::vector<double> combined(complete.size()), by_finished(complete.size());
  const std::vector<NormalEvidence> of_normals = evidence_of(scores, complete);
  const auto judge_part = [&](std::size_t part, std::size_t parts) {
    for (std::size_t i = part; i < complete.size(); i += parts) {
      combined[i] = std::max({combine(of_normals[i][0]), combine(of_normals[i][1]), combine(of_normals[i][2])});
    }
  };
  // What a normal adds to the tails of the evidence must not make itself look usual.
  const std::size_t parts = adapts ? k_parts : 1;
  for (std::size_t part = 0; part < parts; ++part) {
    if (adapts) set_evidence(of_normals, part, parts);
    judge_part(part, parts);
  }
  if (parts > 1) set_evidence(of_normals, 0, 1);
  for (std::size_t i = 0; i < complete.size(); ++i) by_finished[i] = combine(of_normals[i][1]);
  raise_to_highest(by_finished, combined);
  combined_ = TailCalibration(combined, TailRule::cautious);
}

std::vector<double> Calibration::levels_of_row(MatrixView<const double> held_out, MatrixView<const double> other,
                                               std::size_t r, bool learned) const {
  std::vector<double> row(held_out.cols), row_levels(held_out.cols);
  for (std::size_t v = 0; v < row.size(); ++v) row[v] = known_or(other, r, v, held_out(r, v));
  levels(row, row_levels, learned);
  return row_levels;
}

std::vector<Calibration::NormalEvidence> Calibration::evidence_of(const CalibrationScores& scores,
                                                                  std::span<const std::size_t> rows) const {
  std::vector<NormalEvidence> result;
  for (const std::size_t r : rows)
    result.push_back({evidence(levels_of_row(scores.held_out, {}, r)),
                      evidence(levels_of_row(scores.held_out, scores.finished, r)),
                      evidence(levels_of_row(scores.held_out, scores.own, r, true))});
  return result;
}

void Calibration::set_evidence(std::span<const NormalEvidence> normals, std::size_t part, std::size_t parts) {
  std::array<std::vector<double>, 3> largest;
  for (std::size_t i = 0; i < normals.size(); ++i) {
    if (parts > 1 && i % parts == part) continue;
    for (std::size_t k = 0; k < largest.size(); ++k)
      largest[k].push_back(std::max({normals[i][0][k], normals[i][1][k], normals[i][2][k]}));
  }
  for (std::size_t k = 0; k < largest.size(); ++k) evidence_[k] = TailCalibration(largest[k], TailRule::cautious);
}

void Calibration::set_views(const Recipe& recipe, std::span<const std::vector<double>> upper,
                            std::span<const std::vector<double>> lower, std::span<const double> noise, bool adapts) {
  combiner_ = recipe.combiner;
  std::size_t normals = 0;
  for (const std::vector<double>& column : upper) normals = std::max(normals, column.size());
  cap_ = std::log(static_cast<double>(normals + 1)) + (adapts ? k_adaptive_margin : k_margin);
  total_weight_ = 0;
  noise_.assign(recipe.views.size(), 0);
  if (!noise.empty()) noise_.assign(noise.begin(), noise.end());
  for (std::size_t v = 0; v < recipe.views.size(); ++v) {
    const ViewSpec& spec = recipe.views[v];
    View view{spec.name, spec.sidedness, spec.weight, TailCalibration(upper[v], TailRule::plain, noise_[v]), {}};
    if (spec.sidedness != Sidedness::upper) view.lower = TailCalibration(lower[v], TailRule::plain, noise_[v]);
    views_.push_back(std::move(view));
    total_weight_ += spec.weight;
  }
}

double Calibration::level(const View& view, double raw, bool learned) const noexcept {
  double level = view.upper.level(raw);
  const double lower = view.sidedness == Sidedness::upper || learned ? 0 : view.lower.level(-raw);
  if (view.sidedness == Sidedness::two_sided) {
    level = std::max(level, lower) - std::numbers::ln2;
  } else if (view.sidedness == Sidedness::nine_to_one) {
    level = std::max(level + std::log(0.9), lower + std::log(0.1));
  }
  return combiner_ == Combiner::weighted_sum ? level : std::min(level, cap_);
}

double Calibration::contribution(const View& view, double level) const noexcept {
  return view.weight * (combiner_ == Combiner::weighted_sum ? level : std::exp(level / k_power));
}

void Calibration::levels(std::span<const double> raw, std::span<double> levels, bool learned) const noexcept {
  for (std::size_t v = 0; v < views(); ++v) levels[v] = level(views_[v], raw[v], learned);
}

double Calibration::weighted_mean(std::span<const double> levels) const noexcept {
  double sum = 0;
  for (std::size_t v = 0; v < views(); ++v) sum += views_[v].weight * levels[v];
  return sum / total_weight_;
}

double Calibration::power_mean(std::span<const double> levels) const noexcept {
  double sum = 0;
  for (std::size_t v = 0; v < views(); ++v) sum += views_[v].weight * std::exp(levels[v] / k_power);
  return k_power * std::log(sum / total_weight_);
}

double Calibration::weighted(const View& view, double level) const noexcept {
  return std::min(level + std::log(view.weight), cap_);
}

Calibration::Evidence Calibration::evidence(std::span<const double> levels) const noexcept {
  double largest = -std::numeric_limits<double>::infinity();
  for (std::size_t v = 0; v < views(); ++v) largest = std::max(largest, weighted(views_[v], levels[v]));
  return {weighted_mean(levels), power_mean(levels), largest};
}

double Calibration::combine(std::span<const double> levels) const noexcept { return combine(evidence(levels)); }

double Calibration::combine(const Evidence& found) const noexcept {
  switch (combiner_) {
    case Combiner::weighted_sum:
      return found[0];
    case Combiner::power_mean:
      return found[1];
    case Combiner::adaptive:
      if (evidence_[0].size() == 0) return found[1];
      break;
  }
  double sum = 0;
  for (std::size_t k = 0; k < found.size(); ++k) sum += std::exp(evidence_[k].level(found[k]) / k_power);
  return k_caution * k_power * std::log(sum / static_cast<double>(found.size()));
}

void Calibration::shares(std::span<const double> levels, std::span<double> shares) const noexcept {
  double sum = 0;
  for (std::size_t v = 0; v < views(); ++v) {
    shares[v] = std::max(0.0, contribution(views_[v], levels[v]) - contribution(views_[v], 0));
    sum += shares[v];
  }
  for (double& share : shares)
    if (sum > 0) share /= sum;
}

Judgement Calibration::judge(std::span<const double> raw, std::span<double> levels_out, bool learned) const noexcept {
  levels(raw, levels_out, learned);
  Judgement result;
  result.value = combine(levels_out);
  result.p_value = combined_.p_value(result.value);
  result.p_conformal = combined_.p_conformal(result.value);
  double worst = -std::numeric_limits<double>::infinity();
  for (std::size_t v = 0; v < views(); ++v) {
    const double part =
        combiner_ == Combiner::adaptive ? weighted(views_[v], levels_out[v]) : contribution(views_[v], levels_out[v]);
    if (part < worst) continue;
    worst = part;
    result.worst_view = v;
  }
  return result;
}

void Calibration::save(ProfileWriter& writer) const {
  for (const View& view : views_) {
    writer.write(view.name, view.upper.scores());
    if (view.sidedness != Sidedness::upper) writer.write(view.name + k_lower, view.lower.scores());
  }
  writer.write("noise", noise_);
  writer.write("combined", combined_.scores());
  for (std::size_t k = 0; evidence_[0].size() > 0 && k < evidence_.size(); ++k)
    writer.write(k_evidence[k], evidence_[k].scores());
  save_rule(writer, combined_.rule());
}

Calibration Calibration::load(const Recipe& recipe, const ProfileReader& reader) {
  const auto read = [&](const std::string& name) {
    std::vector<double> scores = reader.f64(name);
    reader.require(scores.size() >= 2, name, "fewer than two scores");
    reader.require(std::is_sorted(scores.begin(), scores.end()), name, "not ascending");
    return scores;
  };
  const std::vector<double> combined = read("combined");
  std::vector<std::vector<double>> upper, lower;
  std::size_t shortest = std::numeric_limits<std::size_t>::max();
  for (const ViewSpec& spec : recipe.views) {
    upper.push_back(read(spec.name));
    const bool has_lower = reader.has(spec.name + k_lower);
    lower.push_back(has_lower ? read(spec.name + k_lower) : negated(upper.back()));
    reader.require_size(spec.name + k_lower, lower.back().size(), upper.back().size());
    shortest = std::min(shortest, upper.back().size());
  }
  reader.require_size("combined", combined.size(), shortest);
  std::vector<double> noise;
  if (reader.has("noise")) {
    noise = reader.f64("noise");
    reader.require_size("noise", noise.size(), recipe.views.size());
  }
  Calibration result;
  const bool adapts = recipe.combiner == Combiner::adaptive && combined.size() >= k_fewest_adaptive;
  result.set_views(recipe, upper, lower, noise, adapts);
  result.combined_ = TailCalibration(combined, load_rule(reader));
  for (std::size_t k = 0; adapts && k < result.evidence_.size(); ++k) {
    const std::vector<double> scores = read(k_evidence[k]);
    reader.require_size(k_evidence[k], scores.size(), combined.size());
    result.evidence_[k] = TailCalibration(scores, TailRule::cautious);
  }
  return result;
}

}  // namespace v0
}  // namespace seqguard
