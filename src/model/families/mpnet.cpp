// MPNet: RoBERTa's positions with a fixed padding id, no token types, and an attention bias by distance.
#include "model/families/families.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

constexpr Renamed k_fields[] = {{"type_vocab_size", ""}};
constexpr std::string_view k_extra_fields[] = {"relative_attention_num_buckets"};

constexpr Renamed k_tensors[] = {
    {"attention.self.query", "attention.attn.q"},
    {"attention.self.key", "attention.attn.k"},
    {"attention.self.value", "attention.attn.v"},
    {"attention.output.dense", "attention.attn.o"},
    {"attention.output.LayerNorm", "attention.LayerNorm"},
    {"cls.predictions.transform.dense", "lm_head.dense"},
    {"cls.predictions.transform.LayerNorm", "lm_head.layer_norm"},
    {"cls.predictions", "lm_head"},
    {"cls.predictions.decoder", "lm_head.decoder"},
};

void set_defaults(ModelConfig& config) {
  config.vocab_size = 30527;
  config.pad_token_id = 1;
}

}  // namespace

constinit const FamilyTraits k_mpnet = {.family = Family::mpnet,
                                        .model_type = "mpnet",
                                        .class_prefix = "MPNet",
                                        .tensor_prefix = "mpnet.",
                                        .positions = PositionRule::after_padding,
                                        .position_padding = 1,
                                        .token_types = false,
                                        .relative_attention = true,
                                        .classifies_by_pooler = false,
                                        .drops_before_classifier = true,
                                        .sequence_classifier_dropout = false,
                                        .token_classifier_dropout = false,
                                        .masked_lm_activation = Activation::gelu,
                                        .fields = k_fields,
                                        .extra_fields = k_extra_fields,
                                        .tensors = k_tensors,
                                        .set_defaults = set_defaults};

}  // namespace v0
}  // namespace seqguard
