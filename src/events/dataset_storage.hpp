// What a data set is made of, and how it is built row by row.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "seqguard/core/secret_hash.hpp"
#include "seqguard/events/dataset.hpp"
#include "seqguard/events/reader.hpp"

namespace seqguard {

/// Texts that stay where they are; equal ones are kept once.
class StringPool {
 public:
  std::string_view keep(std::string_view text);
  /// Memory that it takes.
  std::size_t bytes() const noexcept { return 48 * known_.size() + bytes_; }

 private:
  std::vector<std::unique_ptr<char[]>> chunks_;
  std::size_t left_ = 0, bytes_ = 0;
  char* next_ = nullptr;
  std::unordered_set<std::string_view, SecretHash> known_;
};

/// The values of one column for all events; only the vector of its kind is used.
struct ColumnValues {
  std::vector<std::string_view> texts;
  std::vector<float> numbers;
};

/// Bytes [offset, offset + size) of Storage::raw.
struct RawSlice {
  std::size_t offset = 0;
  std::size_t size = 0;
};

struct Dataset::Storage {
  DataFormat format = DataFormat::lines;
  std::vector<DataColumn> columns;
  std::size_t primary = 0;
  std::string key_column, order_column, time_column, time_unit = "ms";
  std::size_t order_field = 0;

  StringPool pool;
  std::vector<DataSequence> sequences;
  std::vector<RawSlice> leads;
  std::vector<ColumnValues> values;  // per column, in the order of the events
  std::vector<std::int64_t> times;
  std::vector<std::uint64_t> rows;
  std::vector<std::string_view> orders;
  std::vector<RawSlice> slices;
  std::string head, raw;
  std::vector<ColumnView> views;  // sequences x columns

  RejectReport rejected;
  std::uint64_t blank_lines = 0;
  std::vector<std::string> ignored;

  /// Notes a bad row. @throws Error bad_event if strict.
  void reject(std::uint64_t line, std::string reason, const ReadOptions& options);
  /// Copies the bytes of a row into `raw`.
  RawSlice keep_raw(std::string_view bytes);
  /// @throws Error bad_format: the data take far more memory than their `bytes` in the file.
  void check_memory(std::size_t bytes) const;
  /// Groups the events (sequence numbers in file order) by sequence, sorts each by `order` (empty: file order), and
  /// makes the views.
  void finish(const std::vector<std::uint32_t>& sequence_of_event, const std::vector<long double>& order);

 private:
  void sort_events(const std::vector<std::uint32_t>& sequence_of_event, const std::vector<long double>& order);
};

/// The data set of a file of lines, and of a table.
std::unique_ptr<Dataset::Storage> read_lines(class LineReader& lines, const ReadOptions& options);
std::unique_ptr<Dataset::Storage> read_table(class LineReader& lines, DataFormat format, const ReadOptions& options);

}  // namespace seqguard
