// A data set, built event by event.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/secret_hash.hpp"
#include "events/dataset_storage.hpp"
#include "events/time_findings.hpp"
#include "seqguard/events/event_row.hpp"
#include "seqguard/events/reader.hpp"

namespace seqguard {
inline namespace v0 {

class DatasetBuilder {
 public:
  /// Of the options, keep_raw, strict, kept_rejects and the schema's vocabulary of events are looked at. `source` must
  /// outlive the builder.
  DatasetBuilder(const SourceInfo& source, const ColumnPlan& plan, const ReadOptions& options);

  /// Adds an event, or notes a bad row. @throws Error bad_event: a bad row, if strict; bad_format: the data take far
  /// more memory than their bytes in the source.
  void add(const EventRow& row);

  /// The data set, of all rows of the source; the builder is then spent. @throws Error bad_format as add().
  Dataset finish(const RowSource& source);

 private:
  void reject(std::uint64_t line, const std::string& problem);
  /// Index of the sequence that the event belongs to; begins a new one where there is none.
  std::size_t sequence_of(const EventRow& row);
  std::size_t begin_sequence(const EventRow& row);
  RawSlice keep_raw(std::string_view bytes);
  void keep_time(const EventRow& row);
  void note_values(const EventRow& row);
  void check_memory() const;
  /// The order that the events are to have: indices of rows; none if they have it already.
  std::vector<std::size_t> sorted_events() const;
  void sort_events();
  void make_views();

  std::unique_ptr<Dataset::Storage> out_;
  const SourceInfo& source_;
  bool keep_raw_, strict_, has_order_, has_time_, line_is_sequence_, knows_empty_events_;
  std::size_t kept_rejects_;
  const EventSchema* schema_;
  std::unordered_map<std::string_view, std::uint32_t, SecretHash> sequence_of_key_;
  std::vector<std::uint32_t> sequence_of_event_;  // in the order of the rows, then of the events
  std::vector<OrderKey> order_;                   // in the order of the rows; empty without order column
  RowsOfNote rows_of_note_;
  std::uint64_t line_ = 0;  // of the event that was added last
  std::size_t bytes_ = 0;   // of the rows that were added
};

}  // namespace v0
}  // namespace seqguard
