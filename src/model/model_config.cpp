// What follows from a configuration: sizes, the order of layers, the class names of heads.
#include <string>
#include <vector>

#include "seqguard/core/error.hpp"
#include "seqguard/model/config.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

/// Heads that a family has, in the order of the enum.
std::vector<Head> heads_of(const FamilyTraits& traits) {
  std::vector<Head> heads = {Head::none, Head::masked_lm, Head::sequence_classification, Head::token_classification};
  if (traits.detects_replaced_tokens) heads.push_back(Head::replaced_token_detection);
  return heads;
}

}  // namespace

ModelConfig default_config(Family family) {
  ModelConfig config;
  config.family = family;
  if (const auto set_defaults = traits_of(family).set_defaults) set_defaults(config);
  return config;
}

std::size_t ModelConfig::max_tokens() const noexcept {
  const std::size_t reserved = traits().positions == PositionRule::after_padding ? position_padding() + 1 : 0;
  return max_position_embeddings > reserved ? max_position_embeddings - reserved : 0;
}

std::size_t ModelConfig::distinct_layers() const noexcept {
  return traits().shared_layers ? num_hidden_groups * inner_group_num : num_hidden_layers;
}

std::size_t ModelConfig::layer_calls() const noexcept {
  return traits().shared_layers ? num_hidden_layers * inner_group_num : num_hidden_layers;
}

std::size_t ModelConfig::layer_of(std::size_t call) const noexcept {
  if (!traits().shared_layers) return call;
  const std::size_t layer = call / inner_group_num;
  // As transformers computes it, in floating point: AlbertTransformer.forward.
  const double layers_per_group = static_cast<double>(num_hidden_layers) / static_cast<double>(num_hidden_groups);
  const auto group = static_cast<std::size_t>(static_cast<double>(layer) / layers_per_group);
  return group * inner_group_num + call % inner_group_num;
}

Head head_of(const ModelConfig& config, const std::string& path) {
  if (config.architectures.empty()) return Head::none;
  const std::string& name = config.architectures.front();
  const FamilyTraits& traits = config.traits();
  const std::string pre_training = std::string(traits.class_prefix) + "ForPreTraining";
  std::string names;
  for (const Head head : heads_of(traits)) {
    const std::string known = architecture_name(config.family, head);
    if (name == known) return head;
    names += (names.empty() ? "" : ", ") + known;
  }
  if (name == pre_training) return Head::masked_lm;
  fail(ErrorCode::unsupported_model, path, "architectures[0] is not supported", "one of " + names, "\"" + name + "\"");
}

std::string architecture_name(Family family, Head head) {
  const std::string prefix(traits_of(family).class_prefix);
  switch (head) {
    case Head::none:
      return prefix + "Model";
    case Head::masked_lm:
      return prefix + "ForMaskedLM";
    case Head::sequence_classification:
      return prefix + "ForSequenceClassification";
    case Head::token_classification:
      return prefix + "ForTokenClassification";
    case Head::replaced_token_detection:
      return prefix + "ForPreTraining";
    case Head::gap_classification:
      break;  // no class of transformers
  }
  return prefix;
}

}  // namespace v0
}  // namespace seqguard
