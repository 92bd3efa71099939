#include "model/tensor_names.hpp"

#include <algorithm>
#include <utility>

#include "seqguard/model/parameter_list.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

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

std::string tensor_name(const ModelConfig& config, const ParameterKey& key) {
  const FamilyTraits& traits = config.traits();
  if (!key.head.empty()) return key.head + "." + key.part;
  std::size_t dot = key.part.rfind('.');
  if (is_adapter(key)) dot = key.part.rfind('.', dot - 1);  // the module's name ends before "lora_A"
  const std::string name = renamed(traits, std::string_view(key.part).substr(0, dot)) + key.part.substr(dot);
  if (key.scope == ParameterScope::head) return name;
  const std::string layer = key.scope == ParameterScope::layer ? layer_prefix(config, key.layer) : "";
  return std::string(traits.tensor_prefix) + layer + name;
}

std::vector<std::string> roots_of(const ModelConfig& config) {
  struct Collector : ParameterVisitor<const float> {
    explicit Collector(const ModelConfig& of) : config(of) {}
    void parameter(const ParameterDeclaration& declaration, const float*&) {
      const std::string name = tensor_name(config, declaration.key);
      const std::size_t begin = config.traits().tensor_prefix.size();
      std::string root = name.substr(begin, name.find('.', begin) + 1 - begin);
      if (std::find(roots.begin(), roots.end(), root) == roots.end()) roots.push_back(std::move(root));
    }
    const ModelConfig& config;
    std::vector<std::string> roots;
  } collector(config);
  ModelSpec base;
  base.config = config;
  base.pooler = true;
  ModelParameters<const float> p;
  PackedModel<float> packed;
  visit_parameters<const float>(base, p, packed, collector);
  return collector.roots;
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

bool carries_nothing(const FamilyTraits& traits, std::string_view complete_name) {
  const std::string prefix = std::string(traits.tensor_prefix) + "embeddings.";
  for (const char* buffer : {"position_ids", "token_type_ids"})
    if (complete_name == prefix + buffer) return true;
  for (const char* head : {"cls.seq_relationship.", "sop_classifier.classifier."})
    if (complete_name.starts_with(head)) return true;
  return false;
}

}  // namespace v0
}  // namespace seqguard
