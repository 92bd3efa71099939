// Which tensor of a file is which parameter, and what is missing or left over; private to the library.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "model/tensor_names.hpp"
#include "seqguard/model/parameters.hpp"
#include "seqguard/model/tensor_source.hpp"

namespace seqguard {
inline namespace v0 {

/// Tensors of a file by their complete names (tensor_names.hpp). The value is the name in the file.
using TensorNames = std::map<std::string, std::string, std::less<>>;

/// @throws Error bad_checkpoint: two tensors are the same parameter.
TensorNames complete_names(const TensorSource& file, const ModelConfig& config);

/// A parameter and a second name under which a copy of it may stand in the file. With tie_word_embeddings both are the
/// same; without it transformers 5 uses the copy of the bias, and the head's own lies idle beside it.
struct Copy {
  ParameterKey of;
  std::string name;
};
/// All copies whose names differ from the parameter's own.
std::vector<Copy> copies_of(const ParameterTable& table, const ModelConfig& config);

/// Every parameter that belongs into the file found with its shape, every tensor used: of model.safetensors, or of
/// heads.safetensors (`named_heads`). @throws Error bad_checkpoint: one that lists all that is wrong, and its likely
/// cause.
void account(const TensorSource& file, const TensorNames& names, const ModelSpec& spec, const ParameterTable& table,
             bool named_heads = false);

}  // namespace v0
}  // namespace seqguard
