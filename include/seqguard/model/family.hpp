// The model families, and how they differ: one row of traits each, in src/model/families/. The encoder, the parameter
// table, config.json and the checkpoints read them; nothing else asks which family a model is of.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "seqguard/layers/activation.hpp"
#include "seqguard/layers/embedding.hpp"
#include "seqguard/layers/sublayer.hpp"

namespace seqguard {
inline namespace v0 {

struct ModelConfig;

/// `model_type` of config.json.
enum class Family { bert, roberta, xlm_roberta, camembert, distilbert, electra, albert, mpnet, modernbert };

/// Whether embeddings of width E pass through a linear layer to the hidden size H.
enum class EmbeddingProjection {
  none,         ///< E = H
  if_narrower,  ///< where E differs from H
  always,
};

/// What a family calls something that BERT has too: a field of config.json, or a tensor without its prefix, its layer
/// and the final ".weight" or ".bias". An empty name: the family does not have it.
struct Renamed {
  std::string_view bert, name;
};

struct FamilyTraits {
  Family family;
  std::string_view model_type;
  std::string_view class_prefix;   ///< "Bert" of "BertForMaskedLM"
  std::string_view tensor_prefix;  ///< "bert." before the base model's tensors in a checkpoint with a head
  std::string_view layer = "encoder.layer.{i}.";  ///< tensors of layer i; {g} and {j}: group, and layer inside it
  PositionRule positions = PositionRule::counted;
  std::optional<std::size_t> position_padding = std::nullopt;  ///< of after_padding; none: pad_token_id
  bool token_types = true;                                     ///< there are token_type_embeddings
  bool tokenizer_gives_types = false;                          ///< and transformers' tokenizer of the family feeds them
  EmbeddingProjection projection = EmbeddingProjection::none;
  NormPlacement norm = NormPlacement::post;  ///< pre: no LayerNorm before the first attention, one after the last layer
  bool gated_feed_forward = false;           ///< act(first half) * second half of 2 I features
  bool fused_query_key_value = false;        ///< one tensor [3H, H]
  bool local_attention = false;              ///< some layers see a window only
  bool relative_attention = false;           ///< a bias by distance, one table for all layers
  bool shared_layers = false;  ///< num_hidden_groups groups of inner_group_num layers, used again and again
  /// Sequence classification: classifier(act(dense(h of the first token))). The dense layer is the pooler's, or one of
  /// the head's own.
  bool classifies_by_transform =
      false;  ///< all heads begin with the masked-LM head's dense layer, activation, LayerNorm
  bool classifies_by_pooler = true;
  Activation sequence_activation = Activation::tanh;
  /// Dropout of the classifiers in training: before the dense layer too, and whether classifier_dropout or
  /// hidden_dropout_prob is its rate.
  bool drops_before_classifier = false;
  bool sequence_classifier_dropout = true, token_classifier_dropout = true;
  /// Of the masked-LM head's transform. None: hidden_act.
  std::optional<Activation> masked_lm_activation = std::nullopt;
  /// ForPreTraining is replaced-token detection (else a masked LM whose second part is not computed).
  bool detects_replaced_tokens = false;
  std::span<const Renamed> fields = {};                 ///< of config.json
  std::span<const std::string_view> extra_fields = {};  ///< of config.json, that BERT does not have
  std::span<const Renamed> tensors = {};
  void (*set_defaults)(ModelConfig&) = nullptr;  ///< where transformers' class has other ones than ModelConfig
};

const FamilyTraits& traits_of(Family family) noexcept;
/// All families, in the order of the enum.
std::span<const FamilyTraits* const> families() noexcept;

}  // namespace v0
}  // namespace seqguard
