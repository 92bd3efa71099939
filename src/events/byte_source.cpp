#include "events/byte_source.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "seqguard/core/error.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

class FileBytes final : public ByteSource {
 public:
  explicit FileBytes(const std::string& path) : name_(path == "-" ? "stdin" : path) {
    if (path == "-") return;
    file_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file_ >= 0) return;
    const int error = errno;
    fail(error == ENOENT ? ErrorCode::file_not_found : ErrorCode::io_error, path,
         std::string("cannot open: ") + std::strerror(error));
  }
  ~FileBytes() override {
    if (file_ != STDIN_FILENO) ::close(file_);
  }
  FileBytes(const FileBytes&) = delete;
  FileBytes& operator=(const FileBytes&) = delete;

  std::size_t read(char* into, std::size_t most) override {
    ssize_t result;
    do result = ::read(file_, into, most);
    while (result < 0 && errno == EINTR);
    if (result < 0) fail(ErrorCode::io_error, name_, std::string("cannot read: ") + std::strerror(errno));
    bytes_read_ += static_cast<std::uint64_t>(result);
    return static_cast<std::size_t>(result);
  }
  std::uint64_t bytes_read() const noexcept override { return bytes_read_; }
  std::uint64_t bytes_in_all() const noexcept override {
    struct stat status;
    return ::fstat(file_, &status) == 0 && S_ISREG(status.st_mode) ? static_cast<std::uint64_t>(status.st_size) : 0;
  }

 private:
  std::string name_;
  int file_ = STDIN_FILENO;
  std::uint64_t bytes_read_ = 0;
};

class TextBytes final : public ByteSource {
 public:
  explicit TextBytes(std::string_view text) : rest_(text) {}
  std::size_t read(char* into, std::size_t most) override {
    const std::size_t count = std::min(most, rest_.size());
    std::copy_n(rest_.data(), count, into);
    rest_.remove_prefix(count);
    return count;
  }

 private:
  std::string_view rest_;
};

}  // namespace

std::unique_ptr<ByteSource> open_bytes(const std::string& path) { return std::make_unique<FileBytes>(path); }
std::unique_ptr<ByteSource> open_bytes_from_text(std::string_view text) { return std::make_unique<TextBytes>(text); }

}  // namespace v0
}  // namespace seqguard
