#include "seqguard/model/convert.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "seqguard/core/error.hpp"
#include "seqguard/core/isa.hpp"
#include "seqguard/model/checkpoint.hpp"
#include "support/temporary_directory.hpp"

using namespace seqguard;

namespace {

namespace fs = std::filesystem;

const std::string k_files = std::string(SEQGUARD_SOURCE_DIR) + "/tests/golden/weight_files/";

std::string text_of(const std::string& path) { return read_file(path, 1 << 20); }

std::string error_of(const std::string& from, const std::string& to) {
  try {
    convert_checkpoint(from, to);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("convert: stopped after any of its tensors it leaves what was there") {
  const TemporaryDirectory directory;
  const std::string to = directory / "to";
  struct Stop {
    std::size_t reports_left = 0, done = 0, total = 0;
  };
  const auto converts = [&](std::size_t reports, std::size_t max_shard_bytes) {
    Stop stop{reports};
    const ProgressSink sink{[](const Progress& progress, void* user) {
                              Stop& self = *static_cast<Stop*>(user);
                              CHECK(progress.phase == "convert");
                              CHECK(progress.done == ++self.done);
                              self.total = progress.total;
                              return self.reports_left-- > 0;
                            },
                            &stop};
    try {
      convert_checkpoint(k_files + "single", to, {{.max_shard_bytes = max_shard_bytes}, FileAccess::read}, sink);
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::cancelled);
      CHECK(std::string(error.what()) == "convert: stopped on request");
      return false;
    }
    CHECK(stop.done == stop.total);
    return true;
  };
  for (const std::size_t reports : {0, 1, 20}) {
    CHECK_FALSE(converts(reports, 1000));
    CHECK(fs::is_empty(directory.path()));
  }
  CHECK(converts(100, 1000));
  const std::string index = text_of(to + "/model.safetensors.index.json");
  CHECK_FALSE(converts(3, 5'000'000));
  CHECK(text_of(to + "/model.safetensors.index.json") == index);
  CHECK_FALSE(fs::exists(to + "/model.safetensors"));
}

TEST_CASE("convert: every kind of file becomes safetensors, the weights bit for bit") {
  const Context<float> context = make_context(default_isa());
  const Model<float> expected = load_model(context, k_files + "single");
  for (const char* name : {"single", "sharded", "torch", "torch_protocol_4", "torch_sharded"}) {
    CAPTURE(name);
    const TemporaryDirectory directory;
    const Converted converted = convert_checkpoint(k_files + name, directory / "to");
    CHECK(converted.from.find(k_files + name) == 0);
    CHECK(converted.weights.dtype == Dtype::f32);
    CHECK(load_model(context, directory / "to").values() == expected.values());
    // The tied decoder of pytorch_model.bin is not written twice; single files equal those of transformers. Storages
    // are not shared between shards of pytorch_model.bin.
    if (std::string(name) != "torch_sharded") {
      CHECK(converted.weights.tensors == 26);
      CHECK(text_of(directory / "to/model.safetensors") == text_of(k_files + "single/model.safetensors"));
    }
    CHECK(text_of(directory / "to/config.json").find("\"dtype\": \"float32\"") != std::string::npos);
  }
}

TEST_CASE("convert: there and back again, in place, from shards") {
  const TemporaryDirectory directory;
  fs::copy(k_files + "torch", directory.path(), fs::copy_options::recursive);
  const std::string model = directory / "model";
  fs::create_directory(model);
  for (const char* name : {"config.json", "pytorch_model.bin"}) fs::rename(directory / name, model + "/" + name);
  ConvertOptions options;
  options.weights.max_shard_bytes = 1000;
  options.access = FileAccess::map;
  CHECK(convert_checkpoint(model, model, options).weights.files.size() > 2);
  CHECK(!file_exists(model + "/pytorch_model.bin"));
  CHECK(!file_exists(model + "/model.safetensors"));
  convert_checkpoint(model, model);
  CHECK(!file_exists(model + "/model.safetensors.index.json"));
  CHECK(text_of(model + "/model.safetensors") == text_of(k_files + "single/model.safetensors"));
}

TEST_CASE("convert: other files and directories are kept, weights of other programs are not") {
  const TemporaryDirectory directory;
  const std::string from = directory / "from", to = directory / "to";
  fs::copy(k_files + "single", from);
  fs::create_directories(from + "/1_Pooling");
  write_file_atomically(from + "/1_Pooling/config.json", "{\"pooling\":1}");
  write_file_atomically(from + "/vocab.txt", "[PAD]\n");
  write_file_atomically(from + "/tf_model.h5", "x");
  std::string config = text_of(from + "/config.json");
  config.insert(config.find('{') + 1, "\"of_our_own\": {\"x\": [1, 2.5, null]},");
  write_file_atomically(from + "/config.json", config);
  convert_checkpoint(from, to, {{.dtype = Dtype::f16}, FileAccess::read});
  CHECK(text_of(to + "/1_Pooling/config.json") == "{\"pooling\":1}");
  CHECK(text_of(to + "/vocab.txt") == "[PAD]\n");
  CHECK(!file_exists(to + "/tf_model.h5"));
  CHECK(text_of(to + "/config.json").find("\"of_our_own\": {") != std::string::npos);
  CHECK(text_of(to + "/config.json").find("\"dtype\": \"float16\"") != std::string::npos);
}

TEST_CASE("convert: tied weights that the configuration unties are both kept") {
  const TemporaryDirectory directory;
  fs::copy(k_files + "torch", directory / "from");
  std::string config = text_of(directory / "from/config.json");
  const std::string tied = "\"tie_word_embeddings\": true";
  config.replace(config.find(tied), tied.size(), "\"tie_word_embeddings\": false");
  write_file_atomically(directory / "from/config.json", config);
  CHECK(convert_checkpoint(directory / "from", directory / "to").weights.tensors == 28);
}

TEST_CASE("convert: what cannot be converted is refused, and nothing is written") {
  const TemporaryDirectory directory;
  const std::string from = directory / "from", to = directory / "to";
  CHECK(error_of(from, to).find(from + ": model, expected a directory with config.json and weights") == 0);
  fs::copy(k_files + "single", from);
  const auto refused_with = [&](const std::string& name, const std::string& content) {
    write_file_atomically(from + "/" + name, content);
    const std::string message = error_of(from, to);
    fs::remove(from + "/" + name);
    CHECK(!directory_exists(to));
    CHECK(message.find(from + "/" + name + ": ") == 0);
    return message.substr(from.size() + name.size() + 3);
  };
  CHECK(refused_with("adapter_config.json", "{}").find("an adapter beside a model is not applied") == 0);
  CHECK(refused_with("detector.json", "{}").find("a detector's calibration holds only for") == 0);
  fs::create_symlink("/etc/passwd", from + "/vocab.txt");
  CHECK(error_of(from, to).find(from + "/vocab.txt: symbolic link, expected one of the Hub's cache") == 0);
  fs::remove(from + "/vocab.txt");
  CHECK(refused_with("config.json", "[]") == "document, expected an object, found an array of 0");
  write_file_atomically(from + "/config.json", "{\"quantization_config\":{\"bits\":8}}");
  CHECK(error_of(from, to).find("quantised weights are not supported") != std::string::npos);
  CHECK(!directory_exists(to));
}
