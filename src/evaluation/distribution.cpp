#include <algorithm>
#include <cmath>
#include <numeric>

#include "seqguard/evaluation/exploration.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

constexpr std::size_t k_most_bins = 40;
constexpr int k_bins_per_decade = 4;

/// 1, 2 or 5 times a power of ten, at least `least`.
double round_step(double least) {
  const double power = std::pow(10.0, std::floor(std::log10(least)));
  for (const double factor : {1.0, 2.0, 5.0})
    if (factor * power >= least * (1 - 1e-12)) return factor * power;
  return 10 * power;
}

void count_into(std::vector<Bin>& bins, const std::vector<double>& sorted) {
  auto bin = bins.begin();
  for (const double value : sorted) {
    while (value >= bin->high && bin + 1 != bins.end()) ++bin;
    if (value >= bin->low && value < bin->high) ++bin->count;
  }
}

std::vector<Bin> linear_bins(double least, double largest, bool whole) {
  const double width = largest - least;
  double step = width > 0 ? round_step(width / static_cast<double>(k_most_bins)) : 1;
  if (whole) step = std::max(1.0, step);
  const double begin = std::floor(least / step) * step;
  const auto count = static_cast<std::size_t>(std::floor((largest - begin) / step)) + 1;
  std::vector<Bin> bins(count);
  for (std::size_t i = 0; i < count; ++i)
    bins[i] = {begin + static_cast<double>(i) * step, begin + static_cast<double>(i + 1) * step, 0};
  bins.back().high = std::max(bins.back().high, std::nextafter(largest, HUGE_VAL));  // whatever was rounded
  return bins;
}

std::vector<Bin> log_bins(double least, double largest) {
  const auto place = [](double value) { return static_cast<int>(std::floor(k_bins_per_decade * std::log10(value))); };
  const auto edge = [](int i) { return std::pow(10.0, static_cast<double>(i) / k_bins_per_decade); };
  std::vector<Bin> bins;
  for (int i = place(least); i <= place(largest); ++i) bins.push_back({edge(i), edge(i + 1), 0});
  bins.front().low = std::min(bins.front().low, least);  // the logarithm may have been rounded
  bins.back().high = std::max(bins.back().high, std::nextafter(largest, HUGE_VAL));
  return bins;
}

}  // namespace

Distribution describe(std::vector<double> values, Scale scale, bool whole) {
  Distribution d;
  d.count = values.size();
  if (values.empty()) return d;
  std::sort(values.begin(), values.end());
  const auto at = [&](double q) {
    return values[static_cast<std::size_t>(q * static_cast<double>(values.size() - 1))];
  };
  d.min = at(0);
  d.lower_quartile = at(0.25);
  d.median = at(0.5);
  d.upper_quartile = at(0.75);
  d.p90 = at(0.9);
  d.p99 = at(0.99);
  d.max = at(1);
  d.mean = std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
  d.zeros = static_cast<std::size_t>(std::count(values.begin(), values.end(), 0.0));
  d.is_log = scale == Scale::log || (scale == Scale::automatic && d.min >= 0 && d.max > 50 * d.median && d.median > 0);
  if (!d.is_log) {
    const double low = at(0.005), high = at(0.995);
    const bool has_tails = d.max - d.min > 4 * (high - low) && high > low;
    d.bins = has_tails ? linear_bins(low, high, whole) : linear_bins(d.min, d.max, whole);
  } else if (const auto positive = std::upper_bound(values.begin(), values.end(), 0.0); positive != values.end()) {
    d.bins = log_bins(*positive, values.back());
  }
  if (d.bins.empty()) return d;
  count_into(d.bins, values);
  if (d.is_log) return d;
  d.outside = d.count;
  for (const Bin& bin : d.bins) d.outside -= bin.count;
  return d;
}

}  // namespace v0
}  // namespace seqguard
