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

[[noreturn]] void cannot_write(const std::string& path, const std::string& why) {
  fail(ErrorCode::io_error, path, "cannot be written: " + why);
}

/// What is put at `path` by renaming needs a folder that lets itself be changed.
void require_writable_parent(const std::string& path) {
  std::filesystem::path parent = std::filesystem::path(path).parent_path();
  if (parent.empty()) parent = ".";
  struct stat status {};
  if (::stat(parent.c_str(), &status) != 0) cannot_write(path, "no folder " + parent.string());
  if (!S_ISDIR(status.st_mode)) cannot_write(path, parent.string() + " is no folder");
  if (::access(parent.c_str(), W_OK | X_OK) != 0)
    cannot_write(path, "the folder " + parent.string() + ": " + std::strerror(errno));
}

/// A link stays a link: what it leads to is replaced.
std::string behind_link(const std::string& path) {
  std::error_code broken;
  const std::filesystem::path target = std::filesystem::canonical(path, broken);
  return broken ? path : target.string();
}

}  // namespace

void require_writable_file(const std::string& path) {
  if (path.empty() || path == "-") return;
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return require_writable_parent(path);
  if (S_ISDIR(status.st_mode)) fail(ErrorCode::io_error, path, "is a directory, expected a file to write");
  if (S_ISREG(status.st_mode)) return require_writable_parent(behind_link(path));
  if (::access(path.c_str(), W_OK) != 0) cannot_write(path, std::strerror(errno));  // a device or pipe
}

void require_writable_folder(const std::string& path) {
  std::string folder = path;
  while (folder.size() > 1 && folder.ends_with('/')) folder.pop_back();
  struct stat status {};
  if (::stat(folder.c_str(), &status) != 0) return require_writable_parent(folder);
  if (!S_ISDIR(status.st_mode)) fail(ErrorCode::io_error, path, "is a file, expected a folder to write");
  require_writable_parent(behind_link(folder));
}

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
