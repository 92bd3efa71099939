// The files of a model are read once: a file that is replaced meanwhile cannot be hashed as one and parsed as another.
#include <dlfcn.h>
#include <doctest/doctest.h>
#include <fcntl.h>

#include <cstdarg>
#include <map>
#include <string>

#include "seqguard/core/files.hpp"
#include "sequence_scorer/small_shop.hpp"
#include "support/temporary_directory.hpp"

using namespace seqguard;
using namespace seqguard::tests;

namespace {

/// Files opened while it is set, by path.
std::map<std::string, int>* opened_files = nullptr;

}  // namespace

extern "C" int open(const char* path, int flags, ...) {
  using Open = int(const char*, int, ...);
  static auto* const original = reinterpret_cast<Open*>(::dlsym(RTLD_NEXT, "open"));
  std::va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;
  va_end(arguments);
  if (opened_files != nullptr) ++(*opened_files)[path];
  return original(path, flags, mode);
}

TEST_CASE("every file of a model directory is opened once, and only those that detector.json names") {
  const TemporaryDirectory directory;
  const std::string path = directory / "model";
  save_behaviour_model(*shared_scorer().model(), path);
  // Of another generation, say; detector.json does not name it.
  write_file_atomically(path + "/heads.json", "{}");
  for (const FileAccess access : {FileAccess::read, FileAccess::map}) {
    std::map<std::string, int> opened;
    opened_files = &opened;
    LoadOptions options;
    options.access = access;
    SequenceScorer::load(path, options);
    opened_files = nullptr;
    std::erase_if(opened, [&](const auto& file) { return !file.first.starts_with(path + "/"); });
    CHECK(opened.size() == 6);
    for (const auto& [file, times] : opened) {
      CAPTURE(file);
      CHECK(times == 1);
    }
  }
}

TEST_CASE("files in detector.json that are unknown, or missing there, are refused by name") {
  const TemporaryDirectory directory;
  const std::string path = directory / "model", sidecar_path = path + "/detector.json";
  save_behaviour_model(*shared_scorer().model(), path);
  const std::string sidecar = read_file(sidecar_path, 1u << 20);
  const auto refusal = [&](const std::string& from, const std::string& to) {
    std::string changed = sidecar;
    REQUIRE(changed.find(from) != std::string::npos);
    write_file_atomically(sidecar_path, changed.replace(changed.find(from), from.size(), to));
    try {
      SequenceScorer::load(path);
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string("loaded");
  };
  for (const std::string name : {"tagger.safetensors", "../secret"}) {
    const std::string message = refusal("\"files\": {", "\"files\": {\"" + name + "\": \"00\",");
    CHECK(message.find(name) != std::string::npos);
    CHECK(message.find("a file that this version knows") != std::string::npos);
  }
  CHECK(refusal("\"profile.safetensors\"", "\"heads.safetensors\"").find("profile.safetensors") != std::string::npos);
}
