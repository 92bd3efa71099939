#include <cmath>
#include <utility>

#include "model/config_fields.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

struct Flag {
  const char* name;
  bool ModelConfig::*member;
};
constexpr Flag k_flags[] = {{"attention_bias", &ModelConfig::attention_bias},
                            {"mlp_bias", &ModelConfig::mlp_bias},
                            {"norm_bias", &ModelConfig::norm_bias},
                            {"classifier_bias", &ModelConfig::classifier_bias},
                            {"decoder_bias", &ModelConfig::decoder_bias}};

constexpr const char *k_global = "full_attention", *k_local = "sliding_attention";

void read_theta(const std::optional<JsonValue>& value, double& theta) {
  if (!value) return;
  if (!(value->number() > 0) || !std::isfinite(value->number())) value->refuse("a number above 0");
  theta = value->number();
}

/// rope_parameters: {"full_attention": {"rope_type": "default", "rope_theta": ..}, "sliding_attention": ..}
void read_rope(const JsonValue& rope, std::string_view kind, double& theta) {
  const auto found = rope.find(kind);
  if (!found) return;
  found->allow_only({"rope_type", "rope_theta"}, ErrorCode::unsupported_model);
  if (const auto type = found->member("rope_type"); type && !type->equals("default")) refuse(*type, "\"default\"");
  read_theta(found->find("rope_theta"), theta);
}

void parse_layer_types(Fields& fields, ModelConfig& config) {
  const auto types = fields.take("layer_types"), every = fields.take("global_attn_every_n_layers");
  config.global_layers.clear();
  if (!types) {
    const std::size_t n = every ? every->natural() : 3;
    if (n == 0) every->refuse("a positive integer");
    for (std::size_t i = 0; i < config.num_hidden_layers && i < 1'000; ++i) config.global_layers.push_back(i % n == 0);
    return;
  }
  types->demand(JsonValue::Kind::array).for_each([&](JsonValue type) {
    if (!type.equals(k_global) && !type.equals(k_local)) refuse(type, std::string(k_global) + " and " + k_local);
    config.global_layers.push_back(type.equals(k_global));
  });
}

}  // namespace

void parse_modernbert(Fields& fields, ModelConfig& config) {
  for (const Flag& flag : k_flags) config.*flag.member = fields.take_flag(flag.name).value_or(config.*flag.member);
  take_activation(fields, "classifier_activation", config.classifier_activation);
  if (const auto pooling = fields.take("classifier_pooling")) {
    if (!pooling->equals("cls") && !pooling->equals("mean")) refuse(*pooling, "cls or mean");
    config.classifier_mean_pooling = pooling->equals("mean");
  }
  parse_layer_types(fields, config);
  // transformers 4 had one base each; null for the local layers meant the global one.
  read_theta(fields.take("global_rope_theta"), config.global_rope_theta);
  if (const auto local = fields.look_at("local_rope_theta"); local && local->is(JsonValue::Kind::null))
    config.local_rope_theta = config.global_rope_theta;
  read_theta(fields.take("local_rope_theta"), config.local_rope_theta);
  const auto rope = fields.take("rope_parameters");
  if (!rope) return;
  read_rope(*rope, k_global, config.global_rope_theta);
  read_rope(*rope, k_local, config.local_rope_theta);
}

void write_modernbert(const ModelConfig& config, JsonObject& json) {
  for (const Flag& flag : k_flags) json.set(flag.name, config.*flag.member);
  json.set("classifier_activation", activation_name(config.classifier_activation));
  json.set("classifier_pooling", config.classifier_mean_pooling ? "mean" : "cls");
  JsonWriter types, rope;
  types.begin_array();
  for (const bool global : config.global_layers) types.value(global ? k_global : k_local);
  json.set_json("layer_types", types.end_array().text());
  rope.begin_object();
  for (const auto& [kind, theta] :
       {std::pair{k_global, config.global_rope_theta}, std::pair{k_local, config.local_rope_theta}})
    rope.key(kind).begin_object().field("rope_type", "default").exact_field("rope_theta", theta).end_object();
  json.set_json("rope_parameters", rope.end_object().text());
}

}  // namespace v0
}  // namespace seqguard
