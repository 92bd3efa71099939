#include "seqguard/detection/number_profile.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <utility>

#include "detection/folds.hpp"
#include "seqguard/core/error.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

constexpr std::size_t k_most_normals = 5'000;
constexpr std::size_t k_neighbours = 5;
constexpr std::size_t k_folds = 4;
/// A spread below this share of the mean is rounding.
constexpr double k_least_spread = 1e-3;

double median_of(std::vector<double> known) {
  if (known.empty()) return 0;
  const auto middle = known.begin() + static_cast<std::ptrdiff_t>(known.size() / 2);
  std::nth_element(known.begin(), middle, known.end());
  return *middle;
}

}  // namespace

bool is_number_view(std::string_view name) noexcept {
  return name == k_numbers_view || name.starts_with(k_numbers_of) || name.starts_with(k_nearest_of);
}

NumberProfile::NumberProfile(std::vector<NumberBlock> blocks, std::span<const double> statistics)
    : blocks_(std::move(blocks)) {
  const std::size_t width = count_statistics(blocks_);
  if (width == 0 || statistics.empty() || statistics.size() % width != 0)
    fail(ErrorCode::invalid_argument, "number profile", "statistics",
         "a row of " + std::to_string(width) + " for each normal, one normal or more",
         std::to_string(statistics.size()));
  const std::size_t all = statistics.size() / width;
  normals_ = std::min(all, k_most_normals);
  statistics_.resize(width);
  for (std::size_t k = 0; k < normals_; ++k) {
    const auto row = statistics.subspan(k * all / normals_ * width, width);
    values_.insert(values_.end(), row.begin(), row.end());
  }
  for (std::size_t s = 0; s < width; ++s) {
    std::vector<double> known;
    for (std::size_t k = 0; k < normals_; ++k)
      if (!std::isnan(values_[k * width + s])) known.push_back(values_[k * width + s]);
    statistics_[s].median = median_of(known);
  }
  for (std::size_t i = 0; i < values_.size(); ++i)
    if (std::isnan(values_[i])) values_[i] = statistics_[i % width].median;
  build();
}

void NumberProfile::build() {
  const std::size_t width = statistics_.size();
  for (std::size_t s = 0; s < width; ++s) {
    Statistic& statistic = statistics_[s];
    statistic.sorted.clear();
    for (std::size_t k = 0; k < normals_; ++k) statistic.sorted.push_back(values_[k * width + s]);
    std::sort(statistic.sorted.begin(), statistic.sorted.end());
    const auto n = static_cast<double>(normals_);
    // About the middle one: the mean of equal values is that value, without rounding.
    const double middle = statistic.sorted[normals_ / 2];
    double sum = 0, squares = 0;
    for (const double x : statistic.sorted) sum += x - middle;
    statistic.mean = middle + sum / n;
    for (const double x : statistic.sorted) squares += (x - statistic.mean) * (x - statistic.mean);
    statistic.deviation =
        std::max(std::sqrt(squares / n), k_least_spread * std::max(k_least_spread, std::abs(statistic.mean)));
  }
  positions_.clear();
  for (const NumberBlock& block : blocks_)
    for (std::size_t k = 0; k < normals_; ++k)
      for (std::size_t s = block.first; s < block.first + block.statistics.size(); ++s)
        positions_.push_back(static_cast<float>(position(statistics_[s], values_[k * width + s])));
}

double NumberProfile::position(const Statistic& statistic, double x) const {
  const auto [low, high] = std::equal_range(statistic.sorted.begin(), statistic.sorted.end(), x);
  const double rank = 0.5 * static_cast<double>((low - statistic.sorted.begin()) + (high - statistic.sorted.begin()));
  const double share = (rank + 0.5) / (static_cast<double>(normals_) + 1);
  return std::log(share / (1 - share));
}

double NumberProfile::nearest(const NumberBlock& block, std::span<const double> position) const {
  const std::size_t width = block.statistics.size();
  const float* normal = positions_.data() + block.first * normals_;
  std::array<double, k_neighbours> best;  // ascending
  std::size_t found = 0;
  for (std::size_t k = 0; k < normals_; ++k, normal += width) {
    double distance = 0;
    for (std::size_t s = 0; s < width; ++s) distance += std::abs(position[s] - normal[s]);
    if (found == k_neighbours && distance >= best.back()) continue;
    std::size_t at = found < k_neighbours ? found++ : k_neighbours - 1;
    for (; at > 0 && best[at - 1] > distance; --at) best[at] = best[at - 1];
    best[at] = distance;
  }
  return std::accumulate(best.begin(), best.begin() + static_cast<std::ptrdiff_t>(found), 0.0) /
         static_cast<double>(found * width);
}

std::vector<std::string> NumberProfile::views(const std::vector<NumberBlock>& blocks) {
  std::vector<std::string> names;
  if (blocks.empty()) return names;
  names.emplace_back(k_numbers_view);
  for (const NumberBlock& block : blocks) {
    names.push_back(std::string(k_numbers_of) + block.column);
    names.push_back(std::string(k_nearest_of) + block.column);
  }
  return names;
}

void NumberProfile::append_scores(const EncodedEvents& events, NumberScratch& scratch, std::vector<double>& out) const {
  if (empty()) return;
  scratch.statistics.clear();
  append_statistics(blocks_, events, scratch, scratch.statistics);
  append_scores_of(scratch.statistics, scratch, out);
}

void NumberProfile::append_scores_of(std::span<const double> statistics, NumberScratch& scratch,
                                     std::vector<double>& out) const {
  const std::size_t joint = out.size();
  out.push_back(0);
  for (const NumberBlock& block : blocks_) {
    scratch.position.clear();
    double sum = 0;
    for (std::size_t s = block.first; s < block.first + block.statistics.size(); ++s) {
      const double x = std::isnan(statistics[s]) ? statistics_[s].median : statistics[s];
      sum += deviation(s, x);
      scratch.position.push_back(position(statistics_[s], x));
    }
    out[joint] += sum;
    out.push_back(sum / static_cast<double>(block.statistics.size()));
    out.push_back(nearest(block, scratch.position));
  }
  out[joint] /= static_cast<double>(statistics_.size());
}

double NumberProfile::quantile(std::size_t statistic, double share) const {
  const std::vector<double>& sorted = statistics_[statistic].sorted;
  return sorted[static_cast<std::size_t>(std::lround(share * static_cast<double>(sorted.size() - 1)))];
}

double NumberProfile::deviation(std::size_t statistic, double x) const {
  if (std::isnan(x)) return 0;
  return std::abs(x - statistics_[statistic].mean) / statistics_[statistic].deviation;
}

void NumberProfile::save(ProfileWriter& writer) const {
  std::vector<double> medians;
  for (const Statistic& statistic : statistics_) medians.push_back(statistic.median);
  writer.write("medians", medians);
  writer.write("values", values_);
}

NumberProfile NumberProfile::load(std::vector<NumberBlock> blocks, const ProfileReader& reader) {
  NumberProfile result;
  result.blocks_ = std::move(blocks);
  const std::size_t width = count_statistics(result.blocks_);
  const std::vector<double> medians = reader.f64("medians");
  reader.require(width > 0, "medians", "event_schema.json has no column that numbers are made of");
  reader.require_size("medians", medians.size(), width);
  result.values_ = reader.f64("values");
  result.normals_ = result.values_.size() / width;
  reader.require(result.normals_ > 0 && result.normals_ <= k_most_normals, "values",
                 "not 1 to " + std::to_string(k_most_normals) + " normals");
  reader.require_size("values", result.values_.size(), result.normals_ * width);
  result.statistics_.resize(width);
  for (std::size_t s = 0; s < width; ++s) result.statistics_[s].median = medians[s];
  result.build();
  return result;
}

std::vector<double> out_of_fold_numbers(const std::vector<NumberBlock>& blocks, std::span<const double> statistics,
                                        std::uint64_t seed, Executor& executor) {
  const std::size_t width = count_statistics(blocks), n = statistics.size() / width,
                    views = NumberProfile::views(blocks).size();
  const std::vector<std::uint32_t> fold = checked_folds(n, k_folds, seed);
  std::vector<double> result(n * views);
  executor.run(k_folds, [&](std::size_t f, std::size_t) {
    std::vector<double> others, scores;
    for (std::size_t i = 0; i < n; ++i)
      if (fold[i] != f) {
        const auto row = statistics.subspan(i * width, width);
        others.insert(others.end(), row.begin(), row.end());
      }
    const NumberProfile profile(blocks, others);
    NumberScratch scratch;
    for (std::size_t i = 0; i < n; ++i) {
      if (fold[i] != f) continue;
      scores.clear();
      profile.append_scores_of(statistics.subspan(i * width, width), scratch, scores);
      std::copy(scores.begin(), scores.end(), result.begin() + static_cast<std::ptrdiff_t>(i * views));
    }
  });
  return result;
}

}  // namespace v0
}  // namespace seqguard
