// The modules of transformers that linear layers are; private to the library.
#pragma once

#include <string>

#include "seqguard/model/parameters.hpp"

namespace seqguard {
inline namespace v0 {

/// {layer, 0, "attention.self.query.weight"} or its adapter -> "bert.encoder.layer.0.attention.self.query".
std::string module_name(const ModelConfig& config, const ParameterKey& parameter);

/// @throws Error invalid_argument: a number out of its range, a target that is the name of no layer that could be
/// adapted; unsupported: adapters in a model that only scores.
void check_lora(const ModelSpec& spec, const ParameterTable& table);

}  // namespace v0
}  // namespace seqguard
