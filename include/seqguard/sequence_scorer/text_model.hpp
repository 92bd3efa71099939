// A text checkpoint: tokenizer, encoder, and what its directory says is made of a text - classes, or one vector.
//
//   auto model = seqguard::TextModel::load("models/minilm");
//   auto scratch = model.make_scratch();             // one per thread
//   std::vector<float> vector(model.embedding_size());
//   model.embed("some text", vector, scratch);       // const, thread-safe, no lock, no allocation once warm
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "seqguard/core/views.hpp"
#include "seqguard/sequence_scorer/sequence_scorer.hpp"
#include "seqguard/sequence_scorer/text_input.hpp"

namespace seqguard {

template <class Real>
class Model;

/// How logits of a sequence classification become what people read.
enum class OutputTransform { softmax, sigmoid, identity };

/// Immutable, cheap to copy, safe to share between threads.
class TextModel {
 public:
  /// Working memory of one thread, and the tokens of its last text. Movable.
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
  const EncodeOptions& encode_options() const noexcept;
  std::size_t max_tokens() const noexcept { return encode_options().max_length; }

  /// Width of embed()'s result.
  std::size_t embedding_size() const noexcept;
  /// One vector for a text, as sentence-transformers computes it, its default prompt included; without its files the
  /// mean of the hidden states.
  /// @throws Error invalid_argument: out has another size, text that is not UTF-8; out_of_range: text too long.
  void embed(std::string_view text, std::span<float> out, Scratch& scratch) const;

  /// Names of the classes; empty: the model is no sequence classifier.
  std::span<const std::string> labels() const noexcept;
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
  std::span<const std::string> token_labels() const noexcept;
  /// Probabilities of the classes of each token, the frame's included, row after row: out[tokens, token_labels()] is
  /// resized. Scratch::tokens() says which characters a row stands for. @throws Error as embed(); unsupported: not a
  /// token classifier.
  void classify_tokens(std::string_view text, std::vector<float>& out, Scratch& scratch) const;

  const Tokenizer& tokenizer() const noexcept;
  const Model<float>& model() const noexcept;
  /// The prompt that stands before every text to embed; mostly empty.
  const std::string& prompt() const noexcept;

 private:
  struct Parts;
  explicit TextModel(std::shared_ptr<const Parts> parts) : parts_(std::move(parts)) {}
  void check_out(std::string_view call, std::size_t wanted, std::size_t found) const;
  /// The text's tokens become the scratch's chunk.
  void encode_alone(std::string_view text, std::string_view pair, Scratch& scratch) const;
  /// Hidden states [N, H] of the tokens in the scratch's chunk; they last until its next use.
  MatrixView<const float> hidden_states(Scratch& scratch) const;
  void embed_hidden(MatrixView<const float> hidden, std::span<float> out, Scratch& scratch) const;
  void classify_hidden(MatrixView<const float> hidden, std::span<float> out, Scratch& scratch) const;
  /// tokenize(i, buffers), then finish(hidden states of text i, its row, scratch).
  template <class Tokenize, class Finish>
  void for_each_text(std::size_t texts, MatrixView<float> out, std::span<ItemStatus> status, Executor& executor,
                     const Tokenize& tokenize, const Finish& finish) const;

  std::shared_ptr<const Parts> parts_;
};

}  // namespace seqguard
