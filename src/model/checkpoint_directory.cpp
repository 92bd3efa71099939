#include "model/checkpoint_directory.hpp"

#include <algorithm>
#include <filesystem>
#include <utility>
#include <vector>

#include "seqguard/core/error.hpp"
#include "seqguard/core/files.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

namespace fs = std::filesystem;

const std::string k_weights_names =
    "model.safetensors, model.safetensors.index.json, pytorch_model.bin or pytorch_model.bin.index.json";

std::string listed(const std::vector<std::string>& names) {
  constexpr std::size_t k_shown = 12;
  std::string text = names.empty() ? "an empty directory" : names.front();
  for (std::size_t i = 1; i < std::min(names.size(), k_shown); ++i) text += ", " + names[i];
  return names.size() > k_shown ? text + " and " + std::to_string(names.size() - k_shown) + " more" : text;
}

/// ": load .. instead" for the checkpoint of the most steps that a trainer left in the directory, or nothing.
std::string advise_checkpoint(const std::string& directory, const std::vector<std::string>& names) {
  std::string last;
  for (const std::string& name : names)  // of one length the last has the highest number
    if (name.starts_with("checkpoint-") && name.size() >= last.size() &&
        file_exists(directory + "/" + name + "config.json"))
      last = name;
  if (last.empty()) return "";
  last.pop_back();
  return ": load " + directory + "/" + last + " instead";
}

/// ": .." for a directory of modules whose network lies in a folder, or nothing.
std::string advise_modules(const std::vector<std::string>& names) {
  if (!std::binary_search(names.begin(), names.end(), "modules.json")) return "";
  return ": the network that modules.json names lies in a folder, an old layout: save it again with "
         "sentence-transformers";
}

/// ": .." with what to do about weights under other names, or nothing.
std::string advise_weights(const std::vector<std::string>& names) {
  std::string only;
  for (const std::string& name : names) {
    const bool is_safe = name.ends_with(".safetensors");
    if (name.find("-of-0") != std::string::npos && (is_safe || name.ends_with(".bin")))
      return std::string(": shards are found through their index: copy ") +
             (is_safe ? "model.safetensors.index.json" : "pytorch_model.bin.index.json") + " as well";
    if (is_safe) only = only.empty() ? name : "several";
  }
  if (only.empty() || only == "several") return "";
  return ": if " + only + " holds the weights, rename it to model.safetensors";
}

/// Names the first file with weights of a kind that is not read.
void refuse_other_formats(const std::string& directory, const std::vector<std::string>& names) {
  constexpr std::pair<const char*, const char*> k_kinds[] = {
      {".gguf", "GGUF"},    {".onnx", "ONNX"},        {".h5", "TensorFlow"},    {".msgpack", "Flax"},
      {".ot", "rust-bert"}, {".ckpt", "checkpoint"},  {".pt", "other PyTorch"}, {".pth", "other PyTorch"},
      {".npz", "NumPy"},    {".tflite", "TensorFlow"}};
  for (const std::string& name : names)
    for (const auto& [extension, kind] : k_kinds)
      if (name.ends_with(extension))
        fail(ErrorCode::unsupported_model, directory + "/" + name,
             std::string(kind) + " weights are not read: transformers' save_pretrained() writes model.safetensors");
}

}  // namespace

std::vector<std::string> names_in(const std::string& directory) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end; entry.increment(error)) {
    std::error_code no_directory;
    names.push_back(entry->path().filename().string() + (entry->is_directory(no_directory) ? "/" : ""));
  }
  std::sort(names.begin(), names.end());
  return names;
}

void refuse_adapters(const std::string& directory) {
  const std::string path = directory + "/adapter_config.json";
  if (!file_exists(path)) return;
  if (file_exists(directory + "/config.json"))
    fail(
        ErrorCode::unsupported_model, path,
        "an adapter beside a model is not applied: move it into a directory of its own, and merge it (seqguard convert "
        "--from " +
            directory + " --merge-adapters ADAPTER --to NEW)");
  fail(ErrorCode::unsupported_model, path,
       "is an adapter, no model: merge it into its base (seqguard convert --from BASE --merge-adapters " + directory +
           " --to NEW), or read it with load_adapter()");
}

std::string read_config_text(const std::string& directory) {
  constexpr std::size_t k_max_bytes = std::size_t{16} << 20;
  if (!directory_exists(directory))
    fail(ErrorCode::file_not_found, directory.empty() ? "\"\"" : directory, "model",
         "a directory with config.json and weights (nothing is downloaded)",
         file_exists(directory) ? "a file" : "none");
  refuse_adapters(directory);
  const std::string path = directory + "/config.json";
  if (!file_exists(path)) {
    const std::vector<std::string> names = names_in(directory);
    fail(ErrorCode::file_not_found, path, "no such file",
         "a checkpoint (config.json, and " + k_weights_names + ") or a model of seqguard fit (detector.json too)",
         listed(names) + advise_checkpoint(directory, names) + advise_modules(names));
  }
  return read_file(path, k_max_bytes);
}

void fail_without_weights(const std::string& directory) {
  const std::vector<std::string> names = names_in(directory);
  std::string advice = advise_weights(names);
  if (advice.empty()) advice = advise_checkpoint(directory, names);
  if (advice.empty()) refuse_other_formats(directory, names);
  fail(ErrorCode::file_not_found, directory, "no weights", k_weights_names, listed(names) + advice);
}

}  // namespace v0
}  // namespace seqguard
