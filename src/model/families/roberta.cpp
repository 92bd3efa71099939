// RoBERTa, XLM-RoBERTa, CamemBERT: BERT with positions that begin after the padding id, and other heads.
#include "model/families/families.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

constexpr Renamed k_tensors[] = {
    {"cls.predictions.transform.dense", "lm_head.dense"},
    {"cls.predictions.transform.LayerNorm", "lm_head.layer_norm"},
    {"cls.predictions", "lm_head"},
    {"cls.predictions.decoder", "lm_head.decoder"},
};

void set_defaults(ModelConfig& config) {
  if (config.family == Family::roberta) config.vocab_size = 50265;
  config.pad_token_id = 1;
}

constexpr FamilyTraits like_roberta(Family family, std::string_view model_type, std::string_view class_prefix) {
  return {.family = family,
          .model_type = model_type,
          .class_prefix = class_prefix,
          .tensor_prefix = "roberta.",
          .positions = PositionRule::after_padding,
          .classifies_by_pooler = false,
          .drops_before_classifier = true,
          .masked_lm_activation = Activation::gelu,
          .tensors = k_tensors,
          .set_defaults = set_defaults};
}

}  // namespace

constinit const FamilyTraits k_roberta = like_roberta(Family::roberta, "roberta", "Roberta");
constinit const FamilyTraits k_xlm_roberta = like_roberta(Family::xlm_roberta, "xlm-roberta", "XLMRoberta");
constinit const FamilyTraits k_camembert = like_roberta(Family::camembert, "camembert", "Camembert");

}  // namespace v0
}  // namespace seqguard
