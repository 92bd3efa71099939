// A Hugging Face directory written again: other files, other dtype, the same tensors, or with an adapter in them.
#pragma once

#include <string>

#include "seqguard/core/progress.hpp"
#include "seqguard/model/tensor_source.hpp"
#include "seqguard/model/write_weights.hpp"

namespace seqguard {
inline namespace v0 {

struct ConvertOptions {
  WeightsOptions weights;
  FileAccess access = FileAccess::read;
};

struct Converted {
  std::string from;  ///< the file of weights, or the index, that was read
  WrittenWeights weights;
};

/// Reads the weights of `from` (open_tensors()) and writes them to `to` as write_weights() does, as a whole new
/// generation of `to`. Every floating-point value is checked to be finite.
///
/// Knows no model: any architecture is converted, tensors keep their names, and of tensors that share all their
/// elements (tied weights in pytorch_model.bin) only the first is kept, as transformers does, unless config.json says
/// that weights are not tied. config.json keeps all its fields, with the dtype of the weights; every other file and
/// directory is copied as it is, without the weights of TensorFlow, Flax and Rust. `from` and `to` may be the same.
/// Progress: phase "convert", a report for each tensor written; stopped by it, `to` stays as it was.
/// @throws Error io_error, bad_checkpoint, non_finite; cancelled (progress); unsupported_model: adapters, quantised
/// weights; also models with a detector, whose calibration holds for the very weights it was made with.
Converted convert_checkpoint(const std::string& from, const std::string& to, const ConvertOptions& options = {},
                             ProgressSink progress = {});

/// The base model `from` with the adapter of a directory merged into its matrices (load_merged_adapter()), written to
/// `to` as convert_checkpoint() does, with the files of `from` beside the weights. Of a model that is computed here
/// only. Without a dtype in the options the weights have that of the base, if it is one. `to` and `from` may be the
/// same.
/// @throws Error as load_model(), load_merged_adapter() and convert_checkpoint().
Converted merge_adapter(const std::string& from, const std::string& adapter, const std::string& to,
                        const ConvertOptions& options = {}, ProgressSink progress = {});

}  // namespace v0
}  // namespace seqguard
