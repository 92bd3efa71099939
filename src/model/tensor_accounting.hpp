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

/// Tensors of a file by their complete names (tensor_names.hpp). The value is the name in the file.
using TensorNames = std::map<std::string, std::string, std::less<>>;

/// @throws Error bad_checkpoint: two tensors are the same parameter.
TensorNames complete_names(const TensorSource& file, const ModelConfig& config);

/// Ties of the parameters that the model has.
std::vector<Tie> ties_of(const ModelSpec& spec);

/// Every parameter found with its shape, every tensor used. @throws Error bad_checkpoint: one that lists all that is
/// wrong, and its likely cause.
void account(const TensorSource& file, const TensorNames& names, const ModelSpec& spec, const ParameterTable& table);

}  // namespace seqguard
