// Where data go: stdout, or a file that is replaced only when the new one is complete.
#pragma once

#include <cstdio>
#include <string>
#include <string_view>

namespace seqguard::cli {

/// A regular file is written beside its place (FILE.tmp-PID) and put there by commit(); without commit() it is removed
/// and FILE stays as it was. "-", devices and pipes are written to directly.
class Output {
 public:
  /// @throws Error io_error.
  explicit Output(const std::string& path);
  ~Output();
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  void write(std::string_view bytes);
  /// Hands over what was written so far (pipes that answer line by line).
  void flush();
  /// Everything was written: flushes, syncs, renames. @throws Error io_error, e.g. no space left.
  void commit();

  const std::string& name() const noexcept { return name_; }  ///< for messages

 private:
  [[noreturn]] void fail_writing() const;

  std::string name_, target_, temporary_;
  std::FILE* file_ = nullptr;
};

/// Whether an Output has written to stdout.
bool stdout_used() noexcept;

/// A standard stream that is closed must not become the next file that is opened, and get what is meant for stdout or
/// stderr. Its place is taken: reading stdin and writing stdout then fail, stderr goes nowhere. For the begin of
/// main().
void occupy_closed_streams();

/// Before the work that fills it: @throws Error io_error if a file could not be put there - no such folder, no right to
/// write in it, or something that is no file. Nothing is created. For "" and "-" nothing is asked.
void require_writable_file(const std::string& path);
/// The same of a folder that is written as a whole.
void require_writable_folder(const std::string& path);

/// Writes a whole small file, or to stdout for "-". @throws Error io_error.
void write_output(const std::string& path, std::string_view bytes);

}  // namespace seqguard::cli
