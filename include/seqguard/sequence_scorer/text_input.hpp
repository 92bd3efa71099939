// How the texts of a checkpoint become tokens, as the files of its directory say.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "seqguard/text/tokenizer.hpp"

namespace seqguard {

struct ModelConfig;
class SentenceEmbedding;

/// Immutable; may be used by any number of threads at once.
struct TextInput {
  Tokenizer tokenizer;
  EncodeOptions options;            ///< cut to the length that the model takes; special tokens in a text are letters
  std::string prompt;               ///< before each text that becomes a sentence embedding; mostly empty
  std::size_t unpooled_tokens = 0;  ///< at the beginning of a sentence: the prompt, where the pooling leaves it out

  /// A directory with a tokenizer, whose ids all are rows of the encoder's table (which may have more).
  /// @throws Error as Tokenizer::load(); bad_checkpoint.
  static TextInput load(const std::string& directory, const ModelConfig& config, const SentenceEmbedding& sentence);

  /// The tokens of one text, or of a frame of two if `pair` is not empty. @throws Error as Tokenizer::encode();
  /// invalid_argument: no token at all.
  void encode(std::string_view text, std::string_view pair, Encoding& tokens, TokenizerScratch& scratch) const;
  /// The tokens of prompt and text; `buffer` is reused.
  void encode_sentence(std::string_view text, Encoding& tokens, TokenizerScratch& scratch, std::string& buffer) const;
};

}  // namespace seqguard
