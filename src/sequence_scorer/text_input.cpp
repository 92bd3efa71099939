#include "seqguard/sequence_scorer/text_input.hpp"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "core/known_fields.hpp"
#include "seqguard/core/error.hpp"
#include "seqguard/model/config.hpp"
#include "seqguard/model/sentence_embedding.hpp"
#include "text/utf8_text.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

/// Offsets in prompt and text become those in the text alone.
void move_behind_prompt(Encoding& tokens, std::uint32_t characters) {
  for (std::size_t t = 0; t < tokens.ids.size(); ++t) {
    if (tokens.sequence[t] != 0) continue;
    TextSpan& span = tokens.offsets[t];
    if (span.end <= characters) {
      tokens.sequence[t] = -1;
      span = {};
    } else {
      span = {std::max(span.begin, characters) - characters, span.end - characters};
    }
  }
}

}  // namespace

void TextInput::compare_with(const ModelConfig& config, const std::string& directory) {
  embeddings = config.vocab_size;
  for (const std::int32_t id : tokenizer.frame_ids())
    if (static_cast<std::size_t>(id) >= embeddings)
      fail(ErrorCode::bad_checkpoint, directory,
           "the tokenizer's ids do not fit the embeddings: \"" + std::string(tokenizer.id_to_token(id)) +
               "\" frames every text",
           "ids below " + std::to_string(embeddings), std::to_string(id));
  std::vector<std::string> beyond;
  for (std::size_t id = embeddings; id < tokenizer.vocab_size(); ++id)
    if (const auto piece = tokenizer.id_to_token(static_cast<std::int32_t>(id)); !piece.empty())
      beyond.push_back("\"" + std::string(piece) + "\" (" + std::to_string(id) + ")");
  if (!beyond.empty())
    report.notes.push_back(directory + ": the embeddings have " + std::to_string(embeddings) +
                           " rows; texts with tokens beyond them are refused: " + listed_names(beyond));
  gives_type_ids = tokenizer.gives_type_ids().value_or(config.traits().tokenizer_gives_types);
  if (!config.reads_token_types() || tokenizer.type_count() == 1) return;
  if (!gives_type_ids)
    report.notes.push_back(directory +
                           ": the frame of two texts has types, but transformers' class gives none to the network "
                           "(model_input_names of tokenizer_config.json): all types are 0");
  else if (tokenizer.type_count() > config.type_vocab_size)
    fail(ErrorCode::bad_checkpoint, directory, "the tokenizer's type ids do not fit the embeddings",
         "at most " + std::to_string(config.type_vocab_size), std::to_string(tokenizer.type_count()));
}

void TextInput::check_tokens(const Encoding& tokens, std::size_t unpooled) const {
  if (tokens.ids.size() <= unpooled)
    fail(ErrorCode::invalid_argument, "text", "has no tokens of its own, and the tokenizer adds none");
  if (tokenizer.vocab_size() <= embeddings) return;
  for (const std::int32_t id : tokens.ids)
    if (static_cast<std::size_t>(id) >= embeddings)
      fail(ErrorCode::out_of_range, "text",
           "token \"" + std::string(tokenizer.id_to_token(id)) + "\" is beyond the embeddings",
           "ids below " + std::to_string(embeddings), std::to_string(id));
}

TextInput TextInput::load(const std::string& directory, const ModelConfig& config, const SentenceEmbedding& sentence,
                          const TextOptions& options) {
  TextInput input{Tokenizer::load(directory, lower_cases_texts(directory)), {}, sentence.prompt()};
  input.prompt_characters = count_utf8(input.prompt);
  input.report.notes = input.tokenizer.notes();
  input.compare_with(config, directory);
  input.options.max_length = max_text_tokens(directory, config);
  if (options.max_tokens > 0) input.options.max_length = std::min(input.options.max_length, options.max_tokens);
  input.options.special_tokens_in_text = options.special_tokens_in_text;
  input.options.invalid_utf8 = options.invalid_utf8;
  input.options.max_text_bytes = options.max_text_bytes;
  if (!sentence.pools_prompt() && !input.prompt.empty()) {
    const Encoding prompt = input.tokenizer.encode(input.prompt, input.options);
    const bool framed = !prompt.ids.empty() && input.tokenizer.is_special(prompt.ids.back());
    input.unpooled_tokens = prompt.ids.size() - (framed ? 1 : 0);
  }
  return input;
}

void TextInput::encode(std::string_view text, std::string_view pair, Encoding& tokens,
                       TokenizerScratch& scratch) const {
  if (pair.empty())
    tokenizer.encode(text, tokens, scratch, options);
  else
    tokenizer.encode(text, pair, tokens, scratch, options);
  check_tokens(tokens, 0);
}

void TextInput::encode_sentence(std::string_view text, Encoding& tokens, TokenizerScratch& scratch,
                                std::string& buffer) const {
  if (!prompt.empty()) text = buffer.assign(prompt).append(text);
  tokenizer.encode(text, tokens, scratch, options);
  if (!prompt.empty()) move_behind_prompt(tokens, static_cast<std::uint32_t>(prompt_characters));
  check_tokens(tokens, unpooled_tokens);
}

}  // namespace v0
}  // namespace seqguard
