// Text to the ids of a Hugging Face checkpoint: what the tokenizers package gives, from the same files.
//
//   auto tokenizer = seqguard::Tokenizer::load("models/minilm");
//   seqguard::Encoding encoding;                          // owns its buffers, reused by capacity
//   auto scratch = tokenizer.make_scratch();              // one per thread
//   tokenizer.encode("some text", encoding, scratch);     // const, thread-safe, no lock, no allocation once warm
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "seqguard/core/executor.hpp"

namespace seqguard {
inline namespace v0 {

/// Characters (code points) [begin, end) of the text that a token stands for.
struct TextSpan {
  std::uint32_t begin = 0, end = 0;
  bool operator==(const TextSpan&) const = default;
};
/// The bytes [begin, end) that these characters take in a well-formed text; beyond its end, its size. Linear in the
/// text.
TextSpan byte_span(std::string_view text, TextSpan characters) noexcept;

/// What a text becomes. All vectors have one entry per token.
struct Encoding {
  std::vector<std::int32_t> ids;
  std::vector<std::int32_t> type_ids;
  std::vector<TextSpan> offsets;      ///< in the text, or in the pair; {0, 0} for tokens that frame it
  std::vector<std::int8_t> sequence;  ///< 0: from the text, 1: from the pair, -1: a token that frames them
  bool truncated = false;             ///< tokens were left out because of max_length
};

/// What "[SEP]" or "</s>" inside a text means.
enum class SpecialTokensInText {
  /// Letters like any other; the id of a special token never comes out of a text (except for unknown words). Special
  /// tokens that frame nothing and have no role (bos, eos, unk, sep, pad, cls, mask), as additional_special_tokens have
  /// none, are meant to stand in texts and stay tokens. Where no file names a role, every special token may have one.
  as_text,
  as_tokens,  ///< the special token, as in transformers: whoever writes the text can forge the frame
};

/// What to do with a text that is not well-formed UTF-8, which transformers cannot be given.
enum class InvalidUtf8 {
  error,    ///< Error invalid_argument
  replace,  ///< each maximal ill-formed part becomes U+FFFD; offsets count the characters after that
};

/// Which end of a text that is too long is cut off.
enum class TruncationSide { right, left };

struct EncodeOptions {
  std::size_t max_length = 0;  ///< of the whole result, the frame included; 0: no limit. Longest text first
  /// nullopt: what the tokenizer's files say (Tokenizer::truncation_side()).
  std::optional<TruncationSide> truncation_side = std::nullopt;
  bool add_special_tokens = true;
  SpecialTokensInText special_tokens_in_text = SpecialTokensInText::as_text;
  InvalidUtf8 invalid_utf8 = InvalidUtf8::error;
  /// Longer texts are refused. Time and memory grow linearly: 20 MiB take up to 7 s and 2.4 GB (one word, byte-level or
  /// Unigram), ordinary ones 1 s. The largest value is 4 GiB - 1.
  std::size_t max_text_bytes = std::size_t{1} << 20;
};

struct TokenizerScratchBuffers;

/// Working memory of one thread. Movable.
class TokenizerScratch {
 public:
  TokenizerScratch();
  ~TokenizerScratch();
  TokenizerScratch(TokenizerScratch&&) noexcept;
  TokenizerScratch& operator=(TokenizerScratch&&) noexcept;

 private:
  friend class Tokenizer;
  std::unique_ptr<TokenizerScratchBuffers> buffers_;
};

struct TokenizerPipeline;

/// A tokenizer; immutable, cheap to copy, safe to share between threads.
class Tokenizer {
 public:
  /// Reads tokenizer.json, or a directory that has one; else vocab.txt (WordPiece, settings of tokenizer_config.json),
  /// else vocab.json and merges.txt (byte-level BPE). Of the truncation and padding blocks of tokenizer.json only the
  /// side that is cut off counts (notes()): max_length is an option of each call, as in transformers. In a directory
  /// tokenizer_config.json, special_tokens_map.json and added_tokens.json count as there: flags and frame of BERT's and
  /// RoBERTa's classes, added, named and additional special tokens, the side that is cut off (docs/checkpoints.md).
  /// `lowercase`: texts are lower-cased first, unless a normalizer is Lowercase (sentence-transformers' do_lower_case).
  /// @throws Error file_not_found, io_error; bad_format: malformed, inconsistent or beyond the limits, with file and
  /// JSON place; unsupported: a component or setting that is not computed here, by name.
  static Tokenizer load(const std::string& path, bool lowercase = false);
  /// The text of a tokenizer.json; `where` is for messages. @throws Error bad_format, unsupported.
  static Tokenizer parse(std::string_view json, const std::string& where);

  static TokenizerScratch make_scratch() { return {}; }

  /// One text. @throws Error invalid_argument (bad UTF-8, max_length shorter than the frame), out_of_range (text too
  /// long; a tokenizer file made to harm, whose rules let the text grow or whose pieces almost match it everywhere).
  void encode(std::string_view text, Encoding& encoding, TokenizerScratch& scratch,
              const EncodeOptions& options = {}) const;
  /// Two texts in one frame. An empty pair is a pair (transformers takes it for none: call encode).
  void encode(std::string_view text, std::string_view pair, Encoding& encoding, TokenizerScratch& scratch,
              const EncodeOptions& options = {}) const;
  Encoding encode(std::string_view text, const EncodeOptions& options = {}) const;
  Encoding encode(std::string_view text, std::string_view pair, const EncodeOptions& options = {}) const;
  /// Each text by itself, on the workers of the executor. The first error is rethrown.
  std::vector<Encoding> encode_batch(std::span<const std::string_view> texts, const EncodeOptions& options = {},
                                     Executor& executor = inline_executor()) const;

  /// One more than the highest id, added tokens included.
  std::size_t vocab_size() const noexcept;
  /// One more than the highest of the type ids that it gives.
  std::size_t type_count() const noexcept;
  std::optional<std::int32_t> token_to_id(std::string_view token) const noexcept;
  /// The text of an id as the vocabulary has it; empty where there is none.
  std::string_view id_to_token(std::int32_t id) const noexcept;
  /// The end of a text that is cut off where the options do not say.
  TruncationSide truncation_side() const noexcept;
  /// Whether transformers gives its type ids to the network, by model_input_names or the tokenizer's class; nullopt: no
  /// file says, the family of the model decides. Encoding has them all the same.
  std::optional<bool> gives_type_ids() const noexcept;
  /// Ids of the tokens that frame texts.
  std::vector<std::int32_t> frame_ids() const;
  /// Whether the id is a special token that frames texts or has a role, unlike additional special tokens.
  bool is_special(std::int32_t id) const noexcept;
  /// What the files say that is not read, or is used in another way than they may mean: a sentence each.
  const std::vector<std::string>& notes() const noexcept;

 private:
  explicit Tokenizer(std::shared_ptr<const TokenizerPipeline> pipeline) : pipeline_(std::move(pipeline)) {}
  std::shared_ptr<const TokenizerPipeline> pipeline_;
};

/// Whether a directory has files of which Tokenizer::load() makes a tokenizer.
bool has_tokenizer(const std::string& directory);

}  // namespace v0
}  // namespace seqguard
