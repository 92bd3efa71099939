#include "model/adapter_config.hpp"

#include <algorithm>
#include <cmath>
#include <initializer_list>

#include "core/json_tree.hpp"
#include "core/json_writer.hpp"
#include "seqguard/core/error.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

constexpr std::string_view k_read[] = {
    "peft_type", "task_type",       "base_model_name_or_path", "r", "lora_alpha", "lora_dropout", "use_rslora",
    "bias",      "modules_to_save", "init_lora_weights"};

/// What the tensors say as well, or what was of use while they were trained.
constexpr std::string_view k_needless[] = {
    "target_modules", "exclude_modules", "layers_to_transform", "layers_pattern",     "auto_mapping",
    "inference_mode", "revision",        "peft_version",        "megatron_core",      "qalora_group_size",
    "runtime_config", "loftq_config",    "eva_config",          "ensure_weight_tying"};

bool is_one_of(std::string_view name, std::span<const std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// null, false, [] and {}: the field asks for nothing.
bool is_unset(const JsonValue& value) {
  using Kind = JsonValue::Kind;
  if (value.is(Kind::array) || value.is(Kind::object)) return value.size() == 0;
  return value.is(Kind::null) || value.equals(false);
}

/// Ways to begin that leave the base as it is; others (PiSSA, OLoRA, CorDA, LoftQ) change its matrices.
void check_beginning(const JsonValue& value) {
  if (value.is(JsonValue::Kind::boolean) || value.is(JsonValue::Kind::null)) return;
  for (const char* name : {"gaussian", "orthogonal", "eva"})
    if (value.equals(name)) return;
  value.refuse_unsupported("true, false, gaussian, orthogonal or eva (others change the base's matrices)",
                           ErrorCode::unsupported_model);
}

}  // namespace

AdapterConfig parse_adapter_config(std::string_view text, const std::string& path) {
  const JsonTree tree(text, path, ErrorCode::bad_checkpoint);
  const JsonValue root = tree.root();
  if (const JsonValue type = root.at("peft_type"); !type.equals("LORA"))
    type.refuse_unsupported("LORA", ErrorCode::unsupported_model);
  root.for_each([&](const JsonValue& field) {
    if (field.key() == "init_lora_weights") check_beginning(field);
    if (is_one_of(field.key(), k_read) || is_one_of(field.key(), k_needless) || is_unset(field)) return;
    field.refuse_unsupported("that it is not set", ErrorCode::unsupported_model);
  });
  AdapterConfig config;
  constexpr std::uint64_t k_max_rank = 65'536;
  config.lora.rank = static_cast<std::size_t>(root.at("r").natural(k_max_rank));
  if (config.lora.rank == 0) root.at("r").refuse("1 .. 65536");
  if (const auto alpha = root.find("lora_alpha")) config.lora.alpha = alpha->number();
  if (const auto dropout = root.find("lora_dropout")) config.lora.dropout = dropout->number();
  if (!(config.lora.dropout >= 0 && config.lora.dropout < 1)) root.at("lora_dropout").refuse("in [0, 1)");
  config.lora.use_rslora = root.boolean_or("use_rslora", false);
  config.base_model = root.text_or("base_model_name_or_path", "");
  config.task_type = root.text_or("task_type", "");
  const std::string_view bias = root.text_or("bias", "none");
  if (bias != "none" && bias != "all" && bias != "lora_only") root.at("bias").refuse("none, all or lora_only");
  config.all_biases = bias == "all";
  if (const auto saved = root.find("modules_to_save")) config.saved = saved->texts();
  return config;
}

std::string to_json(const AdapterConfig& config, const std::vector<std::string>& targets) {
  const auto text_or_null = [](JsonWriter& json, std::string_view name, const std::string& text) {
    json.key(name);
    if (text.empty())
      json.null();
    else
      json.value(text);
  };
  JsonWriter json(2);
  json.begin_object();
  text_or_null(json, "base_model_name_or_path", config.base_model);
  json.field("bias", config.all_biases ? "all" : "none").field("fan_in_fan_out", false).field("inference_mode", true);
  json.field("init_lora_weights", true).key("lora_alpha");
  if (config.lora.alpha == std::floor(config.lora.alpha) && std::abs(config.lora.alpha) < 1e15)
    json.value(static_cast<std::int64_t>(config.lora.alpha));
  else
    json.exact(config.lora.alpha);
  json.exact_field("lora_dropout", config.lora.dropout).key("modules_to_save");
  if (config.saved.empty())
    json.null();
  else
    json.values(config.saved);
  json.field("peft_type", "LORA").field("r", config.lora.rank).key("target_modules").values(targets);
  text_or_null(json, "task_type", config.task_type);
  json.field("use_dora", false).field("use_rslora", config.lora.use_rslora).end_object().end_line();
  return json.text();
}

}  // namespace v0
}  // namespace seqguard
