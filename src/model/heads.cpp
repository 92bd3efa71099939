#define SEQGUARD_INSTANTIATES  // keeps the lists of instantiations that the headers end with
#include "seqguard/model/heads.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

/// Streams of random numbers behind those of the layers (EncoderOptions): two for each head.
constexpr std::uint64_t k_first_head_site = std::uint64_t{1} << 32;

}  // namespace

Dropout head_dropout(const ModelSpec& spec, std::size_t head, std::uint64_t key, std::uint64_t first_token) {
  const ModelConfig& config = spec.config;
  const HeadSpec& h = spec.heads[head];
  if (h.kind == Head::replaced_token_detection || h.kind == Head::masked_lm) return {};  // their classes have none
  const bool reads_own = h.kind == Head::token_classification ? config.traits().token_classifier_dropout
                                                              : config.traits().sequence_classifier_dropout;
  const double rate = reads_own || !h.name.empty() ? config.classifier_dropout.value_or(config.hidden_dropout_prob)
                                                   : config.hidden_dropout_prob;
  return Dropout{static_cast<float>(rate), key, first_token}.at(k_first_head_site + 2 * head);
}

ClassificationHeadOptions head_options(const ModelSpec& spec, std::size_t head, const Dropout& dropout) {
  const ModelConfig& config = spec.config;
  const FamilyTraits& traits = config.traits();
  const HeadSpec& h = spec.heads[head];
  ClassificationHeadOptions options;
  options.transform = {traits.sequence_activation, config.layer_norm_eps};
  options.dropout = dropout;
  if (!h.name.empty()) {
    options.transform.activation = h.kind == Head::sequence_classification ? Activation::tanh : Activation::gelu;
  } else if (traits.classifies_by_transform) {
    options.transform.activation = config.masked_lm_activation();
  } else if (h.kind == Head::replaced_token_detection) {
    options.transform.activation = config.hidden_act;
  } else if (traits.drops_before_classifier && dropout.rate > 0) {
    options.dropout_before = dropout.at(1);
  }
  return options;
}

Pooling head_pooling(const ModelSpec& spec, std::size_t head) noexcept {
  const HeadSpec& h = spec.heads[head];
  if (!h.name.empty()) return h.pooling;
  return spec.config.classifier_mean_pooling ? Pooling::mean : Pooling::cls;
}

SEQGUARD_HEADS(, float)
SEQGUARD_HEADS(, double)

}  // namespace v0
}  // namespace seqguard
