// The rows of a source, and what its columns mean.
#pragma once

#include <optional>

#include "events/row_sample.hpp"
#include "seqguard/core/function_ref.hpp"
#include "seqguard/events/event_row.hpp"
#include "seqguard/events/reader.hpp"

namespace seqguard {
inline namespace v0 {

/// Columns are those of the schema, else inferred from the first rows. Borrows its arguments.
class PlannedRows {
 public:
  /// @throws Error as read_events() of a source.
  PlannedRows(RowSource& source, const ReadOptions& options);
  const ColumnPlan& plan() const noexcept { return plan_; }
  /// All rows, once; reports progress. @throws Error of `work`; cancelled; as RowSource::next().
  void for_each(FunctionRef<void(const SourceRow&)> work);

 private:
  RowSource& source_;
  const ReadOptions& options_;
  std::optional<RowSample> sample_;  // the rows that were looked at
  ColumnPlan plan_;
};

}  // namespace v0
}  // namespace seqguard
