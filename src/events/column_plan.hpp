// Which field of a table is what, by the names and values of its columns.
#pragma once

#include <span>

#include "seqguard/events/event_row.hpp"
#include "seqguard/events/reader.hpp"

namespace seqguard {
inline namespace v0 {

/// By names and values of the first rows (rules: reader.hpp); lines of events have only one plan.
/// @throws Error bad_format: no key, a named column that is absent, nothing categorical; invalid_argument: a request
/// that contradicts itself.
ColumnPlan infer_plan(const SourceInfo& source, std::span<const SourceRow> sample, const ReadOptions& options);

}  // namespace v0
}  // namespace seqguard
