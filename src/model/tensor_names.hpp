// What a family's files call the parameters, which the table calls by BERT's names; private to the library.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "seqguard/model/parameters.hpp"

namespace seqguard {
inline namespace v0 {

/// {layer, 0, "attention.self.query.weight"} -> "distilbert.transformer.layer.0.attention.q_lin.weight". Parameters of
/// named heads have one name in all families: "NAME.out_proj.weight", in heads.safetensors.
std::string tensor_name(const ModelConfig& config, const ParameterKey& key);

/// The same for a tensor as it stands in a file: with the prefix that base models leave out (`roots`: roots_of()), and
/// without the old names of LayerNorm.
std::string complete_name(const FamilyTraits& traits, const std::vector<std::string>& roots, std::string_view in_file);

/// "embeddings.", "encoder.", ...: what follows the family's prefix in the names of its base model, each once.
std::vector<std::string> roots_of(const ModelConfig& config);

/// Buffers, and parts of heads that are not computed.
bool carries_nothing(const FamilyTraits& traits, std::string_view complete_name);

}  // namespace v0
}  // namespace seqguard
