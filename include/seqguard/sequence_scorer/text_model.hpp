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

#include "seqguard/core/views.hpp"
#include "seqguard/sequence_scorer/sequence_scorer.hpp"
#include "seqguard/text/tokenizer.hpp"

namespace seqguard {

template <class Real>
class Model;
class SentenceEmbedding;
struct ModelConfig;

/// How logits of a sequence classification become what people read.
enum class OutputTransform { softmax, sigmoid, identity };

/// The tokenizer of a directory, whose ids all are rows of the encoder's table (which may have more).
/// @throws Error as Tokenizer::load(); bad_checkpoint.
Tokenizer load_tokenizer(const std::string& directory, const ModelConfig& config);

/// Immutable, cheap to copy, safe to share between threads.
class TextModel {
 public:
  /// Working memory of one thread, and the tokens of its last text. Movable.
  class Scratch {
   public:
    Scratch(Scratch&&) noexcept;
    Scratch& operator=(Scratch&&) noexcept;
    ~Scratch();
    /// Tokens of the last text: ids, characters they stand for, and whether it was cut.
    const Encoding& tokens() const noexcept;

   private:
    friend class TextModel;
    struct Buffers;
    explicit Scratch(std::unique_ptr<Buffers> buffers);
    std::unique_ptr<Buffers> buffers_;
  };

  /// A Hugging Face or sentence-transformers directory with a tokenizer.
  /// @throws Error file_not_found, io_error, bad_checkpoint, bad_format, unsupported, unsupported_model.
  static TextModel load(const std::string& directory, const LoadOptions& options = {});

  Scratch make_scratch() const;
  /// Options with which texts become tokens: cut to max_tokens(), special tokens in a text are letters. A text is cut
  /// rather than refused; Scratch::tokens().truncated says so.
  const EncodeOptions& encode_options() const noexcept;
  std::size_t max_tokens() const noexcept { return encode_options().max_length; }

  /// Width of embed()'s result.
  std::size_t embedding_size() const noexcept;
  /// One vector for a text, as sentence-transformers computes it; without its files the mean of the hidden states.
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
  /// alone, and its row is left as it was. Each row has the same bits as embed() of its text.
  void embed_batch(std::span<const std::string_view> texts, MatrixView<float> out, std::span<ItemStatus> status,
                   Executor& executor = inline_executor()) const;
  /// The same with classify(), without pairs: out[texts, labels().size()].
  void classify_batch(std::span<const std::string_view> texts, MatrixView<float> out, std::span<ItemStatus> status,
                      Executor& executor = inline_executor()) const;

  const Tokenizer& tokenizer() const noexcept;
  const Model<float>& model() const noexcept;
  const SentenceEmbedding& sentence_embedding() const noexcept;

 private:
  struct Parts;
  explicit TextModel(std::shared_ptr<const Parts> parts) : parts_(std::move(parts)) {}
  template <class Call>
  void for_each_text(std::size_t count, std::size_t rows, std::span<ItemStatus> status, Executor& executor,
                     const Call& call) const;
  /// Hidden states [L, H] of the tokens in the scratch; they last until its next use.
  MatrixView<const float> hidden_states(Scratch& scratch) const;

  std::shared_ptr<const Parts> parts_;
};

}  // namespace seqguard
