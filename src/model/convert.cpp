#include "seqguard/model/convert.hpp"

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "core/json_tree.hpp"
#include "model/checkpoint_directory.hpp"
#include "model/int8_tensors.hpp"
#include "seqguard/core/error.hpp"
#include "seqguard/model/adapter.hpp"
#include "seqguard/model/checkpoint.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

namespace fs = std::filesystem;

void refuse_what_depends_on_weights(const std::string& directory) {
  refuse_adapters(directory);
  if (const std::string detector = directory + "/detector.json"; file_exists(detector))
    fail(ErrorCode::unsupported_model, detector,
         "a detector's calibration holds only for the weights it was made with: fit again instead");
}

/// Tensors to write: all, without copies of tied ones.
std::vector<std::string> names_of(const TensorSource& source, bool tied) {
  std::vector<std::string> names;
  for (const auto& [name, info] : source.tensors())
    if (!tied || info.same_as.empty()) names.push_back(name);
  return names;
}

/// The dtype of all floating-point tensors, if it is one that can be written.
std::optional<Dtype> dtype_of(const TensorSource& source) {
  std::optional<Dtype> dtype;
  for (const auto& [name, info] : source.tensors()) {
    if (!is_floating_point(info.dtype)) continue;
    if (dtype.value_or(info.dtype) != info.dtype || info.dtype == Dtype::f64) return Dtype::f32;
    dtype = info.dtype;
  }
  return dtype;
}

void copy_others(DirectoryWriter& writer, const std::string& from) {
  std::set<std::string> names;
  try {
    for (const fs::directory_entry& entry : fs::directory_iterator(from)) names.insert(entry.path().filename());
  } catch (const fs::filesystem_error& error) {
    fail(ErrorCode::io_error, from, std::string("cannot be read: ") + error.what());
  }
  std::set<std::string, std::less<>> written = {"config.json"};
  for (const auto& [name, digest] : writer.written()) written.insert(name);
  for (const std::string& name : names)
    if (!written.contains(name) && !is_weights_file(name)) writer.copy(from + "/" + name, name);
}

}  // namespace

Converted convert_checkpoint(const std::string& from, const std::string& to, const ConvertOptions& options,
                             ProgressSink progress) {
  const std::string config_path = from + "/config.json", config = read_config_text(from);
  const JsonTree fields(config, config_path, ErrorCode::bad_checkpoint);
  const auto quantised = fields.root().find("quantization_config");
  if (quantised && quantised->dump() != k_int8_description)
    fail(ErrorCode::unsupported_model, config_path, "quantised weights are not supported: dequantise them first");
  refuse_what_depends_on_weights(from);
  refuse_what_depends_on_weights(to);
  const auto tie = fields.root().find("tie_word_embeddings");
  const bool tied = !tie || !tie->equals(false);

  WeightsOptions weights = options.weights;
  if (quantised && !weights.dtype) weights.dtype = Dtype::i8;
  std::unique_ptr<TensorSource> source = open_tensors(from, options.access);
  // Integers that stay integers are copied: scales of their products would be rounded once more.
  if (weights.dtype != Dtype::i8 || !quantised) source = with_float_matrices(std::move(source));
  DirectoryWriter writer(to);
  Converted result{source->path(), write_weights(writer, *source, names_of(*source, tied), weights, progress)};
  writer.write("config.json", result.weights.dtype ? with_dtype(config, config_path, *result.weights.dtype) : config);
  copy_others(writer, from);
  writer.commit();
  return result;
}

Converted merge_adapter(const std::string& from, const std::string& adapter, const std::string& to,
                        const ConvertOptions& options, ProgressSink progress) {
  refuse_what_depends_on_weights(from);
  refuse_what_depends_on_weights(to);
  WeightsOptions weights = options.weights;
  Converted result;
  std::optional<Model<float>> merged;
  {
    const Model<float> base = load_model(make_context(LoadOptions{}), from, {}, options.access);
    const std::unique_ptr<const TensorSource> source = open_tensors(from, options.access);
    result.from = source->path();
    if (!weights.dtype && std::any_of(source->tensors().begin(), source->tensors().end(),
                                      [](const auto& t) { return t.second.dtype == Dtype::i8; }))
      weights.dtype = Dtype::i8;
    if (!weights.dtype) weights.dtype = dtype_of(*source);
    merged.emplace(load_merged_adapter(base, adapter));
  }
  DirectoryWriter writer(to);
  result.weights = write_model(writer, *merged, merged->values(), weights);
  if (!progress.report({.phase = "convert", .done = result.weights.tensors, .total = result.weights.tensors}))
    fail(ErrorCode::cancelled, "convert", "stopped on request");
  copy_others(writer, from);
  writer.commit();
  return result;
}

}  // namespace v0
}  // namespace seqguard
