#include "cli/output.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <utility>

#include "seqguard/core/error.hpp"

namespace seqguard::cli {
namespace {

bool g_stdout_used = false;

/// The rights of an existing file, else those that the umask grants.
mode_t mode_for(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0) return status.st_mode & 07777;
  const mode_t mask = ::umask(0);
  ::umask(mask);
  return 0666 & ~mask;
}

}  // namespace

Output::Output(const std::string& path) : name_(path == "-" ? "stdout" : path) {
  if (path == "-") {
    file_ = stdout;
    return;
  }
  struct stat status {};
  const bool exists = ::stat(path.c_str(), &status) == 0;
  if (exists && S_ISDIR(status.st_mode)) fail(ErrorCode::io_error, path, "is a directory, expected a file to write");
  if (exists && !S_ISREG(status.st_mode)) {
    file_ = std::fopen(path.c_str(), "wb");
    if (file_ == nullptr) fail_writing();
    return;
  }
  target_ = exists ? std::filesystem::canonical(path).string() : path;  // a link stays a link
  temporary_ = target_ + ".tmp-" + std::to_string(::getpid());
  const int descriptor = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (descriptor < 0) {
    temporary_.clear();
    fail_writing();
  }
  file_ = ::fdopen(descriptor, "wb");
}

Output::~Output() {
  if (file_ != nullptr && file_ != stdout) std::fclose(file_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void Output::fail_writing() const {
  fail(ErrorCode::io_error, name_, std::string("cannot be written: ") + std::strerror(errno));
}

void Output::write(std::string_view bytes) {
  g_stdout_used = g_stdout_used || (file_ == stdout && !bytes.empty());
  if (std::fwrite(bytes.data(), 1, bytes.size(), file_) != bytes.size()) fail_writing();
}

void Output::flush() {
  if (std::fflush(file_) != 0) fail_writing();
}

void Output::commit() {
  flush();
  if (temporary_.empty()) return;
  if (::fchmod(::fileno(file_), mode_for(target_)) != 0 || ::fsync(::fileno(file_)) != 0) fail_writing();
  if (::rename(temporary_.c_str(), target_.c_str()) != 0) fail_writing();
  temporary_.clear();
}

bool stdout_used() noexcept { return g_stdout_used; }

void occupy_closed_streams() {
  for (const auto& [stream, flags] :
       {std::pair{STDIN_FILENO, O_WRONLY}, {STDOUT_FILENO, O_RDONLY}, {STDERR_FILENO, O_WRONLY}})
    if (::fcntl(stream, F_GETFD) < 0 && errno == EBADF) ::open("/dev/null", flags);  // the lowest free number: `stream`
}

void write_output(const std::string& path, std::string_view bytes) {
  Output output(path);
  output.write(bytes);
  output.commit();
}

}  // namespace seqguard::cli
