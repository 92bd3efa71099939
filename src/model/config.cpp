#include "seqguard/model/config.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "core/strict_json.hpp"
#include "model/config_fields.hpp"
#include "seqguard/layers/relative_position.hpp"

namespace seqguard {
namespace {

struct SizeField {
  const char* name;
  std::size_t ModelConfig::*member;
  std::size_t highest;  // the lowest is 1
};
constexpr SizeField k_size_fields[] = {
    {"vocab_size", &ModelConfig::vocab_size, 100'000'000},
    {"hidden_size", &ModelConfig::hidden_size, 65'536},
    {"num_hidden_layers", &ModelConfig::num_hidden_layers, 1'000},
    {"num_attention_heads", &ModelConfig::num_attention_heads, 65'536},
    {"intermediate_size", &ModelConfig::intermediate_size, 1'000'000},
    {"max_position_embeddings", &ModelConfig::max_position_embeddings, 1'000'000},
    {"type_vocab_size", &ModelConfig::type_vocab_size, 1'000'000},
    {"embedding_size", &ModelConfig::embedding_size, 65'536},
    {"num_hidden_groups", &ModelConfig::num_hidden_groups, 1'000},
    {"inner_group_num", &ModelConfig::inner_group_num, 64},
    {"relative_attention_num_buckets", &ModelConfig::relative_attention_num_buckets, 1'000'000},
    {"local_attention", &ModelConfig::local_attention, 1'000'000},
};
/// Those that BERT does not have.
constexpr std::string_view k_extra_fields[] = {"embedding_size", "num_hidden_groups", "inner_group_num",
                                               "relative_attention_num_buckets", "local_attention"};

enum class Range { zero_to_below_one, above_zero_to_one, at_least_zero };

struct RealField {
  const char* name;
  double ModelConfig::*member;
  Range range;
};
constexpr RealField k_real_fields[] = {
    {"layer_norm_eps", &ModelConfig::layer_norm_eps, Range::above_zero_to_one},
    {"initializer_range", &ModelConfig::initializer_range, Range::at_least_zero},
    {"hidden_dropout_prob", &ModelConfig::hidden_dropout_prob, Range::zero_to_below_one},
    {"attention_probs_dropout_prob", &ModelConfig::attention_probs_dropout_prob, Range::zero_to_below_one},
};

constexpr std::size_t k_most_layer_calls = 1'000;  // shared weights cost nothing in a file
constexpr std::size_t k_max_labels = 100'000;      // 1 KB each where the names are written

template <class Names>
bool contains(const Names& names, std::string_view name) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

/// What the family's config.json calls a field of ModelConfig; empty: it has no such field.
std::string field_name(const FamilyTraits& traits, std::string_view name) {
  if (contains(k_extra_fields, name) && !contains(traits.extra_fields, name)) return "";
  for (const Renamed& field : traits.fields)
    if (field.bert == name) return std::string(field.name);
  return std::string(name);
}

bool in_range(double value, Range range) {
  switch (range) {
    case Range::zero_to_below_one:
      return value >= 0 && value < 1;
    case Range::above_zero_to_one:
      return value > 0 && value <= 1;
    case Range::at_least_zero:
      return value >= 0 && value < 1e6;
  }
  return false;
}

std::string_view to_string(Range range) {
  switch (range) {
    case Range::zero_to_below_one:
      return "a number in [0, 1)";
    case Range::above_zero_to_one:
      return "a number in (0, 1]";
    case Range::at_least_zero:
      return "a number in [0, 1e6)";
  }
  return "";
}

Family parse_family(const Fields& fields) {
  const auto type = fields.object.find("model_type");
  std::string names;
  for (const FamilyTraits* traits : families()) {
    if (type != fields.object.end() && *type == traits->model_type) return traits->family;
    names.append(names.empty() ? "one of " : ", ").append(traits->model_type);
  }
  refuse(fields.path, "model_type", names, type == fields.object.end() ? "no such field" : describe(*type));
}

/// Settings that would change the computation. They stay in the object where they have their neutral value.
void refuse_unsupported(const Fields& fields) {
  const Json& object = fields.object;
  for (const char* name : {"is_decoder", "add_cross_attention", "is_encoder_decoder"})
    if (object.contains(name) && object[name] != false) refuse(fields.path, name, "false", describe(object[name]));
  for (const char* name : {"auto_map", "quantization_config", "pruned_heads"})
    if (object.contains(name) && !object[name].empty()) refuse(fields.path, name, "none", describe(object[name]));
  if (object.contains("position_embedding_type") && object["position_embedding_type"] != "absolute")
    refuse(fields.path, "position_embedding_type", "\"absolute\"", describe(object["position_embedding_type"]));
}

/// id2label (keys "0" .. "C-1") and num_labels, which must agree; without both: two labels.
std::vector<std::string> parse_labels(Fields& fields) {
  const Json names = fields.take("id2label"), number = fields.take("num_labels");
  fields.take("label2id");  // the inverse of id2label
  if (names.is_null() && number.is_null()) return ModelConfig{}.labels;
  if (!names.is_null() && !names.is_object()) malformed(fields.path, "id2label", "an object", describe(names));
  const std::size_t count = number.is_null() ? names.size() : natural(number, "num_labels", fields.path);
  if (count < 1 || count > k_max_labels)
    malformed(fields.path, "number of labels", "1 .. " + std::to_string(k_max_labels), std::to_string(count));
  if (!names.is_null() && names.size() != count)
    malformed(fields.path, "num_labels", std::to_string(names.size()) + " as in id2label", std::to_string(count));
  std::vector<std::string> labels;
  for (std::size_t id = 0; id < count; ++id) {
    const std::string key = std::to_string(id);
    if (!names.is_null() && !names.contains(key))
      malformed(fields.path, "id2label", "keys \"0\" .. \"" + std::to_string(count - 1) + "\"", "no \"" + key + "\"");
    if (names.is_null())
      labels.push_back("LABEL_" + key);
    else
      labels.push_back(names[key].is_string() ? names[key].get<std::string>() : names[key].dump());
  }
  return labels;
}

std::vector<std::string> parse_architectures(Fields& fields) {
  const Json list = fields.take("architectures");
  std::vector<std::string> result;
  if (list.is_null()) return result;
  if (!list.is_array()) malformed(fields.path, "architectures", "an array of strings", describe(list));
  for (const Json& name : list) {
    if (!name.is_string()) malformed(fields.path, "architectures", "an array of strings", describe(name));
    result.push_back(name.get<std::string>());
  }
  return result;
}

void parse_numbers(Fields& fields, ModelConfig& config) {
  for (const SizeField& field : k_size_fields) {
    const std::string name = field_name(config.traits(), field.name);
    if (name.empty()) continue;
    if (const auto value = fields.take_set(name, "a positive integer"))
      config.*field.member = natural(*value, name, fields.path);
  }
  for (const RealField& field : k_real_fields) {
    const std::string name = field_name(config.traits(), field.name);
    if (name.empty()) continue;
    const auto value = fields.take_set(name, to_string(field.range));
    if (!value) continue;
    if (!value->is_number()) malformed(fields.path, name, to_string(field.range), describe(*value));
    config.*field.member = value->get<double>();
  }
  const std::string dropout = field_name(config.traits(), "classifier_dropout");
  if (const Json value = fields.take(dropout); !value.is_null()) {
    if (!value.is_number()) malformed(fields.path, dropout, "a number in [0, 1)", describe(value));
    config.classifier_dropout = value.get<double>();
  }
  if (fields.object.contains("pad_token_id")) {
    const Json value = fields.take("pad_token_id");
    config.pad_token_id.reset();
    if (!value.is_null()) config.pad_token_id = natural(value, "pad_token_id", fields.path);
  }
}

}  // namespace

void check_config(const ModelConfig& config, const std::string& path) {
  for (const SizeField& field : k_size_fields) {
    const std::string name = field_name(config.traits(), field.name);
    if (!name.empty() && (config.*field.member < 1 || config.*field.member > field.highest))
      malformed(path, name, "1 .. " + std::to_string(field.highest), std::to_string(config.*field.member));
  }
  if (config.hidden_size % config.num_attention_heads != 0)
    malformed(path, "hidden_size",
              "a multiple of num_attention_heads (" + std::to_string(config.num_attention_heads) + ")",
              std::to_string(config.hidden_size));
  if (config.traits().projection == EmbeddingProjection::none && config.embedding_width() != config.hidden_size)
    malformed(path, "embedding_size", std::to_string(config.hidden_size), std::to_string(config.embedding_size));
  if (config.traits().shared_layers && config.num_hidden_groups > config.num_hidden_layers)
    malformed(path, "num_hidden_groups", "at most num_hidden_layers (" + std::to_string(config.num_hidden_layers) + ")",
              std::to_string(config.num_hidden_groups));
  if (config.traits().shared_layers && config.num_hidden_layers * config.inner_group_num > k_most_layer_calls)
    malformed(path, "inner_group_num",
              "at most " + std::to_string(k_most_layer_calls / config.num_hidden_layers) + " for " +
                  std::to_string(config.num_hidden_layers) + " layers",
              std::to_string(config.inner_group_num));
  if (config.relative_attention_num_buckets < k_relative_buckets)
    malformed(path, "relative_attention_num_buckets", "at least " + std::to_string(k_relative_buckets),
              std::to_string(config.relative_attention_num_buckets));
  if (config.traits().positions == PositionRule::after_padding && !config.pad_token_id)
    malformed(path, "pad_token_id", "a token id: positions count from it", "null");
  if (config.traits().local_attention && config.global_layers.size() != config.num_hidden_layers)
    malformed(path, "layer_types", "one for each of the " + std::to_string(config.num_hidden_layers) + " layers",
              std::to_string(config.global_layers.size()));
  if (config.traits().positions == PositionRule::rotary && config.head_size() % 2 != 0)
    malformed(path, "hidden_size", "an even width of heads", std::to_string(config.head_size()));
  // No tensor of a file bounds these tables, as it does the positions of the other families: 4 of up to 32 MB.
  constexpr std::size_t k_most_angles = std::size_t{1} << 23;
  if (config.traits().positions == PositionRule::rotary &&
      config.max_position_embeddings > k_most_angles / (config.head_size() / 2))
    malformed(path, "max_position_embeddings",
              "at most " + std::to_string(k_most_angles / (config.head_size() / 2)) + " for heads of this width",
              std::to_string(config.max_position_embeddings));
  if (config.max_tokens() == 0)
    malformed(path, "max_position_embeddings", "more than pad_token_id + 1",
              std::to_string(config.max_position_embeddings));
  for (const RealField& field : k_real_fields)
    if (!in_range(config.*field.member, field.range))
      malformed(path, field.name, to_string(field.range), Json(config.*field.member).dump());
  if (config.classifier_dropout && !in_range(*config.classifier_dropout, Range::zero_to_below_one))
    malformed(path, "classifier_dropout", to_string(Range::zero_to_below_one), Json(*config.classifier_dropout).dump());
  if (config.pad_token_id && *config.pad_token_id >= config.vocab_size)
    malformed(path, "pad_token_id", "below vocab_size (" + std::to_string(config.vocab_size) + ")",
              std::to_string(*config.pad_token_id));
  if (config.labels.empty() || config.labels.size() > k_max_labels)
    malformed(path, "number of labels", "1 .. " + std::to_string(k_max_labels), std::to_string(config.labels.size()));
  if (!config.problem_type.empty() && config.problem_type != "regression" &&
      config.problem_type != "single_label_classification" && config.problem_type != "multi_label_classification")
    malformed(path, "problem_type", "regression, single_label_classification, multi_label_classification or null",
              config.problem_type);
}

ModelConfig parse_config(std::string_view text, const std::string& path) {
  Fields fields{parse_strict_json(text, path, ErrorCode::bad_checkpoint), path};
  if (!fields.object.is_object()) malformed(path, "the document", "an object", fields.object.type_name());
  refuse_unsupported(fields);
  ModelConfig config = default_config(parse_family(fields));
  parse_numbers(fields, config);
  take_activation(fields, field_name(config.traits(), "hidden_act"), config.hidden_act);
  if (config.traits().local_attention) parse_modernbert(fields, config);
  config.labels = parse_labels(fields);
  config.architectures = parse_architectures(fields);
  config.problem_type = fields.take_text("problem_type").value_or("");
  config.tie_word_embeddings = fields.take_flag("tie_word_embeddings").value_or(true);
  check_config(config, path);
  head_of(config, path);       // refuses a class that is not computed
  fields.take("torch_dtype");  // of the weights in the file; to_json names those it writes
  fields.take("dtype");
  config.other_fields = fields.object.dump();
  return config;
}

std::string to_json(const ModelConfig& config) {
  check_config(config, "configuration to write");
  Json json = Json::parse(config.other_fields);
  const FamilyTraits& traits = config.traits();
  json["model_type"] = traits.model_type;
  json["dtype"] = "float32";
  json["architectures"] = config.architectures;
  if (config.architectures.empty()) json["architectures"] = {architecture_name(config.family, Head::none)};
  const auto set = [&](const char* field, auto value) {
    if (const std::string name = field_name(traits, field); !name.empty()) json[name] = value;
  };
  for (const SizeField& field : k_size_fields) set(field.name, config.*field.member);
  for (const RealField& field : k_real_fields) set(field.name, config.*field.member);
  set("classifier_dropout", nullptr);
  if (config.classifier_dropout) set("classifier_dropout", *config.classifier_dropout);
  json["pad_token_id"] = nullptr;
  if (config.pad_token_id) json["pad_token_id"] = *config.pad_token_id;
  set("hidden_act", std::string(activation_name(config.hidden_act)));
  if (traits.local_attention) write_modernbert(config, json);
  if (!config.problem_type.empty()) json["problem_type"] = config.problem_type;
  if (!config.tie_word_embeddings) json["tie_word_embeddings"] = false;
  if (config.labels != ModelConfig{}.labels) {  // transformers' default
    for (std::size_t id = 0; id < config.labels.size(); ++id) {
      json["id2label"][std::to_string(id)] = config.labels[id];
      json["label2id"][config.labels[id]] = id;
    }
  }
  return json.dump(2) + "\n";
}

}  // namespace seqguard
