// What stands behind the logits of a sequence classification; private to the library.
#pragma once

#include <string>

#include "seqguard/sequence_scorer/text_model.hpp"

namespace seqguard {
inline namespace v0 {

struct ModelConfig;

/// The activation that a cross-encoder of sentence-transformers names (config_sentence_transformers.json since its
/// version 6, config.json before); else config.json's problem_type decides, and without one a single logit is a
/// probability of its own. @throws Error bad_checkpoint, unsupported_model: an activation that is not computed here.
OutputTransform read_output_transform(const std::string& directory, const ModelConfig& config);

}  // namespace v0
}  // namespace seqguard
