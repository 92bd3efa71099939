#include <cmath>

#include "model/config_fields.hpp"

namespace seqguard {
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

void take_theta(const Json& value, const std::string& field, double& theta, const std::string& path) {
  if (value.is_null()) return;
  if (!value.is_number() || !(value.get<double>() > 0) || !std::isfinite(value.get<double>()))
    malformed(path, field, "a number above 0", describe(value));
  theta = value.get<double>();
}

/// rope_parameters: {"full_attention": {"rope_type": "default", "rope_theta": ..}, "sliding_attention": ..}
void parse_rope(const Json& rope, const char* kind, double& theta, const std::string& path) {
  const auto found = rope.find(kind);
  if (found == rope.end() || found->is_null()) return;
  const std::string field = std::string("rope_parameters.") + kind;
  if (!found->is_object()) malformed(path, field, "an object", describe(*found));
  for (const auto& [name, value] : found->items()) {
    if (name == "rope_type" && value != "default") refuse(path, field + ".rope_type", "\"default\"", describe(value));
    if (name != "rope_type" && name != "rope_theta") refuse(path, field + "." + name, "rope_type and rope_theta", name);
  }
  if (found->contains("rope_theta")) take_theta((*found)["rope_theta"], field + ".rope_theta", theta, path);
}

void parse_layer_types(Fields& fields, ModelConfig& config) {
  const Json types = fields.take("layer_types"), every = fields.take("global_attn_every_n_layers");
  config.global_layers.clear();
  if (types.is_null()) {
    const std::size_t n = every.is_null() ? 3 : natural(every, "global_attn_every_n_layers", fields.path);
    if (n == 0) malformed(fields.path, "global_attn_every_n_layers", "a positive integer", "0");
    for (std::size_t i = 0; i < config.num_hidden_layers && i < 1'000; ++i) config.global_layers.push_back(i % n == 0);
    return;
  }
  if (!types.is_array()) malformed(fields.path, "layer_types", "an array", describe(types));
  for (const Json& type : types) {
    if (type != k_global && type != k_local)
      refuse(fields.path, "layer_types", std::string(k_global) + " and " + k_local, describe(type));
    config.global_layers.push_back(type == k_global);
  }
}

}  // namespace

void parse_modernbert(Fields& fields, ModelConfig& config) {
  for (const Flag& flag : k_flags) config.*flag.member = fields.take_flag(flag.name).value_or(config.*flag.member);
  take_activation(fields, "classifier_activation", config.classifier_activation);
  if (const auto pooling = fields.take_text("classifier_pooling")) {
    if (*pooling != "cls" && *pooling != "mean") refuse(fields.path, "classifier_pooling", "cls or mean", *pooling);
    config.classifier_mean_pooling = *pooling == "mean";
  }
  parse_layer_types(fields, config);
  const Json rope = fields.take("rope_parameters");
  if (!rope.is_null() && !rope.is_object()) malformed(fields.path, "rope_parameters", "an object", describe(rope));
  // transformers 4 had one base each; null for the local layers meant the global one.
  take_theta(fields.take("global_rope_theta"), "global_rope_theta", config.global_rope_theta, fields.path);
  if (fields.object.contains("local_rope_theta") && fields.object["local_rope_theta"].is_null())
    config.local_rope_theta = config.global_rope_theta;
  take_theta(fields.take("local_rope_theta"), "local_rope_theta", config.local_rope_theta, fields.path);
  if (rope.is_null()) return;
  parse_rope(rope, k_global, config.global_rope_theta, fields.path);
  parse_rope(rope, k_local, config.local_rope_theta, fields.path);
}

void write_modernbert(const ModelConfig& config, Json& json) {
  for (const Flag& flag : k_flags) json[flag.name] = config.*flag.member;
  json["classifier_activation"] = activation_name(config.classifier_activation);
  json["classifier_pooling"] = config.classifier_mean_pooling ? "mean" : "cls";
  json["layer_types"] = Json::array();
  for (const bool global : config.global_layers) json["layer_types"].push_back(global ? k_global : k_local);
  json["rope_parameters"] = {{k_global, {{"rope_type", "default"}, {"rope_theta", config.global_rope_theta}}},
                             {k_local, {{"rope_type", "default"}, {"rope_theta", config.local_rope_theta}}}};
}

}  // namespace seqguard
