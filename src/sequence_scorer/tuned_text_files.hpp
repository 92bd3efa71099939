// The directory that a fine-tuned text checkpoint becomes.
#pragma once

#include <cstddef>
#include <string>

#include "seqguard/model/model.hpp"
#include "seqguard/sequence_scorer/fine_tune_text.hpp"

namespace seqguard {
inline namespace v0 {

/// @throws Error invalid_argument: `to` is `from`, or holds files but no model, which would be lost.
void check_output(const std::string& from, const std::string& to);

/// @throws Error unsupported_model: texts are lower-cased by a file of sentence-transformers that a classifier does not
/// have.
void require_own_lower_case(const std::string& from);

/// Writes `model`, which learned on top of `base`, and the tokenizer's files of `from`, as a whole new directory;
/// `max_tokens`: to which the texts were cut.
void write_tuned_text(const std::string& from, const std::string& to, const Model<float>& base,
                      const Model<float>& model, std::size_t max_tokens, const FineTuneTextOptions& options);

}  // namespace v0
}  // namespace seqguard
