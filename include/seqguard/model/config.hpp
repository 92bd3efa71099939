// config.json of a model: what the computation depends on, under the names that Hugging Face gives to BERT's fields.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "seqguard/layers/activation.hpp"
#include "seqguard/model/family.hpp"

namespace seqguard {
inline namespace v0 {

/// What follows the encoder (`architectures[0]`).
enum class Head {
  none,                      ///< BertModel: encoder and pooler
  masked_lm,                 ///< BertForMaskedLM, BertForPreTraining (whose next-sentence part is not computed)
  sequence_classification,   ///< BertForSequenceClassification: dense layer on the first token, classifier
  token_classification,      ///< BertForTokenClassification: classifier on each token
  replaced_token_detection,  ///< ElectraForPreTraining: one logit per token, high: it was replaced
  gap_classification,        ///< of ours: what is between a token and the next one; only with a name
};

/// Configuration of a model. The defaults are those of transformers' BertConfig; default_config() has those of each
/// family, and an absent field means exactly them.
struct ModelConfig {
  Family family = Family::bert;
  std::size_t vocab_size = 30522;                   ///< V, 1 .. 1e8
  std::size_t hidden_size = 768;                    ///< H, 1 .. 65,536, a multiple of num_attention_heads
  std::size_t num_hidden_layers = 12;               ///< 1 .. 1,000
  std::size_t num_attention_heads = 12;             ///< A, >= 1
  std::size_t intermediate_size = 3072;             ///< I, 1 .. 1e6
  std::size_t max_position_embeddings = 512;        ///< longest sequence, 1 .. 1e6
  std::size_t type_vocab_size = 2;                  ///< 1 .. 1e6; nothing where the family has no token types
  std::size_t embedding_size = 0;                   ///< E, width of the embeddings, 1 .. 65,536; 0: H
  std::size_t num_hidden_groups = 1;                ///< groups of shared layers (ALBERT), at most num_hidden_layers
  std::size_t inner_group_num = 1;                  ///< layers of a group, 1 .. 64
  std::size_t relative_attention_num_buckets = 32;  ///< rows of MPNet's table, at least k_relative_buckets
  Activation hidden_act = Activation::gelu;
  /// ModernBERT's: which layers see everything, and which a window of local_attention / 2 on either side; the bases of
  /// their rotary angles; which linear layers and LayerNorms have a bias; its heads' activation and pooling.
  std::vector<bool> global_layers;
  std::size_t local_attention = 128;
  double global_rope_theta = 160'000, local_rope_theta = 10'000;
  bool attention_bias = true, mlp_bias = true, norm_bias = true, classifier_bias = true, decoder_bias = true;
  Activation classifier_activation = Activation::gelu;
  bool classifier_mean_pooling = false;  ///< classifier_pooling: the mean of a sequence instead of its first token
  bool tie_word_embeddings = true;       ///< a masked-LM head predicts from the word embeddings, not its own table
  double layer_norm_eps = 1e-12;         ///< in (0, 1]; added inside the square root
  double initializer_range = 0.02;       ///< standard deviation of fresh weights, >= 0
  double hidden_dropout_prob = 0.1;      ///< in [0, 1), training only, like the two below
  double attention_probs_dropout_prob = 0.1;
  std::optional<double> classifier_dropout;                  ///< of a classification head; none: hidden_dropout_prob
  std::optional<std::size_t> pad_token_id = 0;               ///< below vocab_size
  std::vector<std::string> labels = {"LABEL_0", "LABEL_1"};  ///< id2label, in order of the ids; its size is num_labels
  std::string problem_type;  ///< "", "regression", "single_label_classification", "multi_label_classification"
  std::vector<std::string> architectures;
  std::string other_fields = "{}";  ///< JSON object: fields of the file that change nothing here, kept when it is saved

  std::size_t head_size() const noexcept { return hidden_size / num_attention_heads; }  ///< D = H / A
  std::size_t num_labels() const noexcept { return labels.size(); }
  std::size_t embedding_width() const noexcept { return embedding_size > 0 ? embedding_size : hidden_size; }  ///< E
  /// Id at which positions begin after_padding.
  std::size_t position_padding() const noexcept { return traits().position_padding.value_or(pad_token_id.value_or(0)); }
  const FamilyTraits& traits() const noexcept { return traits_of(family); }
  /// Whether type ids make a difference: with one type or none the network is given none.
  bool reads_token_types() const noexcept { return traits().token_types && type_vocab_size > 1; }
  /// Longest sequence: positions that lie behind the padding id are not for tokens.
  std::size_t max_tokens() const noexcept;
  /// Layers that have parameters of their own, and which of them is the i-th one of layer_calls() that are run.
  std::size_t distinct_layers() const noexcept;
  std::size_t layer_calls() const noexcept;
  std::size_t layer_of(std::size_t call) const noexcept;
  /// Of the masked-LM head's transform.
  Activation masked_lm_activation() const noexcept {
    return traits().classifies_by_transform ? classifier_activation
                                            : traits().masked_lm_activation.value_or(hidden_act);
  }
  bool is_global_layer(std::size_t layer) const noexcept { return !traits().local_attention || global_layers[layer]; }
};

/// What an empty config.json of a family means.
ModelConfig default_config(Family family);

/// The head that architectures[0] names; none where the list is empty. `path` is for the message.
/// @throws Error unsupported_model for a class that is not listed at Head.
Head head_of(const ModelConfig& config, const std::string& path = "config.json");

/// The class name of a head: "BertModel", "BertForMaskedLM", ...
std::string architecture_name(Family family, Head head);

/// @throws Error bad_checkpoint "path: field ..., expected ..., found ..." if a field is outside its range.
void check_config(const ModelConfig& config, const std::string& path);

/// Reads the text of a config.json; `path` is for messages. Strict: every field is checked for type and range, and a
/// setting that would change the computation (another model_type, relative positions, a decoder, remote code,
/// quantisation, pruned heads, an unknown activation ...) is refused by name.
/// @throws Error bad_checkpoint (malformed, out of range), unsupported_model (refused).
ModelConfig parse_config(std::string_view text, const std::string& path);

/// The text of a config.json that transformers opens as the class in architectures[0].
std::string to_json(const ModelConfig& config);

}  // namespace v0
}  // namespace seqguard
