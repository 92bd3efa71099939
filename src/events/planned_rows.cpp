#include "events/planned_rows.hpp"

#include <algorithm>
#include <chrono>
#include <span>
#include <string>
#include <utility>

#include "events/column_plan.hpp"
#include "events/reading_choices.hpp"
#include "seqguard/core/error.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

/// Lines have no columns that could be named.
void refuse_table_options(const SourceInfo& source, const ReadOptions& options) {
  std::string names;
  const bool is_free = options.schema == nullptr;
  for (const auto& [name, is_given] : {std::pair{"--key", is_free && !options.key.empty()},
                                       {"--order", is_free && !options.order.empty()},
                                       {"--time", is_free && !options.time.empty()},
                                       {"--columns", is_free && !options.columns.empty()},
                                       {"--missing", !options.missing.empty()},
                                       {"--time-format", !options.time_format.empty()},
                                       {"--date-order", options.date_order != DateOrder::unknown}})
    if (is_given) names += (names.empty() ? "" : ", ") + std::string(name);
  if (!names.empty())
    fail(ErrorCode::invalid_argument, source.name,
         "read as lines of events, which have no named columns: " + names +
             " would have no effect; a table is read with --format csv, recbole or jsonl");
}

/// Reports after every 16 MiB of the input.
class ReadingProgress {
 public:
  ReadingProgress(const RowSource& source, ProgressSink sink)
      : source_(source), sink_(sink), start_(std::chrono::steady_clock::now()) {}

  void after_row() {
    constexpr std::uint64_t k_rows = 4096;
    if (sink_.callback == nullptr || ++rows_ % k_rows != 0) return;
    if (source_.bytes_read() >= reported_ + k_step) report();
  }
  void at_end() {
    if (reported_ > 0) report();
  }

 private:
  static constexpr std::uint64_t k_step = std::uint64_t{16} << 20, k_mega = 1'000'000;

  void report() {
    reported_ = source_.bytes_read();
    const std::uint64_t all = std::max(source_.bytes_in_all(), reported_);
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
    if (!sink_.report({.phase = "reading, MB",
                       .done = static_cast<std::size_t>(reported_ / k_mega),
                       .total = static_cast<std::size_t>(all / k_mega),
                       .seconds = seconds}))
      fail(ErrorCode::cancelled, source_.info().name, "reading was stopped on request");
  }

  const RowSource& source_;
  ProgressSink sink_;
  std::chrono::steady_clock::time_point start_;
  std::uint64_t rows_ = 0, reported_ = 0;
};

}  // namespace

PlannedRows::PlannedRows(RowSource& source, const ReadOptions& options) : source_(source), options_(options) {
  const bool is_lines = source.info().format == DataFormat::lines;
  if (is_lines) refuse_table_options(source.info(), options);
  if (options.schema == nullptr && !is_lines) sample_.emplace(source);
  plan_ = options.schema != nullptr
              ? plan_from_schema(source.info(), *options.schema)
              : infer_plan(source.info(), sample_ ? sample_->rows() : std::span<const SourceRow>(), options);
  if (options.schema != nullptr && !is_lines) take_given(options, plan_);
  // Rows that a model has put right are written back: all of them.
  const bool is_written_back = options.schema != nullptr && options.keep_raw;
  if (!is_written_back)
    plan_.reading.cleaning =
        cleaning_from_string(options.schema != nullptr ? options.schema->cleaning : options.cleaning);
}

void PlannedRows::for_each(FunctionRef<void(const SourceRow&)> work) {
  ReadingProgress progress(source_, options_.progress);
  if (sample_)
    for (const SourceRow& row : sample_->rows()) work(row);
  sample_.reset();
  for (SourceRow row; source_.next(row);) {
    work(row);
    progress.after_row();
  }
  progress.at_end();
}

}  // namespace v0
}  // namespace seqguard
