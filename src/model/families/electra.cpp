// ELECTRA: BERT with narrow embeddings; the discriminator's head tells replaced tokens, the generator is a masked LM.
#include "model/families/families.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

constexpr std::string_view k_extra_fields[] = {"embedding_size"};

constexpr Renamed k_tensors[] = {
    {"cls.predictions.transform.dense", "generator_predictions.dense"},
    {"cls.predictions.transform.LayerNorm", "generator_predictions.LayerNorm"},
    {"cls.predictions", "generator_lm_head"},
    {"cls.predictions.decoder", "generator_lm_head"},
};

void set_defaults(ModelConfig& config) {
  config.embedding_size = 128;
  config.hidden_size = 256;
  config.num_attention_heads = 4;
  config.intermediate_size = 1024;
}

}  // namespace

constinit const FamilyTraits k_electra = {.family = Family::electra,
                                          .model_type = "electra",
                                          .class_prefix = "Electra",
                                          .tensor_prefix = "electra.",
                                          .tokenizer_gives_types = true,
                                          .projection = EmbeddingProjection::if_narrower,
                                          .classifies_by_pooler = false,
                                          .sequence_activation = Activation::gelu,
                                          .drops_before_classifier = true,
                                          .masked_lm_activation = Activation::gelu,
                                          .detects_replaced_tokens = true,
                                          .extra_fields = k_extra_fields,
                                          .tensors = k_tensors,
                                          .set_defaults = set_defaults};

}  // namespace v0
}  // namespace seqguard
