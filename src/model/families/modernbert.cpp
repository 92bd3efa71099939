// ModernBERT: normalises before each block, rotary positions, global and local attention, a gated feed-forward block,
// and a head that is the same for all tasks.
#include "model/families/families.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

constexpr Renamed k_fields[] = {
    {"hidden_act", "hidden_activation"},
    {"layer_norm_eps", "norm_eps"},
    {"hidden_dropout_prob", "mlp_dropout"},
    {"attention_probs_dropout_prob", "attention_dropout"},
    {"type_vocab_size", ""},
};
constexpr std::string_view k_extra_fields[] = {"local_attention"};  // and those of config_modernbert.cpp

constexpr Renamed k_tensors[] = {
    {"embeddings.word_embeddings", "embeddings.tok_embeddings"},
    {"embeddings.LayerNorm", "embeddings.norm"},
    {"attention.self.query_key_value", "attn.Wqkv"},
    {"attention.output.dense", "attn.Wo"},
    {"attention.output.LayerNorm", "attn_norm"},
    {"intermediate.dense", "mlp.Wi"},
    {"output.dense", "mlp.Wo"},
    {"output.LayerNorm", "mlp_norm"},
    {"cls.predictions.transform.dense", "head.dense"},
    {"cls.predictions.transform.LayerNorm", "head.norm"},
    {"cls.predictions", "decoder"},
    {"cls.predictions.decoder", "decoder"},
};

void set_defaults(ModelConfig& config) {
  config.vocab_size = 50368;
  config.num_hidden_layers = 22;
  config.intermediate_size = 1152;
  config.max_position_embeddings = 8192;
  config.layer_norm_eps = 1e-5;
  config.hidden_dropout_prob = config.attention_probs_dropout_prob = 0;
  config.classifier_dropout = 0;
  config.pad_token_id = 50283;
  config.attention_bias = config.mlp_bias = config.norm_bias = config.classifier_bias = false;
}

}  // namespace

constinit const FamilyTraits k_modernbert = {.family = Family::modernbert,
                                             .model_type = "modernbert",
                                             .class_prefix = "ModernBert",
                                             .tensor_prefix = "model.",
                                             .layer = "layers.{i}.",
                                             .positions = PositionRule::rotary,
                                             .token_types = false,
                                             .norm = NormPlacement::pre,
                                             .gated_feed_forward = true,
                                             .fused_query_key_value = true,
                                             .local_attention = true,
                                             .classifies_by_transform = true,
                                             .classifies_by_pooler = false,
                                             .fields = k_fields,
                                             .extra_fields = k_extra_fields,
                                             .tensors = k_tensors,
                                             .set_defaults = set_defaults};

}  // namespace v0
}  // namespace seqguard
