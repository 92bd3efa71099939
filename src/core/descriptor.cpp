#include "core/descriptor.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "seqguard/core/error.hpp"

namespace seqguard {
inline namespace v0 {

void fail_errno(const std::string& path, std::string_view action) {
  const int error = errno;
  fail(error == ENOENT ? ErrorCode::file_not_found : ErrorCode::io_error, path,
       std::string("cannot ") + std::string(action) + ": " + std::strerror(error));
}

Descriptor::Descriptor(const std::string& path, int flags, mode_t mode)
    : fd_(::open(path.c_str(), flags | O_CLOEXEC, mode)) {}

Descriptor::~Descriptor() {
  if (fd_ >= 0) ::close(fd_);
}

int Descriptor::release() { return std::exchange(fd_, -1); }

std::size_t regular_file_size(const Descriptor& file, const std::string& path) {
  struct stat status;
  if (::fstat(file.get(), &status) != 0) fail_errno(path, "stat");
  if (!S_ISREG(status.st_mode)) fail(ErrorCode::io_error, path, "not a regular file");
  return static_cast<std::size_t>(status.st_size);
}

std::size_t read_at(int fd, const std::string& path, std::size_t offset, std::span<std::byte> out) {
  std::size_t done = 0;
  while (done < out.size()) {
    const ssize_t got = ::pread(fd, out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail_errno(path, "read");
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  return done;
}

void refuse_lfs_pointer(const std::string& path, std::string_view beginning) {
  if (beginning.starts_with("version https://git-lfs.github.com/spec/v1"))
    fail(ErrorCode::bad_format, path, "a pointer of Git LFS, not the file itself: fetch it with `git lfs pull`");
}

FileToRead::FileToRead(const std::string& path) : Descriptor(path, O_RDONLY | O_NONBLOCK) {
  if (get() < 0) fail_errno(path, "open");
}

}  // namespace v0
}  // namespace seqguard
