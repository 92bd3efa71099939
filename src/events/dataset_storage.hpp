// What a data set is made of.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "core/secret_hash.hpp"
#include "seqguard/events/dataset.hpp"
#include "seqguard/events/event_row.hpp"

namespace seqguard {
inline namespace v0 {

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
  /// Texts that were kept lately, each in the one place that its bytes choose: most values of a file are met here, for
  /// a few instructions instead of SipHash and a walk through the table (a third of the time of reading a CSV file).
  /// Texts made to meet in one place cost what they cost without it.
  std::array<std::string_view, 4096> recent_ = {};
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

/// The place of a line of an input by that name, or of one of its files.
RowPlace place_of(std::span<const SourceFile> files, const std::string& name, std::uint64_t line);

struct Dataset::Storage {
  RowStyle style = DataFormat::lines;
  bool line_is_sequence = true;
  Compression compression = Compression::none;
  std::vector<DataColumn> columns;
  std::size_t primary = 0;
  std::string key_column, profile_key_column, order_column, time_column;
  ReadingChoices reading;
  std::vector<std::optional<UsualNumbers>> usual;  // of each column, where outliers are cleaned
  std::vector<SourceFile> files;                   // of several
  RowFields fields;

  StringPool pool;
  std::vector<DataSequence> sequences;
  std::vector<RawSlice> leads;
  std::vector<ColumnValues> values;  // per column, in the order of the events
  std::vector<std::int64_t> times;
  std::vector<std::int32_t> times_ns;  // empty: all 0
  std::vector<std::uint64_t> rows;
  std::vector<std::string_view> orders;
  std::vector<RawSlice> slices;
  std::string head, raw;
  std::vector<ColumnView> views;  // sequences x columns

  RejectReport rejected;
  std::vector<DataFinding> findings;
  std::uint64_t blank_lines = 0;
  std::vector<std::string> ignored;
};

}  // namespace v0
}  // namespace seqguard
