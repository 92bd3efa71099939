// Adapters on disk: PEFT's adapter_config.json and adapter_model.safetensors, for a base model that lies elsewhere.
//
//   Model<float> model = begin_from(base, spec_with_lora, seed);  ... training ...
//   save_adapter("adapter", model, "path/to/base");
//   Model<float> again = load_adapter(base, "adapter");           to train on, or to score with after pack(false)
#pragma once

#include <string>

#include "seqguard/model/model.hpp"

namespace seqguard {
inline namespace v0 {

/// `base` with the adapter of a directory: ModelSpec::lora says which, every module by its whole name. Heads with names
/// of their own (heads.json beside the adapter) are added. A classification that `base` does not have, or with other
/// labels, is added where the adapter holds it (task_type SEQ_CLS or TOKEN_CLS). The parameters are in values(); pack()
/// is left to the caller. pack(false) merges: scoring then costs what it costs with the base.
///
/// Several adapters for one base: each is a model with memory of its own; they share nothing.
/// @throws Error file_not_found, io_error; bad_checkpoint: damaged, or tensors that do not fit the base, listed;
/// unsupported_model: a field of adapter_config.json that would change the result and is not computed, by name; what
/// could not be trained on as a part of an adapter - a parameter of the base that was replaced, an adapter in a head:
/// load_merged_adapter() takes both; unsupported: `base` only scores, or has adapters itself.
Model<float> load_adapter(const Model<float>& base, const std::string& directory);

/// The same as one model without adapters, merged into its matrices. @throws Error likewise.
Model<float> load_merged_adapter(const Model<float>& base, const std::string& directory);

/// Writes what learns of a model with adapters as a whole new generation of `directory`, so that PEFT opens it on the
/// same base: adapters, heads (modules_to_save), and biases with FrozenParts::all_but_biases (bias="all"). `base` is
/// written as base_model_name_or_path. Heads with names go to heads.json and heads.safetensors.
/// @throws Error invalid_argument: the model has no adapters; bad_checkpoint: a value that is not finite; io_error.
void save_adapter(const std::string& directory, const Model<float>& model, const std::string& base = "");

}  // namespace v0
}  // namespace seqguard
