#include "seqguard/model/lora_options.hpp"

#include <algorithm>
#include <cmath>

#include "model/lora_modules.hpp"
#include "model/tensor_names.hpp"
#include "seqguard/core/error.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

/// Of a name that is the target, or ends with "." and the target.
bool matches(std::string_view module, std::string_view target) {
  if (!module.ends_with(target)) return false;
  return module.size() == target.size() || module[module.size() - target.size() - 1] == '.';
}

}  // namespace

double LoraOptions::scale() const noexcept {
  const auto r = static_cast<double>(rank);
  return rank == 0 ? 0 : alpha / (use_rslora ? std::sqrt(r) : r);
}

std::string module_name(const ModelConfig& config, const ParameterKey& parameter) {
  const std::string name = tensor_name(config, parameter);
  std::size_t end = name.rfind('.');
  if (is_adapter(parameter)) end = name.rfind('.', end - 1);
  return name.substr(0, end);
}

bool is_adapter(const ParameterKey& key) noexcept {
  return key.part.ends_with(".lora_A.weight") || key.part.ends_with(".lora_B.weight");
}

bool is_lora_target(const ModelConfig& config, const LoraOptions& lora, const ParameterKey& weight) {
  if (lora.rank == 0) return false;
  if (lora.target_modules.empty())
    return weight.part == "attention.self.query.weight" || weight.part == "attention.self.value.weight" ||
           weight.part == "attention.self.query_key_value.weight";
  const std::string module = module_name(config, weight);
  return std::any_of(lora.target_modules.begin(), lora.target_modules.end(),
                     [&](const std::string& target) { return target == "all-linear" || matches(module, target); });
}

void check_lora(const ModelSpec& spec, const ParameterTable& table) {
  const LoraOptions& lora = spec.lora;
  if (lora.rank == 0) return;
  const auto refuse = [](std::string_view what, std::string_view expected, const std::string& found) {
    fail(ErrorCode::invalid_argument, "adapters", what, expected, found);
  };
  constexpr std::size_t k_max_rank = 65'536;
  if (lora.rank > k_max_rank) refuse("rank", "1 .. 65536", std::to_string(lora.rank));
  if (!std::isfinite(lora.alpha)) refuse("alpha", "a finite number", std::to_string(lora.alpha));
  if (!(lora.dropout >= 0 && lora.dropout < 1)) refuse("dropout", "in [0, 1)", std::to_string(lora.dropout));
  if (table.matrices() != Matrices::flat)
    fail(ErrorCode::unsupported, "adapters", "a model that only scores has none: they are merged into its matrices");
  std::vector<std::string> adapted, others;
  for (const ParameterInfo& info : table.entries()) {
    if (info.key.scope == ParameterScope::head) continue;
    if (info.key.part.ends_with(".lora_A.weight")) adapted.push_back(module_name(spec.config, info.key));
    if (info.role == ParameterRole::weight && !is_adapter(info.key))
      others.push_back(module_name(spec.config, info.key));
  }
  for (const std::string& target : lora.target_modules) {
    const auto is_meant = [&](const std::string& module) { return target == "all-linear" || matches(module, target); };
    if (std::any_of(adapted.begin(), adapted.end(), is_meant)) continue;
    std::string known;
    for (const std::string& module : others) {
      const std::string last = module.substr(module.rfind('.') + 1);
      if (known.find(last) == std::string::npos) known += (known.empty() ? "" : ", ") + last;
    }
    refuse("target module", "the name of a linear layer that is not frozen (" + known + ")", target);
  }
  if (adapted.empty()) refuse("target modules", "at least one layer that is not frozen", "none");
}

}  // namespace v0
}  // namespace seqguard
