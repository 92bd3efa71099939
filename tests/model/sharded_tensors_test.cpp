#include "model/sharded_tensors.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "seqguard/core/error.hpp"
#include "seqguard/core/files.hpp"
#include "seqguard/core/isa.hpp"
#include "seqguard/model/checkpoint.hpp"
#include "support/temporary_directory.hpp"

using namespace seqguard;

namespace {

namespace fs = std::filesystem;

const std::string k_files = std::string(SEQGUARD_SOURCE_DIR) + "/tests/golden/weight_files/";
const std::string k_first = "model-00001-of-00002.safetensors", k_second = "model-00002-of-00002.safetensors";

std::string one_tensor(const std::string& name) {
  const float value = 1;
  const TensorToWrite tensor{name, Dtype::f32, {1}, std::as_bytes(std::span(&value, 1))};
  return serialize_safetensors({&tensor, 1});
}

/// Two shards with the tensors "a" and "b", and what a test does to them.
struct Shards {
  TemporaryDirectory directory;

  Shards() {
    write("model.safetensors.index.json", index(k_first, k_second, "8"));
    write(k_first, one_tensor("a"));
    write(k_second, one_tensor("b"));
  }
  static std::string index(const std::string& a, const std::string& b, const std::string& total) {
    return R"({"metadata":{"total_size":)" + total + R"(},"weight_map":{"a":")" + a + R"(","b":")" + b + "\"}}";
  }
  void write(const std::string& name, const std::string& bytes) const {
    write_file_atomically(directory / name, bytes);
  }
  /// Code and message without the directory, or "" where they open.
  std::string error() const {
    try {
      open_tensors(directory.path());
    } catch (const Error& error) {
      std::string message = error.what();
      CHECK(message.find(directory.path()) == 0);
      return std::string(to_string(error.code())) + " " + message.substr(directory.path().size() + 1);
    }
    return "";
  }
  std::string index_error(const std::string& text) const {
    write("model.safetensors.index.json", text);
    const std::string message = error(), where = "bad_checkpoint model.safetensors.index.json: ";
    CHECK(message.find(where) == 0);
    return message.substr(std::min(where.size(), message.size()));
  }
};

}  // namespace

TEST_CASE("weights in every kind of file are the same model") {
  const Context<float> context = make_context(default_isa());
  const Model<float> expected = load_model(context, k_files + "single");
  CHECK(expected.spec().checkpoint_head(Head::masked_lm) != nullptr);
  for (const char* name : {"single", "sharded", "torch", "torch_protocol_4", "torch_sharded"})
    for (const FileAccess access : {FileAccess::read, FileAccess::map}) {
      CAPTURE(name);
      CHECK(load_model(context, k_files + name, {}, access).values() == expected.values());
    }
}

TEST_CASE("shards: one source that knows which file holds what") {
  const auto tensors = open_tensors(k_files + "sharded");
  CHECK(tensors->path() == k_files + "sharded/model.safetensors.index.json");
  CHECK(tensors->file_of("bert.embeddings.LayerNorm.bias") == k_files + "sharded/" + k_first);
  CHECK(tensors->tensors().size() == 26);
}

TEST_CASE("safetensors is preferred to pytorch_model.bin, one file to shards") {
  const TemporaryDirectory directory;
  fs::copy(k_files + "torch_sharded", directory.path(),
           fs::copy_options::recursive | fs::copy_options::update_existing);
  const auto opened = [&] { return open_tensors(directory.path())->path().substr(directory.path().size()); };
  CHECK(opened() == "/pytorch_model.bin.index.json");
  fs::copy(k_files + "torch/pytorch_model.bin", directory.path());
  CHECK(opened() == "/pytorch_model.bin");
  fs::copy(k_files + "sharded", directory.path(), fs::copy_options::recursive | fs::copy_options::update_existing);
  CHECK(opened() == "/model.safetensors.index.json");
  fs::copy(k_files + "single/model.safetensors", directory.path());
  CHECK(opened() == "/model.safetensors");
}

TEST_CASE("shards: the index names plain files of the directory") {
  const Shards shards;
  CHECK(shards.error() == "");
  for (const char* name : {"../model.safetensors", "/etc/passwd", "sub/model.safetensors", "..", ".", "", "a b",
                           "model\\u0000.safetensors", "a\\\\b", "..\\/x"}) {
    CAPTURE(name);
    const std::string message = shards.index_error(Shards::index(k_first, name, "8"));
    CHECK(message.find("weight_map.b, expected the plain name of a file in this directory, found \"") == 0);
  }
}

TEST_CASE("shards: files that are missing, links, devices and directories") {
  const Shards shards;
  const auto replace = [&](auto make) {
    fs::remove_all(shards.directory / k_second);
    make(shards.directory / k_second);
    return shards.error();
  };
  CHECK(replace([](const std::string&) {}).find("file_not_found " + k_second + ": cannot open") == 0);
  CHECK(replace([](const std::string& path) { fs::create_directory(path); }) ==
        "io_error " + k_second + ": not a regular file");
  CHECK(replace([](const std::string& path) { REQUIRE(::mkfifo(path.c_str(), 0600) == 0); }) ==
        "io_error " + k_second + ": not a regular file");
  const std::string refused =
      "bad_checkpoint " + k_second + ": symbolic link, expected a regular file, or a link to ../../blobs/HASH, found ";
  for (const char* target :
       {"/etc/passwd", "../outside", "inside", "../../blobs/../x", "../../blobs/", "../../blobs/xyz"}) {
    CAPTURE(target);
    CHECK(replace([&](const std::string& path) { fs::create_symlink(target, path); }) ==
          refused + "\"" + target + "\"");
  }
}

TEST_CASE("shards: the Hub's cache, where every file is a link to a blob") {
  const TemporaryDirectory cache;
  fs::create_directories(cache / "blobs");
  fs::create_directories(cache / "snapshots/0123abcd");
  std::size_t number = 0xabcdef0;
  for (const fs::directory_entry& entry : fs::directory_iterator(k_files + "sharded")) {
    const std::string blob = std::to_string(number++);
    fs::copy(entry.path(), cache / "blobs/" + blob);
    fs::create_symlink("../../blobs/" + blob, cache / "snapshots/0123abcd/" + entry.path().filename().string());
  }
  CHECK(open_tensors(cache / "snapshots/0123abcd")->tensors().size() == 26);
}

TEST_CASE("shards: index and shards that do not agree") {
  const Shards shards;
  CHECK(open_tensors(shards.directory.path())->notes().empty());
  shards.write("model.safetensors.index.json", Shards::index(k_first, k_second, "9"));  // stale, and no harm
  const std::vector<std::string> notes = open_tensors(shards.directory.path())->notes();
  REQUIRE(notes.size() == 1);
  CHECK(notes[0] == shards.directory / "model.safetensors.index.json" +
                        ": metadata.total_size is 9, but the shards hold 8 bytes, all of which are read");
  shards.write("model.safetensors.index.json", Shards::index(k_first, k_first, "8"));
  CHECK(shards.error() == "bad_checkpoint model.safetensors.index.json: tensor \"b\" is not in " + k_first);
  shards.write("model.safetensors.index.json", Shards::index(k_second, k_first, "8"));
  CHECK(shards.error() ==
        "bad_checkpoint " + k_first + ": tensor \"a\": file by the index, expected " + k_first + ", found " + k_second);
  shards.write("model.safetensors.index.json", Shards::index(k_first, k_second, "8.0"));
  CHECK(shards.error() == "");
  shards.write(k_second, one_tensor("c"));
  CHECK(shards.error() ==
        "bad_checkpoint " + k_second + ": tensor \"c\": file by the index, expected " + k_second + ", found none");
  shards.write(k_second, one_tensor("a"));  // also in the first
  CHECK(shards.error() == "bad_checkpoint " + k_second + ": tensor \"a\": file by the index, expected " + k_second +
                              ", found " + k_first);
  shards.write(k_second, "");
  CHECK(shards.error().find("bad_checkpoint " + k_second + ": file too short") == 0);
}

TEST_CASE("shards: an index that is none") {
  const Shards shards;
  CHECK(shards.index_error("[]") == "document, expected an object, found an array of 0");
  CHECK(shards.index_error("{}") == "field \"weight_map\", expected a value, found none");
  CHECK(shards.index_error(R"({"weight_map":[]})") == "weight_map, expected an object, found an array of 0");
  CHECK(shards.index_error(R"({"weight_map":{}})") ==
        "weight_map, expected an object of tensor and file names, found an empty object");
  CHECK(shards.index_error(R"({"weight_map":{"a":1}})") == "weight_map.a, expected a text, found 1");
  CHECK(shards.index_error(R"({"weight_map":{"a":"x","a":"y"}})") == "weight_map: duplicate key \"a\"");
  CHECK(shards.index_error(R"({"metadata":1,"weight_map":{"a":"x"}})") == "metadata, expected an object, found 1");
  for (const char* total : {"-1", "\"8\"", "1e300", "8.5", "null"}) {
    CAPTURE(total);
    CHECK(shards.index_error(Shards::index(k_first, k_second, total)) ==
          "metadata.total_size, expected a number of bytes, found " +
              std::string(std::string(total) == "1e300" ? "1e+300" : total));
  }
  CHECK(shards.index_error("{\"weight_map\":").find("malformed JSON: ") == 0);
  const std::string good = Shards::index(k_first, k_second, "8");
  for (std::size_t size = 0; size < good.size(); ++size)
    CHECK_THROWS_AS(parse_shard_index(good.substr(0, size), "I", {}), Error);
  TensorLimits limits;
  limits.max_tensors = 1;
  CHECK_THROWS_WITH_AS(parse_shard_index(good, "I", limits), "I: too many tensors, expected at most 1, found 2", Error);
  limits = {};
  limits.max_shards = 1;
  CHECK_THROWS_WITH_AS(parse_shard_index(good, "I", limits), "I: too many shards, expected at most 1, found 2", Error);
  limits = {};
  limits.max_header_bytes = 10;
  CHECK_THROWS_WITH_AS(parse_shard_index(good, "I", limits),
                       ("I: index too large, expected at most 10 bytes, found " + std::to_string(good.size())).c_str(),
                       Error);
}
