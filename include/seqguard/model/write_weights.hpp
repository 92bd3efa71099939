// Weights on their way to disk: safetensors, one file or shards with an index, in the dtype that is asked for.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "seqguard/core/files.hpp"
#include "seqguard/core/progress.hpp"
#include "seqguard/model/tensor_source.hpp"

namespace seqguard {
inline namespace v0 {

struct WeightsOptions {
  /// F32, F16 or BF16, for every floating-point tensor; I8: of a matrix NAME integers "NAME.int8" and, for each row, a
  /// scale in "NAME.scale", every other tensor as it is; none: each as it is.
  std::optional<Dtype> dtype = std::nullopt;
  /// Tensors are put into shards of at most so many bytes (a larger tensor has one of its own).
  std::size_t max_shard_bytes = std::size_t{5'000'000'000};
};

/// What was written.
struct WrittenWeights {
  std::vector<std::string> files;  ///< in order, the index last
  std::size_t tensors = 0, parameters = 0, bytes = 0;
  std::optional<Dtype> dtype;  ///< of all floating-point tensors, if it is one; I8 where it was asked for
};

/// Writes `names` of the source as model.safetensors, or as model-00001-of-0000N.safetensors with
/// model.safetensors.index.json where they do not fit into one. What is_weights_file() of an earlier generation is
/// left out of the directory. Tensors pass through in blocks; memory does not grow with the model.
///
/// F16 and BF16 are rounded to nearest, ties to even. @throws Error invalid_argument: options out of range; non_finite:
/// a value beyond the range of the dtype, by tensor and element; cancelled (progress, a report for each tensor, phase
/// "convert"); and what source and writer throw.
WrittenWeights write_weights(DirectoryWriter& writer, const TensorSource& source, std::vector<std::string> names,
                             const WeightsOptions& options = {}, ProgressSink progress = {});

/// Whether a file of a Hugging Face directory is one of weights that write_weights() replaces: safetensors,
/// pytorch_model.bin, their indices, and the same weights for TensorFlow, Flax and Rust.
bool is_weights_file(std::string_view name) noexcept;

/// The text of a config.json with `dtype` (or `torch_dtype`, where that is its field) set; all other fields have the
/// values they had. I8: `dtype` is float32, and quantization_config says how matrices are stored. `path` is for
/// messages. @throws Error bad_checkpoint.
std::string with_dtype(std::string_view config, const std::string& path, Dtype dtype);

}  // namespace v0
}  // namespace seqguard
