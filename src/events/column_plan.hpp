// Which field of a table is what.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "seqguard/events/dataset.hpp"
#include "seqguard/events/reader.hpp"

namespace seqguard {

/// A header cell.
struct HeaderCell {
  std::string name;
  std::optional<ColumnKind> kind;  ///< from a RecBole type: token, float
  std::string unusable;            ///< a RecBole type that is not read (token_seq, float_seq), else empty
};

/// Names from a header row. @throws Error bad_format: an empty name, a name twice.
std::vector<HeaderCell> read_header(const std::vector<std::string_view>& fields, DataFormat format,
                                    const std::string& file);

struct ColumnPlan {
  std::vector<DataColumn> columns;
  std::size_t primary = 0;
  std::size_t key = 0;
  std::optional<std::size_t> order, time;
  std::string time_unit = "ms";
  std::vector<std::string> ignored;
};

/// The fields of the first rows, column by column: sample[field][row].
using ColumnSample = std::vector<std::vector<std::string>>;

/// As the schema says. @throws Error bad_format naming a column that the header lacks.
ColumnPlan plan_from_schema(const std::vector<HeaderCell>& header, const EventSchema& schema, const std::string& file);

/// By names and values (rules: reader.hpp). @throws Error bad_format: no key, a named column that is absent, nothing
/// categorical; invalid_argument: a request that contradicts itself.
ColumnPlan infer_plan(const std::vector<HeaderCell>& header, const ColumnSample& sample, const ReadOptions& options,
                      const std::string& file);

}  // namespace seqguard
