// What survives a power failure: nothing takes its final name before its bytes, and the entries of its directory, are
// on the disk. The system calls go through this program's own functions, which note what was synced and in which state.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "seqguard/core/files.hpp"
#include "support/temporary_directory.hpp"

using namespace seqguard;

namespace {

/// State of a file or directory: a later change shows in size or time.
struct State {
  ino_t inode;
  off_t size;
  timespec modified;
  bool operator==(const State& other) const {
    return inode == other.inode && size == other.size && modified.tv_sec == other.modified.tv_sec &&
           modified.tv_nsec == other.modified.tv_nsec;
  }
};

State state_of(const struct stat& status) { return {status.st_ino, status.st_size, status.st_mtim}; }

struct Record {
  bool on = false;
  std::vector<State> synced;
  std::vector<std::string> too_early;  ///< not synced as they were when they got their final name
  int renames = 0;
  std::vector<ino_t> synced_after_rename;
} record;

void check_synced(const std::string& path) {
  struct stat status;
  if (::lstat(path.c_str(), &status) != 0 || S_ISLNK(status.st_mode)) return;
  if (std::find(record.synced.begin(), record.synced.end(), state_of(status)) == record.synced.end())
    record.too_early.push_back(std::filesystem::path(path).filename().string());
}

void note_rename(const std::string& from) {
  if (!record.on) return;
  ++record.renames;
  record.synced_after_rename.clear();
  check_synced(from);
  if (!directory_exists(from)) return;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(from)) check_synced(entry.path().string());
}

/// Records `save` and says whether the renamed thing and the parent directory's new entry were synced in order.
template <class Save>
void check_durable(const std::string& parent, const Save& save) {
  record = {};
  record.on = true;
  save();
  record.on = false;
  CHECK(record.renames == 1);
  CHECK_MESSAGE(record.too_early.empty(), "not synced before it was published: " << record.too_early.front());
  struct stat status;
  REQUIRE(::stat(parent.c_str(), &status) == 0);
  const auto& after = record.synced_after_rename;
  CHECK_MESSAGE(std::find(after.begin(), after.end(), status.st_ino) != after.end(), "the new name is not synced");
}

}  // namespace

extern "C" {

int fsync(int descriptor) {
  struct stat status;
  if (record.on && ::fstat(descriptor, &status) == 0) {
    record.synced.push_back(state_of(status));
    record.synced_after_rename.push_back(status.st_ino);
  }
  return static_cast<int>(::syscall(SYS_fsync, descriptor));
}

int rename(const char* from, const char* to) noexcept {
  note_rename(from);
  return static_cast<int>(::syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0));
}

int renameat2(int from_directory, const char* from, int to_directory, const char* to, unsigned int flags) noexcept {
  note_rename(from);
  return static_cast<int>(::syscall(SYS_renameat2, from_directory, from, to_directory, to, flags));
}
}

TEST_CASE("a file is on the disk before it takes its name, and the name after that") {
  const TemporaryDirectory directory;
  for (const char* bytes : {"first", "replaced"})
    check_durable(directory.path(), [&] { write_file_atomically(directory / "file", bytes); });
}

TEST_CASE("a directory is on the disk with all its files before it takes its name, and the name after that") {
  const TemporaryDirectory parent;
  const std::string directory = parent / "model";
  const auto save = [&] {
    DirectoryWriter writer(directory);
    writer.write("config", "text");
    writer.write("weights", std::string(50'000, '.'));
    writer.commit();
  };
  check_durable(parent.path(), save);
  // Files that are carried over are copies: they have to reach the disk too.
  write_file_atomically(directory + "/note", "kept");
  REQUIRE(::mkdir((directory + "/sub").c_str(), 0777) == 0);
  write_file_atomically(directory + "/sub/inner", "kept too");
  check_durable(parent.path(), save);
}
