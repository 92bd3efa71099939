// File descriptors for the sources that read and write files; private to the library.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace seqguard {
inline namespace v0 {

/// Throws Error("path: cannot <action>: <reason of errno>"): file_not_found for ENOENT, else io_error.
[[noreturn]] void fail_errno(const std::string& path, std::string_view action);

/// Owns a file descriptor; negative: none.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const std::string& path, int flags, mode_t mode = 0);
  ~Descriptor();
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  int get() const { return fd_; }
  /// Gives the descriptor to the caller.
  int release();

 private:
  int fd_;
};

/// Size in bytes of an open regular file. @throws Error io_error for anything else (pipe, device, directory).
std::size_t regular_file_size(const Descriptor& file, const std::string& path);

/// Reads at `offset` until `out` is full or the file ends; the number of bytes read. @throws Error io_error.
std::size_t read_at(int fd, const std::string& path, std::size_t offset, std::span<std::byte> out);

/// Refuses a file that stands for one that was not downloaded, by how it begins. @throws Error bad_format.
void refuse_lfs_pointer(const std::string& path, std::string_view beginning);

/// Opens for reading. A pipe does not block here, so that it can be refused. @throws Error file_not_found, io_error.
class FileToRead : public Descriptor {
 public:
  explicit FileToRead(const std::string& path);
};

}  // namespace v0
}  // namespace seqguard
