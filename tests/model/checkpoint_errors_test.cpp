// What is said of a directory that does not load: which files were looked for, what is there, and what to do.
#include <doctest/doctest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "model/golden.hpp"
#include "seqguard/core/error.hpp"
#include "seqguard/model/convert.hpp"
#include "support/temporary_directory.hpp"

using namespace seqguard;

namespace {

namespace fs = std::filesystem;

const std::string k_files = k_golden + "weight_files/", k_classifier = k_golden + "sequence_classification_d64";
const std::string k_names =
    "model.safetensors, model.safetensors.index.json, pytorch_model.bin or pytorch_model.bin.index.json";

/// Code and message, with DIR for the directory.
template <class Call>
std::string error_of(const std::string& directory, Call call) {
  try {
    call();
  } catch (const Error& error) {
    std::string message = error.what();
    for (std::size_t at; (at = message.find(directory)) != std::string::npos;)
      message.replace(at, directory.size(), "DIR");
    return std::string(to_string(error.code())) + " " + message;
  }
  return "";
}

std::string loading_error(const std::string& directory) {
  return error_of(directory, [&] { load_scoring_model(make_context(default_isa()), directory); });
}

/// A directory with some files, whose content does not matter where they are not opened.
struct Files {
  TemporaryDirectory directory;

  explicit Files(const std::vector<std::string>& names) {
    for (const std::string& name : names) {
      fs::create_directories(fs::path(directory / name).parent_path());
      write_file_atomically(directory / name, "{}");
    }
  }
  void take_config() const {
    write_file_atomically(directory / "config.json", read_file(k_files + "single/config.json", 1 << 20));
  }
  std::string error() const { return loading_error(directory.path()); }
};

/// The classifier's checkpoint with other names of tensors, and a configuration that `edit` changed.
template <class Rename, class Edit>
std::string error_after(Rename rename, Edit edit) {
  const SafetensorsFile source(k_classifier + "/model.safetensors");
  std::vector<std::vector<float>> values;
  std::vector<TensorToWrite> tensors;
  for (const auto& [name, info] : source.tensors()) {
    values.emplace_back(info.count());
    source.read(name, values.back());
    tensors.push_back({rename(name), Dtype::f32, info.shape, std::as_bytes(std::span(values.back()))});
  }
  std::string config = read_file(k_classifier + "/config.json", 1 << 20);
  edit(config);
  const TemporaryDirectory directory;
  write_file_atomically(directory / "config.json", config);
  write_file_atomically(directory / "model.safetensors", serialize_safetensors(tensors));
  return loading_error(directory.path());
}

std::string renamed(const std::string& prefix) {
  return error_after([&](const std::string& name) { return prefix + name; }, [](std::string&) {});
}

std::string edited(const std::string& from, const std::string& to) {
  return error_after([](const std::string& name) { return name; },
                     [&](std::string& config) {
                       const std::size_t begin = config.find(from);
                       REQUIRE(begin != std::string::npos);
                       config.replace(begin, config.find(from.back() == '{' ? '}' : ']', begin) + 2 - begin, to);
                     });
}

}  // namespace

TEST_CASE("a directory without a configuration: all that was looked for and what is there") {
  const std::string missing = "file_not_found DIR/config.json: no such file, expected a checkpoint (config.json, and " +
                              k_names + ") or a model of seqguard fit (detector.json too), found ";
  CHECK(Files({}).error() == missing + "an empty directory");
  CHECK(Files({"a", "notes/b"}).error() == missing + "a, notes/");
  CHECK(Files({"checkpoint-500/config.json", "checkpoint-1000/config.json", "checkpoint-99/config.json"}).error() ==
        missing + "checkpoint-1000/, checkpoint-500/, checkpoint-99/: load DIR/checkpoint-1000 instead");
  CHECK(Files({"checkpoint-500/a"}).error() == missing + "checkpoint-500/");
  CHECK(Files({"0_Transformer/config.json", "modules.json"}).error() ==
        missing +
            "0_Transformer/, modules.json: the network that modules.json names lies in a folder, an old layout: " +
            "save it again with sentence-transformers");
  const std::string wanted = "model, expected a directory with config.json and weights (nothing is downloaded), found ";
  CHECK(loading_error("no-such/model") == "file_not_found DIR: " + wanted + "none");
  CHECK(error_of("none at all", [] { load_model_config(""); }) == "file_not_found \"\": " + wanted + "none");
  const Files one({"file"});
  CHECK(loading_error(one.directory / "file") == "file_not_found DIR: " + wanted + "a file");
}

TEST_CASE("a directory without weights: all their names, what is there and what to do") {
  const auto error = [](const std::vector<std::string>& names) {
    const Files files(names);
    files.take_config();
    return files.error();
  };
  const std::string missing = "file_not_found DIR: no weights, expected " + k_names + ", found config.json";
  CHECK(error({}) == missing);
  CHECK(error({"optimizer.pt", "weights.safetensors"}) ==
        missing +
            ", optimizer.pt, weights.safetensors: if weights.safetensors holds the weights, rename it to "
            "model.safetensors");
  CHECK(error({"x.safetensors", "y.safetensors"}) == missing + ", x.safetensors, y.safetensors");
  CHECK(error({"model-00001-of-00002.safetensors", "x.safetensors"}) ==
        missing +
            ", model-00001-of-00002.safetensors, x.safetensors: shards are found through their index: copy "
            "model.safetensors.index.json as well");
  CHECK(error({"pytorch_model-00001-of-00002.bin"}).ends_with("copy pytorch_model.bin.index.json as well"));
  CHECK(error({"checkpoint-7/config.json"})
            .ends_with(", found checkpoint-7/, config.json: load DIR/checkpoint-7 instead"));
  CHECK(error({"model.onnx"}).find("unsupported_model DIR/model.onnx: ONNX weights are not read") == 0);
  std::vector<std::string> many;
  for (char c = 'd'; c <= 'z'; ++c) many.emplace_back(1, c);
  CHECK(error(many) == missing + ", d, e, f, g, h, i, j, k, l, m, n and 12 more");
}

TEST_CASE("an adapter is refused by name before anything else is missed") {
  const Files files({"adapter_config.json", "adapter_model.safetensors"});
  const std::string refused =
      "unsupported_model DIR/adapter_config.json: is an adapter, no model: merge it into its base (seqguard convert "
      "--from BASE --merge-adapters DIR --to NEW), or read it with load_adapter()";
  const std::string& directory = files.directory.path();
  CHECK(files.error() == refused);
  CHECK(error_of(directory, [&] { load_model_config(directory); }) == refused);
  CHECK(error_of(directory, [&] { convert_checkpoint(directory, directory + "-to"); }) == refused);
}

TEST_CASE("a pointer of Git LFS is named as one, whatever file it stands for") {
  const std::string pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 133466304\n";
  for (const std::string name :
       {"config.json", "model.safetensors", "pytorch_model.bin", "model.safetensors.index.json"}) {
    CAPTURE(name);
    const Files files({});
    files.take_config();
    write_file_atomically(files.directory / name, pointer);
    CHECK(files.error() ==
          "bad_format DIR/" + name + ": a pointer of Git LFS, not the file itself: fetch it with `git lfs pull`");
  }
  const TemporaryDirectory shards;
  fs::copy(k_files + "sharded", shards.path());
  for (const auto& entry : fs::directory_iterator(shards.path()))
    if (entry.path().extension() == ".safetensors") write_file_atomically(entry.path(), pointer);
  CHECK(loading_error(shards.path()).find("`git lfs pull`") != std::string::npos);
}

TEST_CASE("tensors whose names have a wrapper's prefix are one cause, not a list of each") {
  const std::string path = "bad_checkpoint DIR/model.safetensors: does not fit its config.json";
  for (const std::string prefix : {"module.", "_orig_mod.", "module._orig_mod.", "model."})
    CHECK(renamed(prefix) == path + ": the names of its tensors begin with \"" + prefix +
                                 "\", those of transformers do not: save the model inside the wrapper, or rename them");
  // One name that no prefix explains is listed beside the cause.
  const auto but_one = [](const std::string& name) {
    return name == "classifier.bias" ? "a.offset" : "module." + name;
  };
  CHECK(
      error_after(but_one, [](std::string&) {}) ==
      path +
          ": the names of its tensors begin with \"module.\", those of transformers do not: save the model inside the "
          "wrapper, or rename them; missing: classifier.bias; unused: a.offset");
  const auto two = [](const std::string& name) {
    return (name.find("attention") != std::string::npos ? "a." : "b.") + name;
  };
  CHECK(error_after(two, [](std::string&) {}).find(path + "; missing: ") == 0);
}

TEST_CASE("a classifier that config.json says nothing of: the field to fill is named") {
  const std::string path = "bad_checkpoint DIR/model.safetensors: does not fit its config.json; ";
  const std::string no_class = path +
                               "unused: classifier.bias, classifier.weight; config.json has no architectures, and "
                               "without them a model has no head: name its class there, such as "
                               "[\"BertForSequenceClassification\"]";
  CHECK(edited("\"architectures\": [", "") == no_class);
  CHECK(edited("\"architectures\": [", "\"architectures\": [],") == no_class);
  const std::string shapes =
      path +
      "wrong shape: classifier.weight (expected [2, 64], found [3, 64]), classifier.bias (expected [2], found [3])";
  CHECK(edited("\"id2label\": {", "") ==
        shapes +
            "; LABEL_0 and LABEL_1 are only the default: id2label in config.json must name the labels of the "
            "classifier");
  CHECK(edited("\"id2label\": {", R"("id2label": {"0": "no", "1": "yes"},)") == shapes);
}

TEST_CASE("load_model_spec tells what a directory holds without its values") {
  const ModelSpec spec = load_model_spec(k_classifier);
  REQUIRE(spec.checkpoint_head(Head::sequence_classification) != nullptr);
  CHECK(spec.checkpoint_head(Head::sequence_classification)->labels.size() == 3);
  CHECK(spec.config.hidden_size == 64);
  CHECK_THROWS_AS(load_model_spec(k_golden), Error);
}
