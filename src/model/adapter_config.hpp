// adapter_config.json of PEFT; private to the library.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "seqguard/model/model_spec.hpp"

namespace seqguard {
inline namespace v0 {

inline constexpr const char* k_adapter_config = "adapter_config.json";
inline constexpr const char* k_adapter_weights = "adapter_model.safetensors";

struct AdapterConfig {
  LoraOptions lora;  ///< without target_modules: the tensors say which there are
  std::string base_model, task_type;
  bool all_biases = false;              ///< bias="all"
  std::vector<std::string> saved = {};  ///< modules_to_save
};

/// `path` is for messages. Fields that only say what the tensors say too are not read (target_modules,
/// layers_to_transform, modules_to_save). @throws Error bad_checkpoint: malformed, out of range; unsupported_model: a
/// field that would change the result, or that is not known and set to something.
AdapterConfig parse_adapter_config(std::string_view text, const std::string& path);

/// `targets`: names of all adapted modules.
std::string to_json(const AdapterConfig& config, const std::vector<std::string>& targets);

}  // namespace v0
}  // namespace seqguard
