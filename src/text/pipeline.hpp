// All stages of a tokenizer, in the order in which a text passes through them.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "seqguard/core/load_report.hpp"
#include "text/added_tokens.hpp"
#include "text/normalizer.hpp"
#include "text/post_processor.hpp"
#include "text/pre_tokenizer.hpp"
#include "text/token_model.hpp"

namespace seqguard {
inline namespace v0 {

struct TokenizerSettings;

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
  std::optional<bool> gives_type_ids;                           // to the network
  bool splits_specials = false;                                 // special tokens are text, whatever the options say
  LoadReport report;
};

/// What a tokenizer file says of an added token; its id there, or -1: the one that it gets.
struct AddedTokenEntry {
  AddedToken token;
  std::string where;
};

/// Gives the added tokens their ids (those of the vocabulary, or the next free ones, in order), and fills what follows
/// from all stages. To be called once, after all other members are set.
/// @throws Error bad_format: an id that is not the one the tokenizers package would give.
void finish_pipeline(TokenizerPipeline& pipeline, std::vector<AddedTokenEntry> added);

/// Builds the pipeline of a tokenizer.json, with the settings beside it where transformers follows those instead.
/// @throws Error bad_format, unsupported.
TokenizerPipeline pipeline_from_json(std::string_view json, const std::string& file, const TokenizerSettings& settings);
/// vocab.txt with the settings beside it.
TokenizerPipeline pipeline_from_vocab_txt(std::string_view vocabulary, const std::string& file,
                                          const TokenizerSettings& settings);
/// vocab.json and merges.txt of RoBERTa's kind, with the settings beside them.
TokenizerPipeline pipeline_from_merges(std::string_view vocabulary, const std::string& file, std::string_view merges,
                                       const std::string& merges_file, const TokenizerSettings& settings);

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
