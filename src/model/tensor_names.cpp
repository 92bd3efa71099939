#include "model/tensor_names.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace seqguard {
namespace {

constexpr std::string_view k_base = "bert.", k_layer = "bert.encoder.layer.";

std::string renamed(const FamilyTraits& traits, std::string_view stem) {
  for (const Renamed& tensor : traits.tensors)
    if (tensor.bert == stem) return std::string(tensor.name);
  return std::string(stem);
}

void replace(std::string& text, std::string_view placeholder, std::size_t number) {
  if (const std::size_t at = text.find(placeholder); at != std::string::npos)
    text.replace(at, placeholder.size(), std::to_string(number));
}

std::string layer_prefix(const ModelConfig& config, std::size_t layer) {
  std::string prefix(config.traits().layer);
  replace(prefix, "{i}", layer);
  replace(prefix, "{g}", layer / config.inner_group_num);
  replace(prefix, "{j}", layer % config.inner_group_num);
  return prefix;
}

}  // namespace

std::string tensor_name(const ModelConfig& config, std::string_view parameter) {
  const FamilyTraits& traits = config.traits();
  const std::size_t dot = parameter.rfind('.');
  const std::string suffix(parameter.substr(dot));
  std::string_view stem = parameter.substr(0, dot);
  if (stem.starts_with(k_layer)) {
    std::size_t layer = 0;
    const char* const number = stem.data() + k_layer.size();
    const char* const end = std::from_chars(number, stem.data() + stem.size(), layer).ptr;
    stem.remove_prefix(static_cast<std::size_t>(end - stem.data()) + 1);
    return std::string(traits.tensor_prefix) + layer_prefix(config, layer) + renamed(traits, stem) + suffix;
  }
  if (!stem.starts_with(k_base)) return renamed(traits, stem) + suffix;
  stem.remove_prefix(k_base.size());
  return std::string(traits.tensor_prefix) + renamed(traits, stem) + suffix;
}

std::vector<std::string> roots_of(const FamilyTraits& traits, const std::vector<std::string>& names) {
  std::vector<std::string> roots;
  for (const std::string& name : names) {
    if (!name.starts_with(traits.tensor_prefix)) continue;
    const std::size_t begin = traits.tensor_prefix.size();
    std::string root = name.substr(begin, name.find('.', begin) + 1 - begin);
    if (std::find(roots.begin(), roots.end(), root) == roots.end()) roots.push_back(std::move(root));
  }
  return roots;
}

std::string complete_name(const FamilyTraits& traits, const std::vector<std::string>& roots, std::string_view in_file) {
  std::string result;
  for (const std::string& root : roots)
    if (in_file.starts_with(root)) result = traits.tensor_prefix;
  result += in_file;
  for (const auto& [old_suffix, suffix] : {std::pair{"LayerNorm.gamma", "weight"}, {"LayerNorm.beta", "bias"}})
    if (result.ends_with(old_suffix)) result.replace(result.rfind('.') + 1, std::string::npos, suffix);
  return result;
}

std::vector<Tie> ties_of(const ModelConfig& config) {
  std::vector<Tie> ties = {{"cls.predictions.bias", tensor_name(config, "cls.predictions.decoder.bias")}};
  if (config.tie_word_embeddings)
    ties.push_back({"bert.embeddings.word_embeddings.weight", tensor_name(config, "cls.predictions.decoder.weight")});
  // Where the head's own bias has the decoder's name, there is no second one.
  std::erase_if(ties, [&](const Tie& tie) { return tie.copy == tensor_name(config, tie.parameter); });
  return ties;
}

bool carries_nothing(const FamilyTraits& traits, std::string_view complete_name) {
  const std::string prefix = std::string(traits.tensor_prefix) + "embeddings.";
  for (const char* buffer : {"position_ids", "token_type_ids"})
    if (complete_name == prefix + buffer) return true;
  for (const char* head : {"cls.seq_relationship.", "sop_classifier.classifier."})
    if (complete_name.starts_with(head)) return true;
  return false;
}

}  // namespace seqguard
