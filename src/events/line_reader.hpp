// Physical lines of a file or of memory, unpacked, with bounded memory, and a way to join and to separate them again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "events/byte_source.hpp"
#include "seqguard/events/reader.hpp"

namespace seqguard {
inline namespace v0 {

class LineReader {
 public:
  /// "-" reads standard input. Of the options the limits are looked at. @throws Error file_not_found, io_error, and
  /// what unpack() throws.
  LineReader(const std::string& path, const ReadOptions& options);
  /// Reads from memory, which must outlive the reader.
  LineReader(std::string_view text, std::string name, const ReadOptions& options);

  /// Goes to the line after the current record; false at the end of the input.
  bool next();
  /// Adds the following line to the record; false (nothing added) at the end or beyond max_line_bytes.
  bool extend();
  /// Takes all lines but the first out of the record again: next() will find them.
  void shrink();

  /// Back to the beginning of the input; allowed once, for a reader that has looked at the first lines. Until then all
  /// bytes are kept that were read since keep_from_start().
  void keep_from_start() { keeps_ = true; }
  void rewind();

  /// The first lines, `most` at most, that are no comments ("#") and not blank, without white space in front; cut off
  /// at max_line_bytes, and looked for within 1 MiB. The reader stands at the beginning again.
  std::vector<std::string> first_lines(std::size_t most);

  /// The record with its line end; cut off at max_line_bytes if too_long().
  std::string_view text() const { return std::string_view(buffer_).substr(begin_, end_ - begin_); }
  /// text() without its line end and, at the beginning of the file, without a byte order mark.
  std::string_view content() const;
  bool too_long() const { return too_long_; }
  /// What makes the record unreadable whatever its format: too long, NUL, invalid UTF-8. Empty if nothing.
  std::string problem() const;
  std::uint64_t line() const { return line_; }  ///< of the record's first line, from 1
  const std::string& name() const { return name_; }
  Compression compression() const { return input_.compression; }
  /// Of a file, before it is unpacked (ByteSource).
  std::uint64_t bytes_read() const noexcept { return file_->bytes_read(); }
  std::uint64_t bytes_in_all() const noexcept { return file_->bytes_in_all(); }

 private:
  LineReader(std::unique_ptr<ByteSource> bytes, std::string name, const ReadOptions& options);
  bool fill();
  bool find_end(std::size_t from, std::size_t& end);
  void skip_rest_of_line();

  std::string name_;
  std::size_t max_line_bytes_;
  bool at_end_ = false, too_long_ = false, keeps_ = false;
  const ByteSource* file_;  // owned by input_
  UnpackedBytes input_;
  std::string buffer_;
  std::size_t begin_ = 0, end_ = 0, first_end_ = 0;  // of the record and of its first line, in buffer_
  std::uint64_t line_ = 0, lines_in_record_ = 0;
};

}  // namespace v0
}  // namespace seqguard
