#include "seqguard/core/files.hpp"

#include <fcntl.h>
#include <sha2.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <span>

#include "core/descriptor.hpp"
#include "seqguard/core/error.hpp"

namespace seqguard {
namespace {

namespace fs = std::filesystem;

std::string parent_of(const std::string& path) {
  const fs::path parent = fs::path(path).parent_path();
  return parent.empty() ? "." : parent.string();
}

void sync_directory(const std::string& path) {
  const Descriptor directory(path, O_RDONLY | O_DIRECTORY);
  if (directory.get() < 0 || ::fsync(directory.get()) != 0) fail_errno(path, "sync directory");
}

void write_and_sync(const std::string& path, std::string_view bytes) {
  const Descriptor file(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
  if (file.get() < 0) fail_errno(path, "create");
  while (!bytes.empty()) {
    const ssize_t written = ::write(file.get(), bytes.data(), bytes.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      fail_errno(path, "write");
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::fsync(file.get()) != 0) fail_errno(path, "sync");
}

/// A name beside `path` that no other process uses.
std::string sibling(const std::string& path) { return path + ".tmp-" + std::to_string(::getpid()); }

std::string without_trailing_slash(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

}  // namespace

std::string read_file(const std::string& path, std::size_t max_bytes) {
  const FileToRead file(path);
  const std::size_t size = regular_file_size(file, path);
  if (size > max_bytes)
    fail(ErrorCode::bad_format, path, "file too large", "at most " + std::to_string(max_bytes) + " bytes",
         std::to_string(size));
  std::string bytes(size, '\0');
  bytes.resize(read_at(file.get(), path, 0, std::as_writable_bytes(std::span<char>(bytes))));
  return bytes;
}

bool file_exists(const std::string& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

bool directory_exists(const std::string& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

void write_file_atomically(const std::string& path, std::string_view bytes) {
  const std::string temporary = sibling(path);
  try {
    write_and_sync(temporary, bytes);
    if (::rename(temporary.c_str(), path.c_str()) != 0) fail_errno(path, "rename to");
  } catch (...) {
    ::unlink(temporary.c_str());
    throw;
  }
  sync_directory(parent_of(path));
}

std::string sha256(std::string_view bytes) {
  SHA2_CTX context;
  SHA256Init(&context);
  SHA256Update(&context, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  std::uint8_t digest[SHA256_DIGEST_LENGTH];
  SHA256Final(digest, &context);
  std::string text;
  for (const std::uint8_t byte : digest) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

DirectoryWriter::DirectoryWriter(std::string directory)
    : directory_(without_trailing_slash(std::move(directory))), temporary_(sibling(directory_)) {
  std::error_code ignored;
  fs::remove_all(temporary_, ignored);  // left by a killed process that had our process id
  if (::mkdir(temporary_.c_str(), 0777) != 0) fail_errno(temporary_, "create directory");
}

DirectoryWriter::~DirectoryWriter() {
  std::error_code ignored;
  if (!committed_) fs::remove_all(temporary_, ignored);
}

void DirectoryWriter::write(std::string_view name, std::string_view bytes) {
  if (name.empty() || name == "." || name == ".." || name.find('/') != std::string_view::npos)
    fail(ErrorCode::invalid_argument, directory_, "file name", "a plain name", name);
  write_and_sync(temporary_ + "/" + std::string(name), bytes);
  written_.emplace_back(name, sha256(bytes));
}

void DirectoryWriter::commit() {
  const bool replaces = directory_exists(directory_);
  std::error_code error;
  if (replaces) {
    for (const fs::directory_entry& entry : fs::directory_iterator(directory_)) {
      const std::string name = entry.path().filename().string();
      if (std::any_of(written_.begin(), written_.end(), [&](const auto& file) { return file.first == name; })) continue;
      fs::copy(entry.path(), fs::path(temporary_) / name, fs::copy_options::recursive | fs::copy_options::copy_symlinks,
               error);
      if (error) fail(ErrorCode::io_error, entry.path().string(), "cannot carry over: " + error.message());
    }
  }
  sync_directory(temporary_);
  if (replaces) {
    if (::renameat2(AT_FDCWD, temporary_.c_str(), AT_FDCWD, directory_.c_str(), RENAME_EXCHANGE) != 0)
      fail_errno(directory_, "exchange with the new directory");
  } else if (::rename(temporary_.c_str(), directory_.c_str()) != 0) {
    fail_errno(directory_, "rename to");
  }
  committed_ = true;
  sync_directory(parent_of(directory_));
  if (replaces) fs::remove_all(temporary_, error);
}

}  // namespace seqguard
