// DistilBERT: BERT without token types, under other names; its classifier uses ReLU.
#include "model/families/families.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

constexpr Renamed k_fields[] = {
    {"hidden_size", "dim"},
    {"num_hidden_layers", "n_layers"},
    {"num_attention_heads", "n_heads"},
    {"intermediate_size", "hidden_dim"},
    {"hidden_act", "activation"},
    {"hidden_dropout_prob", "dropout"},
    {"attention_probs_dropout_prob", "attention_dropout"},
    {"classifier_dropout", "seq_classif_dropout"},
    {"type_vocab_size", ""},
    {"layer_norm_eps", ""},  // 1e-12 in the code of transformers
};

constexpr Renamed k_tensors[] = {
    {"attention.self.query", "attention.q_lin"},
    {"attention.self.key", "attention.k_lin"},
    {"attention.self.value", "attention.v_lin"},
    {"attention.output.dense", "attention.out_lin"},
    {"attention.output.LayerNorm", "sa_layer_norm"},
    {"intermediate.dense", "ffn.lin1"},
    {"output.dense", "ffn.lin2"},
    {"output.LayerNorm", "output_layer_norm"},
    {"cls.predictions.transform.dense", "vocab_transform"},
    {"cls.predictions.transform.LayerNorm", "vocab_layer_norm"},
    {"cls.predictions", "vocab_projector"},
    {"cls.predictions.decoder", "vocab_projector"},
    {"classifier.dense", "pre_classifier"},
    {"classifier.out_proj", "classifier"},
};

void set_defaults(ModelConfig& config) {
  config.num_hidden_layers = 6;
  config.classifier_dropout = 0.2;
}

}  // namespace

constinit const FamilyTraits k_distilbert = {.family = Family::distilbert,
                                             .model_type = "distilbert",
                                             .class_prefix = "DistilBert",
                                             .tensor_prefix = "distilbert.",
                                             .layer = "transformer.layer.{i}.",
                                             .token_types = false,
                                             .classifies_by_pooler = false,
                                             .sequence_activation = Activation::relu,
                                             .token_classifier_dropout = false,
                                             .fields = k_fields,
                                             .tensors = k_tensors,
                                             .set_defaults = set_defaults};

}  // namespace v0
}  // namespace seqguard
