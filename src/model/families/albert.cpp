// ALBERT: BERT with narrow embeddings and shared layers.
#include "model/families/families.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

constexpr Renamed k_fields[] = {{"classifier_dropout", "classifier_dropout_prob"}};
constexpr std::string_view k_extra_fields[] = {"embedding_size", "num_hidden_groups", "inner_group_num"};

constexpr Renamed k_tensors[] = {
    {"embeddings_project", "encoder.embedding_hidden_mapping_in"},
    {"attention.self.query", "attention.query"},
    {"attention.self.key", "attention.key"},
    {"attention.self.value", "attention.value"},
    {"attention.output.dense", "attention.dense"},
    {"attention.output.LayerNorm", "attention.LayerNorm"},
    {"intermediate.dense", "ffn"},
    {"output.dense", "ffn_output"},
    {"output.LayerNorm", "full_layer_layer_norm"},
    {"pooler.dense", "pooler"},
    {"cls.predictions.transform.dense", "predictions.dense"},
    {"cls.predictions.transform.LayerNorm", "predictions.LayerNorm"},
    {"cls.predictions", "predictions"},
    {"cls.predictions.decoder", "predictions.decoder"},
};

void set_defaults(ModelConfig& config) {
  config.vocab_size = 30000;
  config.embedding_size = 128;
  config.hidden_size = 4096;
  config.num_attention_heads = 64;
  config.intermediate_size = 16384;
  config.hidden_act = Activation::gelu_tanh;
  config.hidden_dropout_prob = config.attention_probs_dropout_prob = 0;
  config.classifier_dropout = 0.1;
}

}  // namespace

constinit const FamilyTraits k_albert = {.family = Family::albert,
                                         .model_type = "albert",
                                         .class_prefix = "Albert",
                                         .tensor_prefix = "albert.",
                                         .layer = "encoder.albert_layer_groups.{g}.albert_layers.{j}.",
                                         .projection = EmbeddingProjection::always,
                                         .shared_layers = true,
                                         .fields = k_fields,
                                         .extra_fields = k_extra_fields,
                                         .tensors = k_tensors,
                                         .set_defaults = set_defaults};

}  // namespace v0
}  // namespace seqguard
