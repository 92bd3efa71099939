#include "sequence_scorer/number_view_words.hpp"

#include <cmath>
#include <vector>

#include "sequence_scorer/number_words.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

struct Place {
  const NumberBlock* block = nullptr;
  std::size_t statistic = 0;  ///< of the sequence
  double deviation = 0;
};

/// The statistic that deviates most, of one column or (empty name) of all.
Place oddest(const NumberProfile& numbers, const std::vector<double>& statistics, std::string_view column) {
  Place best;
  for (const NumberBlock& block : numbers.blocks()) {
    if (!column.empty() && block.column != column) continue;
    for (std::size_t s = block.first; s < block.first + block.statistics.size(); ++s) {
      const double deviation = numbers.deviation(s, statistics[s]);
      if (best.block == nullptr || deviation > best.deviation) best = {&block, s, deviation};
    }
  }
  return best;
}

std::string name_of(NumberStatistic statistic) {
  switch (statistic) {
    case NumberStatistic::missing:
      return "share of missing values";
    case NumberStatistic::mean:
      return "mean (of logarithms)";
    case NumberStatistic::spread:
      return "spread (of logarithms)";
    case NumberStatistic::smallest:
      return "smallest value";
    case NumberStatistic::quartile1:
      return "first quartile";
    case NumberStatistic::median:
      return "median";
    case NumberStatistic::quartile3:
      return "third quartile";
    case NumberStatistic::ninety:
      return "90 % quantile";
    case NumberStatistic::largest:
      return "largest value";
    case NumberStatistic::trend:
      return "trend from the first to the last half (of logarithms)";
    case NumberStatistic::distinct:
      return "number of distinct values";
    case NumberStatistic::changes:
      return "share of the steps at which it changes";
  }
  return "statistic";
}

/// As the data have it: numbers were transformed for the encoder, gaps are logarithms of seconds.
std::string value_words(const EventSchema& schema, const NumberBlock& block, NumberStatistic statistic, double x) {
  switch (statistic) {
    case NumberStatistic::missing:
    case NumberStatistic::changes:
      return percent_words(x);
    case NumberStatistic::spread:
    case NumberStatistic::trend:
      return short_number(x);
    case NumberStatistic::distinct:
      return std::to_string(std::lround(std::exp(x)));
    default:
      break;
  }
  if (block.source == NumberBlock::Source::gaps) return duration_words(1000 * std::expm1(x));
  const NumericTransform& transform = schema.columns[block.index].transform;
  constexpr double k_rounding = 1e-6;  // the encoder's numbers are floats: a 0 comes back as about 1e-7
  double logarithm = x * transform.std + transform.mean;
  if (std::abs(logarithm) < k_rounding) logarithm = 0;
  return short_number(std::copysign(std::expm1(std::abs(logarithm)), logarithm));
}

}  // namespace

std::string number_view_words(const ViewFacts& facts, const std::string& view, double raw) {
  const NumberProfile& numbers = facts.model.numbers;
  NumberScratch scratch;
  std::vector<double> statistics;
  append_statistics(numbers.blocks(), facts.encoded, scratch, statistics);
  const std::string column = view == k_numbers_view ? "" : view.substr(view.find(':') + 1);
  const Place place = oddest(numbers, statistics, column);
  const NumberBlock& block = *place.block;
  const NumberStatistic statistic = block.statistics[place.statistic - block.first];
  const auto words = [&](double x) { return value_words(facts.model.schema, block, statistic, x); };
  const std::string what =
      block.source == NumberBlock::Source::gaps ? "the time between events" : "column \"" + block.column + "\"";
  const std::string whom = count_words(numbers.normals(), "normal sequence");
  std::string text;
  if (view.starts_with(k_nearest_of))
    text = what + " as a whole: distance " + short_number(raw) + " to the nearest of " + whom;
  else
    text = (column.empty() ? "the numbers of the sequence are " : what + " as a whole is ") + short_number(raw) +
           " deviations from the mean of " + whom + " on average";
  if (std::isnan(statistics[place.statistic])) return text;
  const std::string low = words(numbers.quantile(place.statistic, 0.01)),
                    high = words(numbers.quantile(place.statistic, 0.99));
  return text + "; oddest: " + (column.empty() ? what + ", " : "") + name_of(statistic) + " " +
         words(statistics[place.statistic]) + " (98 % of them: " + (low == high ? low : low + " to " + high) + ")";
}

}  // namespace v0
}  // namespace seqguard
