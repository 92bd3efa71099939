#include "seqguard/core/files.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "seqguard/core/error.hpp"
#include "support/temporary_directory.hpp"

using namespace seqguard;

namespace {

std::size_t entries(const std::string& directory) {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(directory)) ++count;
  return count;
}

ErrorCode read_code(const std::string& path, std::size_t limit = 100) {
  try {
    read_file(path, limit);
  } catch (const Error& error) {
    CHECK(std::string(error.what()).find(path + ": ") == 0);
    return error.code();
  }
  FAIL("read");
  return {};
}

void save(const std::string& directory, const std::string& a, const std::string& b) {
  DirectoryWriter writer(directory);
  writer.write("a", a);
  writer.write("b", b);
  writer.commit();
}

}  // namespace

TEST_CASE("read_file reads regular files within the limit and refuses everything else") {
  const TemporaryDirectory directory;
  write_file_atomically(directory / "file", std::string("a\0b", 3));
  CHECK(read_file(directory / "file", 3) == std::string("a\0b", 3));
  CHECK(read_code(directory / "file", 2) == ErrorCode::bad_format);
  CHECK(read_code(directory / "absent") == ErrorCode::file_not_found);
  CHECK(read_code(directory.path()) == ErrorCode::io_error);
  CHECK(read_code("/dev/zero") == ErrorCode::io_error);
  REQUIRE(::mkfifo((directory / "fifo").c_str(), 0600) == 0);
  CHECK(read_code(directory / "fifo") == ErrorCode::io_error);
  REQUIRE(::symlink("file", (directory / "link").c_str()) == 0);
  CHECK(read_file(directory / "link", 3).size() == 3);
  REQUIRE(::symlink("fifo", (directory / "link to fifo").c_str()) == 0);
  CHECK(read_code(directory / "link to fifo") == ErrorCode::io_error);
}

TEST_CASE("file_exists and directory_exists") {
  const TemporaryDirectory directory;
  write_file_atomically(directory / "file", "");
  CHECK(file_exists(directory / "file"));
  CHECK(!directory_exists(directory / "file"));
  CHECK(directory_exists(directory.path()));
  CHECK(!file_exists(directory.path()));
  CHECK(!file_exists(directory / "absent"));
}

TEST_CASE("write_file_atomically replaces a file and leaves nothing beside it") {
  const TemporaryDirectory directory;
  write_file_atomically(directory / "file", "old");
  write_file_atomically(directory / "file", "new");
  CHECK(read_file(directory / "file", 10) == "new");
  CHECK(entries(directory.path()) == 1);
  CHECK_THROWS_AS(write_file_atomically(directory / "absent/file", "x"), Error);
  REQUIRE(::mkdir((directory / "directory").c_str(), 0777) == 0);
  CHECK_THROWS_AS(write_file_atomically(directory / "directory", "x"), Error);
  CHECK(entries(directory.path()) == 2);
}

TEST_CASE("sha256 of the published test vectors (FIPS 180-4)") {
  CHECK(sha256("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(sha256("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_CASE("sha256 of a file is that of its bytes, at every side of a block boundary") {
  const TemporaryDirectory directory;
  const std::string path = directory / "bytes";
  for (const std::size_t size : {0u, 1u, 65535u, 65536u, 65537u, 200000u}) {
    CAPTURE(size);
    std::string bytes(size, '\0');
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 31);
    write_file_atomically(path, bytes);
    CHECK(file_sha256(path) == sha256(bytes));
  }
  CHECK_THROWS_AS(file_sha256(directory / "missing"), Error);
}

TEST_CASE("a directory is replaced whole, and files that were not written again stay") {
  const TemporaryDirectory directory;
  const std::string model = directory / "model";
  save(model + "/", "a1", "b1");
  write_file_atomically(model + "/note", "kept");
  REQUIRE(::mkdir((model + "/sub").c_str(), 0777) == 0);
  write_file_atomically(model + "/sub/inner", "kept too");
  REQUIRE(::symlink("nowhere", (model + "/link").c_str()) == 0);
  save(model, "a2", "b2");
  CHECK(read_file(model + "/a", 10) == "a2");
  CHECK(read_file(model + "/b", 10) == "b2");
  CHECK(read_file(model + "/note", 10) == "kept");
  CHECK(read_file(model + "/sub/inner", 10) == "kept too");
  CHECK(std::filesystem::read_symlink(model + "/link") == "nowhere");
  CHECK(entries(model) == 5);
  CHECK(entries(directory.path()) == 1);
}

TEST_CASE("without commit nothing happens") {
  const TemporaryDirectory directory;
  const std::string model = directory / "model";
  save(model, "a1", "b1");
  {
    DirectoryWriter writer(model);
    writer.write("a", "a2");
  }
  CHECK(read_file(model + "/a", 10) == "a1");
  CHECK(entries(directory.path()) == 1);
}

TEST_CASE("a save that cannot be published is an error and leaves what was there") {
  const TemporaryDirectory directory;
  write_file_atomically(directory / "model", "a file");
  CHECK_THROWS_AS(save(directory / "model", "a", "b"), Error);
  CHECK(read_file(directory / "model", 10) == "a file");
  CHECK_THROWS_AS(save(directory / "absent/model", "a", "b"), Error);
  CHECK(entries(directory.path()) == 1);
  DirectoryWriter writer(directory / "other");
  for (const char* name : {"", ".", "..", "x/y/z", "/x", "x/", "../x", "x/.."})
    CHECK_THROWS_AS(writer.write(name, "x"), Error);
}

TEST_CASE("a directory may have one more below, which is replaced as a whole") {
  const TemporaryDirectory directory;
  const auto write = [&](const char* inner, const char* bytes) {
    DirectoryWriter writer(directory / "model");
    writer.write("a", bytes);
    writer.enter("below");
    writer.write(inner, bytes);
    writer.enter("");
    writer.write("b", bytes);
    CHECK(writer.written()[1].first == std::string("below/") + inner);
    CHECK(writer.written()[2].first == "b");
    writer.commit();
  };
  write("old", "1");
  write("new", "2");
  CHECK(read_file(directory / "model/below/new", 10) == "2");
  CHECK(read_file(directory / "model/b", 10) == "2");
  CHECK_FALSE(file_exists(directory / "model/below/old"));
}

TEST_CASE("two writers of one directory do not disturb each other") {
  const TemporaryDirectory directory;
  const std::string model = directory / "model";
  DirectoryWriter first(model), second(model);
  first.write("a", "first");
  second.write("a", "second");
  first.commit();
  CHECK(read_file(model + "/a", 10) == "first");
  second.commit();
  CHECK(read_file(model + "/a", 10) == "second");
}

TEST_CASE("a save through a symbolic link replaces the directory behind it") {
  const TemporaryDirectory directory;
  save(directory / "real", "a1", "b1");
  REQUIRE(::symlink("real", (directory / "link").c_str()) == 0);
  save(directory / "link", "a2", "b2");
  CHECK(std::filesystem::is_symlink(directory / "link"));
  CHECK(read_file(directory / "real/a", 10) == "a2");
}

TEST_CASE("what killed processes left is removed by the next save, and nothing else") {
  const TemporaryDirectory directory;
  for (const char* name : {"model.tmp-123-0", "model.tmp-notes", "model.tmp-1-2-3", "other.tmp-123-0"})
    REQUIRE(::mkdir((directory / name).c_str(), 0777) == 0);
  save(directory / "model", "a", "b");
  CHECK(!directory_exists(directory / "model.tmp-123-0"));
  CHECK(directory_exists(directory / "model.tmp-notes"));
  CHECK(directory_exists(directory / "model.tmp-1-2-3"));
  CHECK(directory_exists(directory / "other.tmp-123-0"));
}
