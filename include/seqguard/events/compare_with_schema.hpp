// Whether data are what a schema was fitted on: units, scales, columns that are there, values that are known.
//
//   const auto scorer = SequenceScorer::load("model");
//   const Dataset data = read_events("today.csv", {.schema = scorer.schema().get()});
//   for (const DataFinding& finding : compare_with_schema(data, *scorer.schema())) log(finding.message);
#pragma once

#include <vector>

#include "seqguard/events/data_finding.hpp"
#include "seqguard/events/dataset.hpp"
#include "seqguard/events/schema.hpp"

namespace seqguard {
inline namespace v0 {

/// Holds a data set against the schema under which it was read (ReadOptions::schema). Looked for, each at most once a
/// column (the bounds with their reasons stand in the source):
/// - time_unit: at least half of the times lie outside 1980 .. 2099 as they are read, and would lie within it in
///   another unit;
/// - gap_scale: all three quartiles of the gaps above 0 are at least 100 times those at the fit, or at most 1/100;
/// - value_scale: likewise those of the sizes of a numeric column's values that are not 0, by a factor of 30; or values
///   that are not 0, in a column that always was, more of them than chance explains;
/// - missing: at least 95 % of a column is missing (an empty text, no number, no time), at the fit at most 5 % was;
/// - vocabulary: at least 90 % of a column's values are unknown, while the fit let expect at most half.
/// All but time_unit need 10 values of 3 sequences, a scale that is compared 10 sequences. Schemas of files that do not
/// say what was seen at the fit (SeenSizes) are held against the rest. Thread-safe.
/// @throws Error bad_format: other columns than the schema's.
std::vector<DataFinding> compare_with_schema(const Dataset& data, const EventSchema& schema);

}  // namespace v0
}  // namespace seqguard
