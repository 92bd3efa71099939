#include "seqguard/events/fit_schema.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "events/column_numbers.hpp"
#include "events/dependent_values.hpp"
#include "events/persistent_columns.hpp"
#include "events/seen_sizes.hpp"
#include "seqguard/core/error.hpp"
#include "seqguard/events/event_row.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

Vocabulary fit_vocabulary(const ColumnNumbers& column, bool is_primary, const SchemaOptions& options) {
  std::vector<ValueCount> counts;
  counts.reserve(column.texts.size());
  for (const std::string_view text : column.texts) counts.push_back({std::string(text), 0});
  for (const std::uint32_t number : column.of_event) ++counts[number].count;
  const std::uint64_t min_count = options.min_count > 0 ? options.min_count : automatic_min_count(counts.size());
  return Vocabulary::from_counts(counts, {min_count, options.max_values, is_primary});
}

/// Mean and deviation of sign(x) log(1 + |x|) over the values that are there; a constant column keeps deviation 1.
NumericTransform fit_transform(const Dataset& data, std::size_t column) {
  double sum = 0, squares = 0, count = 0;
  const auto each = [&](auto&& visit) {
    for (std::size_t s = 0; s < data.sequences().size(); ++s)
      for (const float value : data.view(s).columns[column].floats())
        if (std::isfinite(value)) visit(std::copysign(std::log1p(std::abs(static_cast<double>(value))), value));
  };
  each([&](double x) { sum += x, ++count; });
  NumericTransform transform;
  if (count == 0) return transform;
  transform.mean = sum / count;
  each([&](double x) { squares += (x - transform.mean) * (x - transform.mean); });
  const double deviation = std::sqrt(squares / count);
  if (deviation > 1e-6 * std::max(1.0, std::abs(transform.mean))) transform.std = deviation;
  return transform;
}

GapBuckets fit_gaps(const Dataset& data) {
  std::size_t positive = 0, short_gaps = 0;
  for (std::size_t s = 0; s < data.sequences().size(); ++s) {
    const std::span<const std::int64_t> times = data.view(s).time_ms;
    for (std::size_t i = 1; i < times.size(); ++i) {
      if (times[i] == k_no_time || times[i - 1] == k_no_time || times[i] <= times[i - 1]) continue;
      ++positive;
      short_gaps += times[i] < times[i - 1] + 1000;
    }
  }
  GapBuckets gap;
  if (2 * short_gaps > positive) {
    gap.unit_ms = 1;
    gap.per_octave = 1.57;  // 60 / log2(1 + 10 years / 1 ms)
  }
  return gap;
}

}  // namespace

EventSchema fit_schema(const Dataset& data, const SchemaOptions& options) {
  if (data.events() == 0) fail(ErrorCode::bad_format, data.rejected().file, "no events to learn a schema from");
  EventSchema schema;
  const ReadingChoices& reading = data.reading();
  schema.sequence = {data.key_column(), data.order_column(),       options.window,
                     options.stride,    data.profile_key_column(), reading.order.date_order};
  schema.missing = reading.missing;
  if (!reading.cleaning.only_report) schema.cleaning = to_string(reading.cleaning);
  schema.primary = data.primary();
  std::vector<ColumnNumbers> numbers;
  for (std::size_t c = 0; c < data.columns().size(); ++c) {
    const DataColumn& column = data.columns()[c];
    numbers.push_back(number_values(data, c));
    if (column.kind == ColumnKind::numeric)
      schema.columns.push_back(
          {column.name, column.kind, {}, fit_transform(data, c), {}, measure_values(data, c).seen});
    else
      schema.columns.push_back(
          {column.name, column.kind, fit_vocabulary(numbers[c], c == data.primary(), options), {}});
  }
  for (std::size_t c = 0; c < schema.columns.size(); ++c) schema.columns[c].usual = data.usual_numbers(c);
  fit_dependent_values(data, numbers, schema);
  fit_persistent_columns(data, numbers, schema);
  if (!data.time_column().empty())
    schema.time = TimeColumn{data.time_column(),      data.time_unit(),        fit_gaps(data),
                             measure_gaps(data).seen, reading.time.date_order, reading.time.format};
  check(schema);
  return schema;
}

}  // namespace v0
}  // namespace seqguard
