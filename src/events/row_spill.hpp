// Rows that do not fit into memory, in a temporary file that nobody else sees.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/descriptor.hpp"
#include "seqguard/events/row_source.hpp"

namespace seqguard {
inline namespace v0 {

/// Rows in groups, each in the order in which they were added. They are kept in memory until they reach a limit, then
/// all are written to one file whose name is removed as soon as it is open: it goes with the process, however that
/// ends. Not thread-safe; sources that rows() gave may be read at the same time.
class RowSpill {
 public:
  struct Limits {
    std::uint64_t most_in_memory = 0;
    bool keep_raw = false;  ///< RowOrigin::raw and lead as well
  };
  /// @param folder of the file; "": TMPDIR, or /tmp.
  RowSpill(std::string folder, std::size_t groups, const Limits& limits);
  ~RowSpill();

  /// @throws Error io_error: the file cannot be made or written, as when the disk is full.
  void add(std::size_t group, const SourceRow& row);
  /// There are no more rows: if some are on disk, all are, and take no memory. @throws Error likewise.
  void finish();

  std::size_t groups() const noexcept { return groups_.size(); }
  std::uint64_t bytes(std::size_t group) const noexcept { return groups_[group].bytes; }
  bool is_on_disk() const noexcept { return file_.has_value(); }

  /// The rows of some groups by their lines, those of a line as they were added; `info` is that of their source. The
  /// spill must outlive it and get no more rows. Reading them @throws Error io_error.
  std::unique_ptr<RowSource> rows(std::span<const std::size_t> groups, SourceInfo info,
                                  std::uint64_t blank_lines = 0) const;

 private:
  friend class SpilledGroup;
  struct Block {
    std::uint64_t offset = 0, size = 0;
  };
  struct Group {
    std::string tail;               // not yet on disk
    std::vector<std::size_t> ends;  // of the blocks that it is to become
    std::vector<Block> blocks;      // on disk, in order
    std::uint64_t bytes = 0;
  };

  void write_out();
  [[noreturn]] void fail_writing(std::string_view action) const;

  std::string folder_;
  std::vector<Group> groups_;
  Limits limits_;
  std::uint64_t in_memory_ = 0;
  std::optional<Descriptor> file_;
  std::uint64_t end_ = 0;  // of the file
};

}  // namespace v0
}  // namespace seqguard
