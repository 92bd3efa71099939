// How the texts of a checkpoint become tokens, as the files of its directory say.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "seqguard/core/load_report.hpp"
#include "seqguard/text/tokenizer.hpp"

namespace seqguard {
inline namespace v0 {

struct ModelConfig;
class SentenceEmbedding;

/// What the files of a directory leave to the caller.
struct TextOptions {
  /// Texts are cut to so many tokens, the frame included; 0, or more than the model takes: what its files say.
  std::size_t max_tokens = 0;
  SpecialTokensInText special_tokens_in_text = SpecialTokensInText::as_text;
  InvalidUtf8 invalid_utf8 = InvalidUtf8::error;
  std::size_t max_text_bytes = EncodeOptions{}.max_text_bytes;  ///< longer texts are refused before they are cut
  /// One of the prompts in config_sentence_transformers.json for every text to embed, "" for none; nullopt: the default
  /// one.
  std::optional<std::string> prompt_name = std::nullopt;
  /// Opens a checkpoint whose tokenizer is missing or cannot be read, for callers with ids of their own. A text is then
  /// refused with the reason.
  bool tokenizer_optional = false;
};

/// Immutable; may be used by any number of threads at once.
struct TextInput {
  Tokenizer tokenizer;
  EncodeOptions options;  ///< TextOptions, and the length that the model takes
  std::string prompt;     ///< before each text that becomes a sentence embedding; mostly empty
  std::size_t prompt_characters = 0;
  std::size_t unpooled_tokens = 0;  ///< at the beginning of a sentence: the prompt, where the pooling leaves it out
  std::size_t embeddings = 0;       ///< rows of the encoder's table: ids beyond are refused
  bool gives_type_ids = true;       ///< to the network; else all types are 0
  LoadReport report = {};           ///< of the tokenizer's files

  /// A directory with a tokenizer. Of its ids those that frame a text must be rows of the encoder's table; others
  /// beyond it are noted, and refused in a text that has them. `sentence` was loaded with the same prompt.
  /// @throws Error as Tokenizer::load(); bad_checkpoint.
  static TextInput load(const std::string& directory, const ModelConfig& config, const SentenceEmbedding& sentence,
                        const TextOptions& options = {});

  /// The tokens of one text, or of a frame of two if `pair` is not empty. @throws Error as Tokenizer::encode();
  /// invalid_argument: no token at all; out_of_range: a token beyond the embeddings, by its name and id.
  void encode(std::string_view text, std::string_view pair, Encoding& tokens, TokenizerScratch& scratch) const;
  /// The tokens of prompt and text; those of the prompt count as frame, offsets begin at the text. `buffer` is reused.
  void encode_sentence(std::string_view text, Encoding& tokens, TokenizerScratch& scratch, std::string& buffer) const;

 private:
  void compare_with(const ModelConfig& config, const std::string& directory);
  /// What both calls demand of a text's tokens.
  void check_tokens(const Encoding& tokens, std::size_t unpooled) const;
};

}  // namespace v0
}  // namespace seqguard
