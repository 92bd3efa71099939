#include "seqguard/core/files.hpp"

#include <fcntl.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <span>

#include "core/descriptor.hpp"
#include "seqguard/core/error.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

namespace fs = std::filesystem;

std::string parent_of(const std::string& path) {
  const fs::path parent = fs::path(path).parent_path();
  return parent.empty() ? "." : parent.string();
}

void sync_path(const std::string& path) {
  const Descriptor file(path, O_RDONLY);
  if (file.get() < 0 || ::fsync(file.get()) != 0) fail_errno(path, "sync");
}

using Pieces = FunctionRef<void(FunctionRef<void(std::string_view)>)>;

void write_all(const Descriptor& file, const std::string& path, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file.get(), bytes.data(), bytes.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      fail_errno(path, "write");
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

void write_and_sync(const std::string& path, Pieces produce) {
  const Descriptor file(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
  if (file.get() < 0) fail_errno(path, "create");
  produce([&](std::string_view bytes) { write_all(file, path, bytes); });
  if (::fsync(file.get()) != 0) fail_errno(path, "sync");
}

void write_and_sync(const std::string& path, std::string_view bytes) {
  write_and_sync(path, [&](auto write) { write(bytes); });
}

/// Whether `name` is "<base>.tmp-<digits>-<digits>".
bool is_sibling_of(std::string_view name, std::string_view base) {
  if (!name.starts_with(base)) return false;
  name.remove_prefix(base.size());
  constexpr std::string_view k_tag = ".tmp-";
  if (!name.starts_with(k_tag)) return false;
  name.remove_prefix(k_tag.size());
  const std::size_t dash = name.find('-');
  const auto is_number = [](std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
  };
  return dash != std::string_view::npos && is_number(name.substr(0, dash)) && is_number(name.substr(dash + 1));
}

/// Removes what killed processes left beside `path`. A living one holds a lock on its sibling.
void remove_orphans(const std::string& path) {
  const std::string base = fs::path(path).filename().string();
  std::error_code ignored;
  for (fs::directory_iterator entry(parent_of(path), ignored), end; !ignored && entry != end;
       entry.increment(ignored)) {
    if (!is_sibling_of(entry->path().filename().string(), base)) continue;
    const Descriptor orphan(entry->path().string(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    std::error_code not_removed;  // by another process at the same time, say
    if (orphan.get() >= 0 && ::flock(orphan.get(), LOCK_EX | LOCK_NB) == 0) fs::remove_all(entry->path(), not_removed);
  }
}

enum class Kind { file, directory };

/// Creates a file or directory beside `path` under a name that nobody else uses, and locks it. The lock is held by the
/// descriptor; `name` gets the path.
int create_sibling(const std::string& path, Kind kind, std::string& name) {
  remove_orphans(path);
  for (unsigned number = 0;; ++number) {
    name = path + ".tmp-" + std::to_string(::getpid()) + "-" + std::to_string(number);
    if (kind == Kind::directory && ::mkdir(name.c_str(), 0777) != 0) {
      if (errno == EEXIST) continue;
      fail_errno(name, "create directory");
    }
    Descriptor lock(name, kind == Kind::directory ? O_RDONLY | O_DIRECTORY : O_RDWR | O_CREAT | O_EXCL, 0666);
    if (lock.get() < 0) {
      // A directory that has gone again: another process took it for an orphan.
      if (errno == EEXIST || (kind == Kind::directory && errno == ENOENT)) continue;
      fail_errno(name, "create");
    }
    struct stat locked, named;
    if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0 || ::fstat(lock.get(), &locked) != 0 ||
        ::stat(name.c_str(), &named) != 0 || locked.st_ino != named.st_ino)
      continue;  // likewise
    return lock.release();
  }
}

std::string hex_digest(sha256_ctx& context) {
  std::uint8_t digest[SHA256_DIGEST_SIZE];
  sha256_digest(&context, sizeof digest, digest);
  std::string text;
  for (const std::uint8_t byte : digest) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

/// The bytes of a regular file in blocks.
void read_pieces(const std::string& path, FunctionRef<void(std::string_view)> take) {
  const FileToRead file(path);
  regular_file_size(file, path);  // refuses pipes and devices
  std::vector<char> block(std::size_t{64} << 10);
  for (std::size_t offset = 0, got = block.size(); got == block.size(); offset += got) {
    got = read_at(file.get(), path, offset, std::as_writable_bytes(std::span(block)));
    take({block.data(), got});
  }
}

std::string without_trailing_slash(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

/// Copies a file, or a directory with all that it holds. Links that do not lead into the Hub's cache are refused, so
/// that a foreign directory cannot name a private file.
void copy_tree(const fs::path& from, const fs::path& to) {
  refuse_foreign_link(from.string());
  if (!fs::is_directory(from)) {
    write_and_sync(to.string(), [&](auto write) { read_pieces(from.string(), write); });
    return;
  }
  fs::create_directory(to);
  for (const fs::directory_entry& entry : fs::directory_iterator(from))
    copy_tree(entry.path(), to / entry.path().filename());
  sync_path(to.string());
}

/// The directory behind a symbolic link, which stays one.
std::string link_target(std::string path) {
  std::error_code error;
  if (!fs::is_symlink(path, error)) return path;
  const fs::path target = fs::canonical(path, error);
  if (error) fail(ErrorCode::io_error, path, "cannot follow the symbolic link: " + error.message());
  return target.string();
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
  refuse_lfs_pointer(path, bytes);
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

bool is_hub_link(std::string_view target) noexcept {
  constexpr std::string_view k_up = "../", k_blobs = "blobs/";
  std::size_t levels = 0;
  for (; target.starts_with(k_up); ++levels) target.remove_prefix(k_up.size());
  if (levels < 2 || !target.starts_with(k_blobs)) return false;
  target.remove_prefix(k_blobs.size());
  return !target.empty() && target.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

void refuse_foreign_link(const std::string& path) {
  std::error_code error;
  if (!fs::is_symlink(path, error)) return;
  if (const std::string target = fs::read_symlink(path, error).string(); !is_hub_link(target))
    fail(ErrorCode::io_error, path, "symbolic link", "one of the Hub's cache, ../../blobs/HASH", "\"" + target + "\"");
}

void write_file_atomically(const std::string& path, std::string_view bytes) {
  std::string temporary;
  const Descriptor lock(create_sibling(path, Kind::file, temporary));
  try {
    write_and_sync(temporary, bytes);
    if (::rename(temporary.c_str(), path.c_str()) != 0) fail_errno(path, "rename to");
  } catch (...) {
    ::unlink(temporary.c_str());
    throw;
  }
  sync_path(parent_of(path));
}

std::string sha256(std::string_view bytes) {
  sha256_ctx context;
  sha256_init(&context);
  sha256_update(&context, bytes.size(), reinterpret_cast<const std::uint8_t*>(bytes.data()));
  return hex_digest(context);
}

std::string file_sha256(const std::string& path) {
  sha256_ctx context;
  sha256_init(&context);
  read_pieces(path, [&](std::string_view bytes) {
    sha256_update(&context, bytes.size(), reinterpret_cast<const std::uint8_t*>(bytes.data()));
  });
  return hex_digest(context);
}

DirectoryWriter::DirectoryWriter(std::string directory)
    : directory_(link_target(without_trailing_slash(std::move(directory)))),
      lock_(create_sibling(directory_, Kind::directory, temporary_)) {}

DirectoryWriter::~DirectoryWriter() {
  std::error_code ignored;
  if (!committed_) fs::remove_all(temporary_, ignored);
  ::close(lock_);
}

std::string DirectoryWriter::place_of(const std::string& name) const {
  const std::size_t slash = name.find('/');
  const auto is_plain = [](std::string_view part) {
    return !part.empty() && part != "." && part != ".." && part.find('/') == std::string_view::npos;
  };
  const std::string_view whole = name;
  if (!is_plain(whole.substr(0, slash)) || (slash != std::string::npos && !is_plain(whole.substr(slash + 1))))
    fail(ErrorCode::invalid_argument, directory_, "file name", "a plain name, or DIRECTORY/NAME", name);
  if (slash == std::string::npos) return temporary_ + "/" + name;
  const std::string below = temporary_ + "/" + name.substr(0, slash);
  std::error_code error;
  fs::create_directory(below, error);
  if (error) fail(ErrorCode::io_error, below, "cannot be created: " + error.message());
  return temporary_ + "/" + name;
}

void DirectoryWriter::write(std::string_view name, std::string_view bytes) {
  write(name, [&](auto take) { take(bytes); });
}

void DirectoryWriter::write(std::string_view name, Pieces produce) {
  sha256_ctx context;
  sha256_init(&context);
  const std::string full_name = below_ + std::string(name);
  write_and_sync(place_of(full_name), [&](auto take) {
    produce([&](std::string_view bytes) {
      sha256_update(&context, bytes.size(), reinterpret_cast<const std::uint8_t*>(bytes.data()));
      take(bytes);
    });
  });
  written_.emplace_back(full_name, hex_digest(context));
}

void DirectoryWriter::copy(const std::string& from, std::string_view name) {
  try {
    copy_tree(from, place_of(below_ + std::string(name)));
  } catch (const fs::filesystem_error& error) {
    fail(ErrorCode::io_error, from, std::string("cannot be copied: ") + error.what());
  }
}

void DirectoryWriter::carry_over() {
  const auto is_left_out = [&](const std::string& name) {
    return std::any_of(left_out_.begin(), left_out_.end(), [&](const auto& leaves_out) { return leaves_out(name); });
  };
  for (const fs::directory_entry& entry : fs::directory_iterator(directory_)) {
    const fs::path name = entry.path().filename(), copy = temporary_ / name;
    if (fs::exists(fs::symlink_status(copy)) || is_left_out(name.string())) continue;
    fs::copy(entry.path(), copy, fs::copy_options::recursive | fs::copy_options::copy_symlinks);
    if (entry.is_symlink()) continue;
    sync_path(copy.string());
    if (!entry.is_directory()) continue;
    for (const fs::directory_entry& inner : fs::recursive_directory_iterator(copy))
      if (!inner.is_symlink()) sync_path(inner.path().string());
  }
}

void DirectoryWriter::commit() {
  const bool replaces = directory_exists(directory_);
  try {
    if (replaces) carry_over();
  } catch (const fs::filesystem_error& error) {
    fail(ErrorCode::io_error, directory_, std::string("cannot carry its files over: ") + error.what());
  }
  for (const fs::directory_entry& entry : fs::directory_iterator(temporary_))
    if (entry.is_directory() && !entry.is_symlink()) sync_path(entry.path().string());
  sync_path(temporary_);
  if (replaces) {
    if (::renameat2(AT_FDCWD, temporary_.c_str(), AT_FDCWD, directory_.c_str(), RENAME_EXCHANGE) != 0)
      fail_errno(directory_, "exchange with the new directory");
  } else if (::rename(temporary_.c_str(), directory_.c_str()) != 0) {
    fail_errno(directory_, "rename to");
  }
  committed_ = true;
  sync_path(parent_of(directory_));
  std::error_code ignored;  // what is left is an orphan for the next save
  if (replaces) fs::remove_all(temporary_, ignored);
}

}  // namespace v0
}  // namespace seqguard
