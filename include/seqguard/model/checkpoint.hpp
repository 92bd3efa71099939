// A model on disk: the Hugging Face directory (config.json and the weights).
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "seqguard/core/files.hpp"
#include "seqguard/core/load_report.hpp"
#include "seqguard/model/model.hpp"
#include "seqguard/model/safetensors.hpp"
#include "seqguard/model/write_weights.hpp"

namespace seqguard {
inline namespace v0 {

/// The configuration of a directory. @throws Error as load_model().
ModelConfig load_model_config(const std::string& directory);

/// What load_model() would give, by the configuration and the names and shapes of the tensors; no value is read.
/// `report`: what of the files is not read; may be null, here and below. @throws Error as load_model().
ModelSpec load_model_spec(const std::string& directory, const ModelFeatures& features = {},
                          LoadReport* report = nullptr);

/// Reads a directory that transformers or this library wrote; open_tensors() says which files. `features` are the
/// columns beyond BERT's that a behaviour model has (they stand in event_schema.json).
///
/// Strict accounting: every parameter must be in the file with its exact shape, every tensor of the file must be used
/// or be one of those known to carry nothing (position_ids and token_type_ids buffers, cls.seq_relationship). Accepted:
/// names with and without the prefix "bert.", LayerNorm's old names gamma and beta, a tied decoder that is absent or
/// equal to what it is tied to, F64, F32, F16 and BF16 (all read as float). The head without a name is the one of
/// architectures[0]; a pooler is read where there is one. Heads with names, which this library adds, stand in
/// heads.json and heads.safetensors, and are read if both are there.
///
/// The parameters are in values(); pack() is left to the caller.
/// @throws Error file_not_found, io_error; bad_checkpoint: damaged, or one message that lists the missing, unused and
/// mis-shaped tensors; unsupported_model: refused by name, also adapters and torch's old file format.
Model<float> load_model(const Context<float>& context, const std::string& directory, const ModelFeatures& features = {},
                        FileAccess access = FileAccess::read, LoadReport* report = nullptr);

/// The same for scoring, ready for it: each matrix is packed when it has been read and is kept in no other form. Peak
/// of memory: the weights and the largest matrix once more.
Model<float> load_scoring_model(const Context<float>& context, const std::string& directory,
                                const ModelFeatures& features = {}, FileAccess access = FileAccess::read,
                                LoadReport* report = nullptr);

/// The files of a checkpoint that its owner has opened or read.
struct CheckpointFiles {
  std::string directory;                              ///< where they come from, for messages
  std::string_view config;                            ///< the text of config.json
  std::unique_ptr<const TensorSource> weights;        ///< never null
  std::string_view heads;                             ///< the text of heads.json, and
  std::unique_ptr<const TensorSource> heads_weights;  ///< heads.safetensors; none: empty and null
};
/// The same from such files. @throws Error likewise.
Model<float> load_scoring_model(const Context<float>& context, CheckpointFiles files,
                                const ModelFeatures& features = {});

/// Writes config.json and the weights (write_weights()), with the names of transformers' class for the model's head, so
/// that it opens there (a pooler beside a masked-LM or token head is written too, and reported there as unexpected).
/// Heads with names go to heads.json and heads.safetensors, which transformers does not read.
/// `values` has model.table().size() elements: model.values(), or others of that layout.
/// @throws Error as write_weights(); bad_checkpoint: a value that is not finite; invalid_argument: labels that do not
/// fit the configuration; unsupported: a model that only scores, or that has adapters.
WrittenWeights write_model(DirectoryWriter& writer, const Model<float>& model, std::span<const float> values,
                           const WeightsOptions& options = {});

/// write_model() of the model's own values as a whole new generation of `directory`.
void save_model(const std::string& directory, const Model<float>& model, const WeightsOptions& options = {});

}  // namespace v0
}  // namespace seqguard
