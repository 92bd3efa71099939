// A save is killed at each of its system calls: before and after the kernel has carried it out.
#include <doctest/doctest.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "seqguard/core/error.hpp"
#include "seqguard/core/files.hpp"
#include "support/temporary_directory.hpp"

using namespace seqguard;

namespace {

constexpr int k_not_allowed = 99;

void save(const std::string& directory, int generation) {
  const std::string text = std::to_string(generation);
  DirectoryWriter writer(directory);
  writer.write("config", text);
  writer.write("weights", text + std::string(50'000, '.'));
  writer.commit();
}

enum class Outcome { killed, completed, not_allowed };

/// Runs save() in a child process that is killed at its n-th stop; each system call stops it twice.
template <class Save>
Outcome killed_at(int n, const Save& save) {
  const pid_t child = ::fork();
  if (child == 0) {
    if (::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) ::_exit(k_not_allowed);
    ::raise(SIGSTOP);
    try {
      save();
    } catch (...) {
      ::_exit(1);
    }
    ::_exit(0);
  }
  int status = 0;
  for (int stops = -1;; ++stops) {
    REQUIRE(::waitpid(child, &status, 0) == child);
    if (WIFEXITED(status)) {
      if (WEXITSTATUS(status) == k_not_allowed) return Outcome::not_allowed;
      REQUIRE(WEXITSTATUS(status) == 0);
      return Outcome::completed;
    }
    if (stops == n) {
      ::kill(child, SIGKILL);
      REQUIRE(::waitpid(child, &status, 0) == child);
      return Outcome::killed;
    }
    ::ptrace(PTRACE_SYSCALL, child, nullptr, nullptr);
  }
}

/// The generation that the directory holds whole; 0 if it does not exist.
int generation_in(const std::string& directory) {
  if (!directory_exists(directory)) return 0;
  const std::string text = read_file(directory + "/config", 100);
  CHECK(read_file(directory + "/weights", 100'000) == text + std::string(50'000, '.'));
  return std::stoi(text);
}

std::size_t entries(const std::string& directory) {
  const std::filesystem::directory_iterator all(directory);
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

void remove_siblings(const std::string& parent, const std::string& directory) {
  for (const auto& entry : std::filesystem::directory_iterator(parent))
    if (entry.path() != directory) std::filesystem::remove_all(entry.path());
}

/// Kills saves at stop 0, 1, 2 .. until one completes. `fresh`: the directory does not exist before. `tidy`: what the
/// previous kill left is removed first, so that every save makes the same system calls and no stop is passed over.
void kill_everywhere(bool fresh, bool tidy) {
  const TemporaryDirectory parent;
  const std::string directory = parent / "model";
  int generation = 1, kept_old = 0, published = 0;
  if (!fresh) {
    save(directory, generation);
    write_file_atomically(directory + "/note", "carried over");
  }
  for (int stop = 0;; ++stop) {
    if (fresh) std::filesystem::remove_all(directory);
    if (tidy) remove_siblings(parent.path(), directory);
    const int before = generation_in(directory);
    ++generation;
    const Outcome outcome = killed_at(stop, [&] { save(directory, generation); });
    if (outcome == Outcome::not_allowed) {
      MESSAGE("NOT TESTED: this system does not allow ptrace");
      return;
    }
    CAPTURE(stop);
    const int after = generation_in(directory);
    CHECK((after == generation || (outcome == Outcome::killed && after == before)));
    if (!fresh) REQUIRE(read_file(directory + "/note", 100) == "carried over");
    // What is left beside it never grows beyond what one killed save leaves.
    CHECK(entries(parent.path()) <= 2);
    (after == generation ? published : kept_old) += 1;
    if (outcome == Outcome::completed) break;
  }
  CHECK(entries(parent.path()) == 1);
  CHECK(kept_old > 20);  // both sides of the decisive rename were hit
  CHECK(published > (tidy ? 5 : 0));
}

}  // namespace

TEST_CASE("killed at any system call, a replaced directory is the old or the new one") { kill_everywhere(false, true); }

TEST_CASE("killed at any system call again and again, what is left behind does not grow") {
  kill_everywhere(false, false);
}

TEST_CASE("killed at any system call, a fresh directory is absent or complete") { kill_everywhere(true, true); }

TEST_CASE("killed at any system call, a file is the old or the new one") {
  const TemporaryDirectory parent;
  const std::string path = parent / "state";
  const auto content = [](int generation) { return std::to_string(generation) + std::string(50'000, '.'); };
  write_file_atomically(path, content(0));
  int kept_old = 0, published = 0;
  for (int stop = 0, generation = 1;; ++stop, ++generation) {
    remove_siblings(parent.path(), path);  // every save makes the same system calls
    const std::string before = read_file(path, 100'000);
    const Outcome outcome = killed_at(stop, [&] { write_file_atomically(path, content(generation)); });
    if (outcome == Outcome::not_allowed) {
      MESSAGE("NOT TESTED: this system does not allow ptrace");
      return;
    }
    CAPTURE(stop);
    const std::string after = read_file(path, 100'000);
    CHECK((after == content(generation) || (outcome == Outcome::killed && after == before)));
    (after == before ? kept_old : published) += 1;
    CHECK(entries(parent.path()) <= 2);
    if (outcome == Outcome::completed) break;
  }
  CHECK(entries(parent.path()) == 1);
  CHECK(kept_old > 10);  // both sides of the rename were hit
  CHECK(published > 5);
}

TEST_CASE("a disk that takes no more bytes gives an error, and the old directory stays") {
  const TemporaryDirectory parent;
  const std::string directory = parent / "model";
  save(directory, 1);
  const pid_t child = ::fork();
  if (child == 0) {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{1000, 1000};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    try {
      save(directory, 2);
    } catch (const Error& error) {
      ::_exit(error.code() == ErrorCode::io_error ? 0 : 2);
    }
    ::_exit(1);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
  CHECK(generation_in(directory) == 1);
  CHECK(entries(parent.path()) == 1);
}
