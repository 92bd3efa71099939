// What tokenizer_config.json and the files beside it change in a pipeline. Private to the library.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "text/pipeline.hpp"
#include "text/tokenizer_config.hpp"

namespace seqguard {
inline namespace v0 {

/// Tokens that classes have whatever their files say.
std::span<const SpecialName> bert_specials() noexcept;
std::span<const SpecialName> mpnet_specials() noexcept;
std::span<const SpecialName> roberta_specials() noexcept;

/// The added tokens of all files in the order in which transformers gives them their ids: those of the tokenizer's own
/// file (`own`), of added_tokens_decoder or added_tokens.json, then the named and the additional special tokens that
/// are in neither. Those without a role are no special tokens here: they are meant to stand in texts, and frame
/// nothing. With `rebuilds`, as a class that is built anew, tokens of `own` count only where added_tokens_decoder has
/// them too.
std::vector<AddedTokenEntry> merge_added_tokens(const TokenizerConfig& config, std::vector<AddedTokenEntry> own,
                                                std::span<const SpecialName> defaults, bool rebuilds,
                                                TokenizerPipeline& pipeline);

/// Where tokenizer.json (`document`) and tokenizer_config.json disagree, the classes of transformers named above follow
/// the latter: normalizer and pre-tokenizer of BERT's, byte level and offsets of RoBERTa's. What changed is noted.
void apply_stages(const TokenizerConfig& config, JsonValue document, TokenizerPipeline& pipeline);

/// The frame of these classes, whose ids are those of the vocabulary; after finish_pipeline(). Noted where
/// tokenizer.json has another one.
void apply_frame(const TokenizerConfig& config, JsonValue document, TokenizerPipeline& pipeline);

/// Whether the tokenizer's class builds its stages from the configuration, not from tokenizer.json.
bool rebuilds_bert(const TokenizerConfig& config, JsonValue document);
bool rebuilds_roberta(const TokenizerConfig& config, JsonValue document);

}  // namespace v0
}  // namespace seqguard
