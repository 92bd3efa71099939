// Inputs larger than memory: read once, then handed out as data sets that fit, each of whole sequences.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "seqguard/events/dataset.hpp"
#include "seqguard/events/reader.hpp"

namespace seqguard {
inline namespace v0 {

struct PartOptions {
  /// Bytes of rows that a data set may hold; with its columns and what is made of them it takes some five times as
  /// much.
  std::uint64_t part_bytes = std::uint64_t{200} << 20;
  std::uint64_t buffer_bytes = std::uint64_t{128} << 20;  ///< of rows kept in memory; more of them go to a file
  std::string folder;      ///< of that file, which nobody else sees and which goes with the process; "": TMPDIR or /tmp
  std::uint64_t seed = 1;  ///< which sequences come into the same part
};

/// All rows of a source, by the sequences that they belong to. Its columns are inferred from the first 20,000 rows, as
/// by read_events(). Reading it is thread-safe.
class EventParts {
 public:
  /// Reads all of the source. `options` as of read_events(); a schema must outlive this.
  /// @throws Error as read_events(); io_error: no room for the rows in the folder.
  EventParts(RowSource& source, const ReadOptions& options, const PartOptions& parts = {});
  ~EventParts();
  EventParts(EventParts&&) noexcept;
  EventParts& operator=(EventParts&&) noexcept;

  std::size_t size() const noexcept;     ///< number of parts; at least 1
  std::uint64_t bytes() const noexcept;  ///< of all rows as they are kept here
  std::uint64_t rows() const noexcept;   ///< bad ones included
  bool is_on_disk() const noexcept;

  /// The sequences of a part, by their first rows in the source; those of different parts lie among each other there.
  /// What is said of the source as a whole is said of part 0.
  /// @throws Error bad_format: a part of one 1024th of all keys is larger than part_bytes; as read_events().
  Dataset read(std::size_t part) const;

  /// Some of the sequences of all parts: by key, or by line (DataSequence) where a line is a sequence.
  Dataset read_only(std::span<const std::string> keys, std::span<const std::uint64_t> lines) const;

  /// A sample of the sequences, the same for a seed, of at most so many bytes of rows: by 1024ths of the keys, of which
  /// those that do not fit any more are passed over. `share` becomes its share of the bytes.
  /// @throws Error bad_format: not even the least of them fits.
  Dataset read_sample(std::uint64_t most_bytes, double& share) const;

 private:
  struct Rows;
  std::unique_ptr<Rows> rows_;
};

}  // namespace v0
}  // namespace seqguard
