#include "seqguard/sequence_scorer/text_input.hpp"

#include <algorithm>
#include <cstdint>

#include "seqguard/core/error.hpp"
#include "seqguard/model/config.hpp"
#include "seqguard/model/sentence_embedding.hpp"
#include "text/utf8_text.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

void demand_tokens(const Encoding& tokens, std::size_t unpooled) {
  if (tokens.ids.size() <= unpooled)
    fail(ErrorCode::invalid_argument, "text", "has no tokens of its own, and the tokenizer adds none");
}

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

TextInput TextInput::load(const std::string& directory, const ModelConfig& config, const SentenceEmbedding& sentence,
                          const TextOptions& options) {
  TextInput input{Tokenizer::load(directory, lower_cases_texts(directory)), {}, sentence.prompt(), 0, 0};
  input.prompt_characters = count_utf8(input.prompt);
  if (input.tokenizer.vocab_size() > config.vocab_size)
    fail(ErrorCode::bad_checkpoint, directory, "the tokenizer's ids do not fit the embeddings",
         "at most " + std::to_string(config.vocab_size), std::to_string(input.tokenizer.vocab_size()));
  if (config.reads_token_types() && input.tokenizer.type_count() > config.type_vocab_size)
    fail(ErrorCode::bad_checkpoint, directory, "the tokenizer's type ids do not fit the embeddings",
         "at most " + std::to_string(config.type_vocab_size), std::to_string(input.tokenizer.type_count()));
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
  demand_tokens(tokens, 0);
}

void TextInput::encode_sentence(std::string_view text, Encoding& tokens, TokenizerScratch& scratch,
                                std::string& buffer) const {
  if (!prompt.empty()) text = buffer.assign(prompt).append(text);
  tokenizer.encode(text, tokens, scratch, options);
  if (!prompt.empty()) move_behind_prompt(tokens, static_cast<std::uint32_t>(prompt_characters));
  demand_tokens(tokens, unpooled_tokens);
}

}  // namespace v0
}  // namespace seqguard
