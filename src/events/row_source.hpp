// Rows of a table, one after another: CSV (RFC 4180) or tab-separated fields.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "events/line_reader.hpp"
#include "seqguard/events/dataset.hpp"

namespace seqguard {

/// Splits one CSV record without its line end. Quoted fields are unescaped into `buffer`, the others are views of
/// `record`. Returns what is wrong, or an empty text.
std::string split_csv(std::string_view record, std::size_t max_fields, std::string& buffer,
                      std::vector<std::string_view>& fields);

/// Splits at tabs.
std::string split_tabs(std::string_view record, std::size_t max_fields, std::vector<std::string_view>& fields);

/// Without "\n" or "\r\n" at the end.
std::string_view without_line_end(std::string_view text);

/// What makes a line unreadable whatever its format: too long, NUL, invalid UTF-8. Empty if nothing.
std::string line_problem(std::string_view text, bool too_long, std::size_t max_line_bytes);

class RowSource {
 public:
  RowSource(LineReader& lines, DataFormat format, std::size_t max_fields, std::size_t max_line_bytes)
      : lines_(lines), format_(format), max_fields_(max_fields), max_line_bytes_(max_line_bytes) {}

  /// Goes to the next row that is not blank; false at the end.
  bool next();
  /// What is wrong with the row, or empty; then fields() are valid until the next call of next().
  const std::string& problem() const { return problem_; }
  const std::vector<std::string_view>& fields() const { return fields_; }
  std::string_view raw() const { return lines_.text(); }
  std::uint64_t line() const { return lines_.line(); }
  std::uint64_t blank_lines() const { return blank_lines_; }

 private:
  std::string_view record() const;
  void join_quoted_lines();
  void split();

  LineReader& lines_;
  DataFormat format_;
  std::size_t max_fields_, max_line_bytes_;
  std::string problem_, buffer_;
  std::vector<std::string_view> fields_;
  std::uint64_t blank_lines_ = 0;
  /// Last line of the records given up so far. A quote was open at the end of each line before it, so another record
  /// with a quote open there has the same end: it is given up too, and joining takes linear time on any input.
  std::uint64_t given_up_ = 0;
};

}  // namespace seqguard
