// The components of a tokenizer.json, one function for each kind.
#pragma once

#include "core/json_tree.hpp"
#include "text/pipeline.hpp"

namespace seqguard {
inline namespace v0 {

/// Each appends the steps of a component (a Sequence: several), and throws Error bad_format for a malformed one, Error
/// unsupported for one that is not computed here, with file and JSON place.
void read_normalizer(JsonValue value, NormalizerSteps& steps);
BertNormalizerSettings read_bert_normalizer(JsonValue value);
void read_pre_tokenizer(JsonValue value, PreTokenizerSteps& steps);

std::unique_ptr<TokenModel> read_model(JsonValue value);
/// The pieces of a JSON object {piece: id}.
VocabularyMap read_vocabulary(JsonValue value);

/// `vocabulary`: every id of a frame must be one of its ids.
PostProcessor read_post_processor(JsonValue value);

std::vector<AddedTokenEntry> read_added_tokens(JsonValue value);

/// A non-negative integer that fits an id.
std::int32_t read_id(JsonValue value);

}  // namespace v0
}  // namespace seqguard
