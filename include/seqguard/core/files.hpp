// Files and directories: whole-file reads with a limit, and saves that are complete or absent.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "seqguard/core/function_ref.hpp"

namespace seqguard {
inline namespace v0 {

/// The whole of a regular file (a symbolic link to one is followed; devices, pipes and directories are refused).
/// @throws Error file_not_found; io_error; bad_format if it is larger than max_bytes (named with both sizes), or a
/// pointer of Git LFS.
std::string read_file(const std::string& path, std::size_t max_bytes);

bool file_exists(const std::string& path);
bool directory_exists(const std::string& path);

/// Whether a symbolic link with this text is one of the Hub's cache, which holds each file of a snapshot as a link to
/// "../../blobs/<hexadecimal digits>" (more "../" in its subdirectories).
bool is_hub_link(std::string_view target) noexcept;
/// Passes everything but a symbolic link that is none of the Hub's cache, so that a foreign directory cannot name a
/// private file. @throws Error io_error.
void refuse_foreign_link(const std::string& path);

/// Replaces one file atomically: temporary file beside it, fsync, rename, fsync of the directory.
/// @throws Error io_error; the old file is then untouched.
void write_file_atomically(const std::string& path, std::string_view bytes);

/// SHA-256 as 64 lower-case hexadecimal digits.
std::string sha256(std::string_view bytes);
/// The same of a regular file, read in small blocks. @throws Error file_not_found, io_error.
std::string file_sha256(const std::string& path);

/// Builds a directory out of sight and publishes it in one step.
///
/// Files are written into a sibling DIR.tmp-<process>-<number> and synced; commit() renames it to DIR, or exchanges the
/// two atomically (renameat2 RENAME_EXCHANGE) where DIR exists and removes the old one. Files of an existing DIR that
/// were not written again are carried over, unless left out. Killed at any moment, DIR is the old or the new directory,
/// whole; what a killed process left beside it is removed by the next save. Two writers of one DIR do not disturb each
/// other: the last commit stays.
class DirectoryWriter {
 public:
  /// @throws Error io_error if the sibling cannot be created.
  explicit DirectoryWriter(std::string directory);
  ~DirectoryWriter();  ///< without commit(): removes the sibling, DIR is untouched
  DirectoryWriter(const DirectoryWriter&) = delete;
  DirectoryWriter& operator=(const DirectoryWriter&) = delete;

  /// Writes one file (a plain name without '/', of a file in a directory below it: DIRECTORY/NAME). @throws Error
  /// io_error, invalid_argument.
  void write(std::string_view name, std::string_view bytes);
  /// The same in pieces: `produce` hands them to its argument, in order. @throws Error likewise.
  void write(std::string_view name, FunctionRef<void(FunctionRef<void(std::string_view)>)> produce);
  /// Copies a file or a whole directory from elsewhere. A symbolic link must be one of the Hub's cache
  /// (is_hub_link()); its file is copied. @throws Error io_error: another link, a device, and as write().
  void copy(const std::string& from, std::string_view name);
  /// Files of an existing DIR for which this holds are not carried over; of several calls, any of them.
  void leave_out(std::function<bool(std::string_view name)> which) { left_out_.push_back(std::move(which)); }
  /// Files that are written from now on stand in this directory below, and are named DIRECTORY/NAME; "": no longer.
  void enter(std::string_view below) { below_ = below.empty() ? "" : std::string(below) + "/"; }
  /// What was written so far: name and SHA-256 of each file, in order; not what was copied.
  const std::vector<std::pair<std::string, std::string>>& written() const noexcept { return written_; }
  /// Publishes. @throws Error io_error, also where neither rename nor exchange works; DIR is then untouched.
  void commit();

 private:
  std::string place_of(const std::string& name) const;
  void carry_over();

  std::string directory_, temporary_, below_;
  std::vector<std::pair<std::string, std::string>> written_;
  std::vector<std::function<bool(std::string_view)>> left_out_;
  int lock_ = -1;  // on the sibling while this writer lives
  bool committed_ = false;
};

}  // namespace v0
}  // namespace seqguard
