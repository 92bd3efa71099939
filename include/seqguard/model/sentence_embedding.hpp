// One vector for a text: the modules of a sentence-transformers directory behind the encoder.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "seqguard/core/arena.hpp"
#include "seqguard/core/load_report.hpp"
#include "seqguard/core/views.hpp"
#include "seqguard/layers/activation.hpp"
#include "seqguard/layers/linear.hpp"
#include "seqguard/layers/pooling.hpp"
#include "seqguard/model/config.hpp"

namespace seqguard {
inline namespace v0 {

/// act(W x + b).
struct SentenceDense {
  std::vector<float> bias;  ///< [out], or empty
  PackedLinear<float> packed;
  std::optional<Activation> activation;  ///< none: identity
};
/// x / max(|x|, 1e-12).
struct SentenceNormalize {};

/// Immutable; may be used by any number of threads at once.
class SentenceEmbedding {
 public:
  /// modules.json and the folders it names, and truncate_dim of config_sentence_transformers.json, which cuts the
  /// result (normalised again where the modules end with Normalize); without it, and where a cross-encoder's names only
  /// the network, the mean of the tokens, as sentence-transformers takes it. `prompt_name`: one of the prompts in
  /// config_sentence_transformers.json, "" for none; nullopt: its default_prompt_name.
  /// @throws Error bad_checkpoint (malformed, sizes that do not fit), unsupported_model (a module, pooling or
  /// activation that is not computed here, by name), invalid_argument (no such prompt), io_error.
  /// `report`: what of these files is not read; may be null.
  static SentenceEmbedding load(const Context<float>& context, const std::string& directory, const ModelConfig& config,
                                const std::optional<std::string>& prompt_name = std::nullopt,
                                LoadReport* report = nullptr);

  std::size_t size() const noexcept { return size_; }  ///< features of the result
  /// Features before they are cut to truncate_dim; else size().
  std::size_t uncut_size() const noexcept { return uncut_size_; }
  /// similarity_fn_name, with which its makers compare embeddings; mostly empty.
  const std::string& similarity() const noexcept { return similarity_; }
  const std::vector<Pooling>& poolings() const noexcept { return poolings_; }
  /// What stands before every text; mostly empty.
  const std::string& prompt() const noexcept { return prompt_; }
  /// False: the tokens of the prompt are left out of the pooling (include_prompt).
  bool pools_prompt() const noexcept { return pools_prompt_; }
  /// out[size()] from the hidden states of one text [L, H], L >= 1.
  void embed(std::span<float> out, MatrixView<const float> hidden, const KernelTable<float>& kernels,
             Arena& scratch) const;

 private:
  void load_modules(const Context<float>& context, const std::string& directory, const ModelConfig& config,
                    LoadReport& report);
  void load_settings(const std::string& directory, LoadReport& report);

  std::vector<Pooling> poolings_;  ///< concatenated in this order
  std::vector<std::variant<SentenceDense, SentenceNormalize>> steps_;
  std::size_t size_ = 0, uncut_size_ = 0;
  std::string prompt_, similarity_;
  bool pools_prompt_ = true;
};

/// Tokens that a text is cut to: max_seq_length of sentence_bert_config.json (or of one of its former names; read only
/// beside a modules.json, as by sentence-transformers), else model_max_length of tokenizer_config.json, and never more
/// than the encoder's positions. Numbers above 1e20 are no limit. @throws Error bad_checkpoint: 0, or a number with a
/// point or exponent (512.0) up to that, to which transformers cannot cut.
std::size_t max_text_tokens(const std::string& directory, const ModelConfig& config);
/// do_lower_case of the same file: texts are lower-cased even if the tokenizer would not.
/// @throws Error bad_checkpoint.
bool lower_cases_texts(const std::string& directory);

}  // namespace v0
}  // namespace seqguard
