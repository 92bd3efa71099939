// What the numbers, the gaps and the further columns of a sequence come to as a whole.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "seqguard/events/encode.hpp"
#include "seqguard/events/schema.hpp"

namespace seqguard {
inline namespace v0 {

/// A statistic of one column over a sequence. Of numeric columns the values are those that the encoder reads
/// (NumericTransform), of gaps log(1 + seconds).
enum class NumberStatistic {
  missing,  ///< share of the events without a number; of gaps, those unknown or negative
  mean,
  spread,  ///< standard deviation
  smallest,
  quartile1,
  median,
  quartile3,
  ninety,  ///< 90 % quantile
  largest,
  trend,     ///< mean of the last half minus mean of the first half
  distinct,  ///< of a categorical column: log of the number of distinct values
  changes,   ///< of a categorical column: share of the steps at which the value changes
};

/// The statistics of one column: [first, first + statistics.size()) of the numbers of a sequence.
struct NumberBlock {
  enum class Source { numeric, gaps, categorical };
  std::string column;
  Source source = Source::numeric;
  std::size_t index = 0;  ///< of the column in the schema; of gaps 0
  std::size_t first = 0;
  std::vector<NumberStatistic> statistics;
};

/// A block for each column but the primary one, and one for the gaps, in the order of the schema. None for sequences
/// of one column without times.
std::vector<NumberBlock> number_blocks(const EventSchema& schema);
/// Numbers of a sequence: the sum of the sizes of the blocks.
std::size_t count_statistics(const std::vector<NumberBlock>& blocks);

/// Buffers of one thread.
struct NumberScratch {
  std::vector<double> values, sorted;
  std::vector<std::int32_t> ids;
  std::vector<double> statistics, position;
};

/// Appends the numbers of a sequence to `out`, NaN where there is none: no value, fewer than two for spread and trend.
/// Quantiles are linear between the two nearest values.
void append_statistics(const std::vector<NumberBlock>& blocks, const EncodedEvents& events, NumberScratch& scratch,
                       std::vector<double>& out);

}  // namespace v0
}  // namespace seqguard
