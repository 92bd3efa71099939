// A text checkpoint: tokenizer, encoder, and what its directory says is made of a text - classes, or one vector.
//
//   auto model = seqguard::TextModel::load("models/minilm");
//   auto scratch = model.make_scratch();             // one per thread
//   std::vector<float> vector(model.embedding_size());
//   model.embed("some text", vector, scratch);       // const, thread-safe, no lock, no allocation once warm
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "seqguard/core/executor.hpp"
#include "seqguard/core/item_status.hpp"
#include "seqguard/core/load_options.hpp"
#include "seqguard/core/views.hpp"
#include "seqguard/layers/attention_mask.hpp"
#include "seqguard/sequence_scorer/text_input.hpp"

namespace seqguard {
inline namespace v0 {

template <class Real>
class Model;
struct EncoderInput;

/// How logits of a sequence classification become what people read.
enum class OutputTransform { softmax, sigmoid, identity };

/// Tokens that go through the network as one sequence: a tokenizer's, or ids of the caller's own.
struct TokenSequence {
  std::span<const std::int32_t> ids;       ///< 1 .. max_tokens(), frame included
  std::span<const std::int32_t> type_ids;  ///< as many, or none: all 0
  std::size_t unpooled = 0;                ///< tokens at the beginning that a sentence embedding leaves out
  AttentionMask mask = AttentionMask::full;
};

/// What a text checkpoint makes of a text. Reused as an output it keeps its capacity.
struct TextScore {
  std::vector<float> probabilities;  ///< one per label of TextModel::labels(); empty: the model is no classifier
  std::size_t best = 0;              ///< the label with the largest one
  std::string label;                 ///< its name
  std::vector<float> embedding;      ///< one vector for the text; empty where the model is a classifier
  bool truncated = false;            ///< the text was cut to TextModel::max_tokens()
};

/// Immutable, cheap to copy, safe to share between threads. What its accessors refer to lives as long as this object or
/// a copy of it; they cannot be called on a temporary.
class TextModel {
  struct Parts;

 public:
  /// Working memory of one thread for one model, which it keeps alive, and the tokens of its last text. Movable. With
  /// another model it is made again for that one, in the first call; tokens that were encoded before stay until the
  /// next text.
  class Scratch {
   public:
    Scratch(Scratch&&) noexcept;
    Scratch& operator=(Scratch&&) noexcept;
    ~Scratch();
    /// Tokens of the last text: ids, characters they stand for (byte_span() gives the bytes), and whether it was cut.
    const Encoding& tokens() const noexcept;

   private:
    friend class TextModel;
    struct Buffers;
    explicit Scratch(std::unique_ptr<Buffers> buffers);
    std::unique_ptr<Buffers> buffers_;
  };

  /// A Hugging Face or sentence-transformers directory with a tokenizer.
  /// @throws Error file_not_found, io_error, bad_checkpoint, bad_format, unsupported, unsupported_model;
  /// invalid_argument: no prompt of that name.
  static TextModel load(const std::string& directory, const LoadOptions& options = {}, const TextOptions& text = {});

  Scratch make_scratch() const;
  /// Options with which texts become tokens. "[SEP]" in a text is text unless TextOptions say otherwise: transformers
  /// lets whoever writes the text forge the frame. More tokens than max_tokens() are cut off
  /// (Scratch::tokens().truncated); more than max_text_bytes are refused.
  /// @throws Error unsupported: no tokenizer (TextOptions::tokenizer_optional).
  const EncodeOptions& encode_options() const&;
  const EncodeOptions& encode_options() const&& = delete;
  std::size_t max_tokens() const { return encode_options().max_length; }

  /// Class probabilities, or the embedding where the model is no classifier of texts; allocates its result and its
  /// scratch. @throws Error as embed().
  TextScore score(std::string_view text) const;

  /// Width of embed()'s result.
  std::size_t embedding_size() const noexcept;
  /// One vector for a text, as sentence-transformers computes it, its default prompt included; without its files the
  /// mean of the hidden states.
  /// @throws Error invalid_argument: out has another size, text that is not UTF-8; out_of_range: text too long.
  void embed(std::string_view text, std::span<float> out, Scratch& scratch) const;

  /// Names of the classes; empty: the model is no sequence classifier.
  std::span<const std::string> labels() const& noexcept;
  std::span<const std::string> labels() const&& = delete;
  OutputTransform output_transform() const noexcept;
  /// One number per label: probabilities (softmax: of one class; sigmoid: of each by itself), or the logits themselves
  /// for a regression. A non-empty `pair` is the second text of the frame (cross-encoders).
  /// @throws Error as embed(); unsupported: not a sequence classifier.
  void classify(std::string_view text, std::string_view pair, std::span<float> out, Scratch& scratch) const;

  /// Row i of out[texts, embedding_size()] and status[i] for each text, on the executor's workers; a bad text fails
  /// alone, and its row is left as it was. Short texts go through the network together; each row has the same bits as
  /// embed() of its text. A pool of threads takes one batch at a time (core/executor.hpp): one for each caller.
  void embed_batch(std::span<const std::string_view> texts, MatrixView<float> out, std::span<ItemStatus> status,
                   Executor& executor = inline_executor()) const;
  /// The same with classify(): out[texts, labels().size()].
  void classify_batch(std::span<const std::string_view> texts, MatrixView<float> out, std::span<ItemStatus> status,
                      Executor& executor = inline_executor()) const;
  /// The same for pairs[i] beside texts[i], as a cross-encoder ranks answers. @throws Error invalid_argument: sizes.
  void classify_batch(std::span<const std::string_view> texts, std::span<const std::string_view> pairs,
                      MatrixView<float> out, std::span<ItemStatus> status,
                      Executor& executor = inline_executor()) const;

  /// Names of the classes of tokens; empty: the model is no token classifier.
  std::span<const std::string> token_labels() const& noexcept;
  std::span<const std::string> token_labels() const&& = delete;
  /// Probabilities of the classes of each token, the frame's included, row after row: out[tokens, token_labels()] is
  /// resized. Scratch::tokens() says which characters a row stands for. @throws Error as embed(); unsupported: not a
  /// token classifier.
  void classify_tokens(std::string_view text, std::vector<float>& out, Scratch& scratch) const;

  /// The steps that the calls above are made of. What they return lives in the scratch until its next use.
  /// Tokens of a text, or of the frame of two. @throws Error as embed(); unsupported: no tokenizer.
  TokenSequence encode(std::string_view text, std::string_view pair, Scratch& scratch) const;
  /// Tokens of a text to embed, its prompt before it. @throws Error likewise.
  TokenSequence encode_sentence(std::string_view text, Scratch& scratch) const;
  /// [N, H] of the last layer. @throws Error out_of_range, invalid_argument: as run_encoder().
  MatrixView<const float> hidden_states(const TokenSequence& tokens, Scratch& scratch) const;
  /// [1, H]. @throws Error likewise; unsupported: no pooler.
  MatrixView<const float> pooler_output(const TokenSequence& tokens, Scratch& scratch) const;
  /// [1, embedding_size()]. @throws Error likewise.
  MatrixView<const float> sentence_embedding(const TokenSequence& tokens, Scratch& scratch) const;
  /// Of the head: [1, labels] for classes of sequences, [N, labels] for classes of tokens, [N, 1] for replaced tokens,
  /// [N, V] for a masked LM. @throws Error likewise; unsupported: no head.
  MatrixView<const float> logits(const TokenSequence& tokens, Scratch& scratch) const;

  /// @throws Error unsupported: none (TextOptions::tokenizer_optional).
  const Tokenizer& tokenizer() const&;
  const Tokenizer& tokenizer() const&& = delete;
  const Model<float>& model() const& noexcept;
  const Model<float>& model() const&& = delete;
  /// The prompt that stands before every text to embed; mostly empty.
  const std::string& prompt() const& noexcept;
  const std::string& prompt() const&& = delete;
  /// What the directory's files say that is not read, or is used in another way than they may mean.
  const LoadReport& load_report() const& noexcept;
  const LoadReport& load_report() const&& = delete;

 private:
  explicit TextModel(std::shared_ptr<const Parts> parts) : parts_(std::move(parts)) {}
  void check_out(std::string_view call, std::size_t wanted, std::size_t found) const;
  const TextInput& input() const;
  /// The scratch's buffers, made for this model.
  Scratch::Buffers& buffers_of(Scratch& scratch) const;
  /// Hidden states [N, H] of sequences one after another; they last until the next use of the scratch.
  MatrixView<const float> run(const EncoderInput& input, AttentionMask mask, Scratch& scratch) const;
  void embed_hidden(MatrixView<const float> hidden, std::size_t unpooled, std::span<float> out, Scratch& scratch) const;
  void classify_hidden(MatrixView<const float> hidden, std::span<float> out, Scratch& scratch) const;
  /// tokenize(i, scratch), then finish(hidden states of text i, its row, scratch).
  template <class Tokenize, class Finish>
  void for_each_text(std::size_t texts, MatrixView<float> out, std::span<ItemStatus> status, Executor& executor,
                     const Tokenize& tokenize, const Finish& finish) const;

  std::shared_ptr<const Parts> parts_;
};

}  // namespace v0
}  // namespace seqguard
