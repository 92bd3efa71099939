// All stages of a tokenizer, in the order in which a text passes through them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "text/added_tokens.hpp"
#include "text/normalizer.hpp"
#include "text/post_processor.hpp"
#include "text/pre_tokenizer.hpp"
#include "text/token_model.hpp"

namespace seqguard {
inline namespace v0 {

/// Immutable once built.
struct TokenizerPipeline {
  std::vector<AddedToken> added_tokens;
  AddedTokenMatcher raw_tokens, normalized_tokens;  // point into added_tokens
  NormalizerSteps normalizers;
  PreTokenizerSteps pre_tokenizers;
  std::unique_ptr<TokenModel> model;
  PostProcessor post_processor;
  SpecialIds special_ids;
  std::vector<std::pair<std::uint16_t, std::uint16_t>> spaces;  // by id, at the ends of its text; empty: nothing trims
  std::vector<std::string> notes;
};

/// What a tokenizer file says of an added token; `expected_id` is its id there.
struct AddedTokenEntry {
  AddedToken token;
  std::string where;
};

/// Gives the added tokens their ids (those of the vocabulary, or the next free ones, in order), and fills what follows
/// from all stages. To be called once, after all other members are set.
/// @throws Error bad_format: an id that is not the one the tokenizers package would give.
void finish_pipeline(TokenizerPipeline& pipeline, std::vector<AddedTokenEntry> added);

/// Builds the pipeline of a tokenizer.json, with the settings of a tokenizer_config.json (its text, or empty) where
/// transformers follows that instead. @throws Error bad_format, unsupported.
TokenizerPipeline pipeline_from_json(std::string_view json, const std::string& file, std::string_view config,
                                     const std::string& config_file);
/// vocab.txt with the settings of a tokenizer_config.json (its text, or empty).
TokenizerPipeline pipeline_from_vocab_txt(std::string_view vocabulary, const std::string& file, std::string_view config,
                                          const std::string& config_file);
/// vocab.json and merges.txt of RoBERTa's kind, with the settings of a tokenizer_config.json (its text, or empty).
TokenizerPipeline pipeline_from_merges(std::string_view vocabulary, const std::string& file, std::string_view merges,
                                       const std::string& merges_file, std::string_view config,
                                       const std::string& config_file);

struct TokenizerScratchBuffers {
  std::string valid;  // a text that was repaired
  std::vector<Segment> segments, inner;
  NormalizedText whole;
  WordList words;
  NormalizerScratch normalizer;
  ModelScratch model;
  std::vector<Token> tokens;
  std::vector<PlacedToken> text, pair;
};

}  // namespace v0
}  // namespace seqguard
