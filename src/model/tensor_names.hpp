// What a family's files call the parameters, which the table calls by BERT's names; private to the library.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "seqguard/model/config.hpp"

namespace seqguard {

/// "bert.encoder.layer.0.attention.self.query.weight" -> "distilbert.transformer.layer.0.attention.q_lin.weight".
std::string tensor_name(const ModelConfig& config, std::string_view parameter);

/// The same for a tensor as it stands in a file: with the prefix that base models leave out (`roots`: what follows it
/// in the names of the table), and without the old names of LayerNorm.
std::string complete_name(const FamilyTraits& traits, const std::vector<std::string>& roots, std::string_view in_file);

/// "embeddings.", "encoder.", ...: what follows the family's prefix in names, each once.
std::vector<std::string> roots_of(const FamilyTraits& traits, const std::vector<std::string>& names);

/// A parameter and the second name under which a copy of it may stand in the file. With tie_word_embeddings both are
/// the same; without it transformers 5 uses the copy of the bias, and the head's own lies idle beside it.
struct Tie {
  std::string parameter, copy;
};
std::vector<Tie> ties_of(const ModelConfig& config);

/// Buffers, and parts of heads that are not computed.
bool carries_nothing(const FamilyTraits& traits, std::string_view complete_name);

}  // namespace seqguard
