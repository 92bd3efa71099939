#include "seqguard/model/config.hpp"

#include <array>
#include <nlohmann/json.hpp>

#include "core/strict_json.hpp"

namespace seqguard {
namespace {

using Json = nlohmann::json;

struct SizeField {
  const char* name;
  std::size_t BertConfig::*member;
  std::size_t highest;  // the lowest is 1
};
constexpr SizeField k_size_fields[] = {
    {"vocab_size", &BertConfig::vocab_size, 100'000'000},
    {"hidden_size", &BertConfig::hidden_size, 65'536},
    {"num_hidden_layers", &BertConfig::num_hidden_layers, 1'000},
    {"num_attention_heads", &BertConfig::num_attention_heads, 65'536},
    {"intermediate_size", &BertConfig::intermediate_size, 1'000'000},
    {"max_position_embeddings", &BertConfig::max_position_embeddings, 1'000'000},
    {"type_vocab_size", &BertConfig::type_vocab_size, 1'000'000},
};

enum class Range { zero_to_below_one, above_zero_to_one, at_least_zero };

struct RealField {
  const char* name;
  double BertConfig::*member;
  Range range;
};
constexpr RealField k_real_fields[] = {
    {"layer_norm_eps", &BertConfig::layer_norm_eps, Range::above_zero_to_one},
    {"initializer_range", &BertConfig::initializer_range, Range::at_least_zero},
    {"hidden_dropout_prob", &BertConfig::hidden_dropout_prob, Range::zero_to_below_one},
    {"attention_probs_dropout_prob", &BertConfig::attention_probs_dropout_prob, Range::zero_to_below_one},
};

struct ActivationName {
  const char* name;
  Activation activation;
};
/// Every name whose formula is computed here; the first one of an activation is the one written.
constexpr ActivationName k_activations[] = {
    {"gelu", Activation::gelu},
    {"gelu_python", Activation::gelu},
    {"gelu_new", Activation::gelu_tanh},
    {"gelu_pytorch_tanh", Activation::gelu_tanh},
    {"gelu_fast", Activation::gelu_tanh},
    {"gelu_accurate", Activation::gelu_tanh},
    {"quick_gelu", Activation::quick_gelu},
    {"relu", Activation::relu},
    {"silu", Activation::silu},
    {"swish", Activation::silu},
    {"tanh", Activation::tanh},
};

constexpr std::size_t k_max_labels = 1'000'000;

[[noreturn]] void refuse(const std::string& path, const std::string& field, std::string_view supported,
                         std::string_view found) {
  fail(ErrorCode::unsupported_model, path, field + " is not supported", supported, found);
}

[[noreturn]] void malformed(const std::string& path, const std::string& field, std::string_view expected,
                            std::string_view found) {
  fail(ErrorCode::bad_checkpoint, path, field, expected, found);
}

/// A value for a message: its text, or its type where that would be long.
std::string describe(const Json& value) {
  return value.is_structured() && !value.empty() ? value.type_name() : value.dump().substr(0, 100);
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

/// The object of the file. Fields are taken out as they are understood; the rest is BertConfig::other_fields.
struct Fields {
  Json object;
  const std::string& path;

  /// The value of a field, or null where it is absent or null.
  Json take(const char* name) {
    const auto found = object.find(name);
    if (found == object.end()) return nullptr;
    Json value = std::move(*found);
    object.erase(found);
    return value;
  }
  /// Like take(); for fields that transformers does not let be null.
  std::optional<Json> take_set(const char* name, std::string_view expected) {
    if (!object.contains(name)) return std::nullopt;
    Json value = take(name);
    if (value.is_null()) malformed(path, name, expected, "null");
    return value;
  }
  std::optional<std::string> take_text(const char* name) {
    const Json value = take(name);
    if (value.is_null()) return std::nullopt;
    if (!value.is_string()) malformed(path, name, "a string", describe(value));
    return value.get<std::string>();
  }
};

/// Settings that would change the computation. They stay in the object where they have their neutral value.
void refuse_unsupported(const Fields& fields) {
  const Json& object = fields.object;
  const auto type = object.find("model_type");
  if (type == object.end()) refuse(fields.path, "model_type", "\"bert\"", "no such field");
  if (*type != "bert") refuse(fields.path, "model_type", "\"bert\"", describe(*type));
  for (const char* name : {"is_decoder", "add_cross_attention", "is_encoder_decoder"})
    if (object.contains(name) && object[name] != false) refuse(fields.path, name, "false", describe(object[name]));
  for (const char* name : {"auto_map", "quantization_config", "pruned_heads"})
    if (object.contains(name) && !object[name].empty()) refuse(fields.path, name, "none", describe(object[name]));
  if (object.contains("position_embedding_type") && object["position_embedding_type"] != "absolute")
    refuse(fields.path, "position_embedding_type", "\"absolute\"", describe(object["position_embedding_type"]));
}

Activation parse_activation(const std::string& name, const std::string& path) {
  std::string names;
  for (const ActivationName& known : k_activations) {
    if (name == known.name) return known.activation;
    names += (names.empty() ? "" : ", ") + std::string(known.name);
  }
  refuse(path, "hidden_act", "one of " + names, "\"" + name + "\"");
}

/// A non-negative integer.
std::size_t natural(const Json& value, const std::string& field, const std::string& path) {
  if (!value.is_number_unsigned()) malformed(path, field, "a non-negative integer", describe(value));
  return value.get<std::size_t>();
}

/// id2label (keys "0" .. "C-1") and num_labels, which must agree; without both: two labels.
std::vector<std::string> parse_labels(Fields& fields) {
  const Json names = fields.take("id2label"), number = fields.take("num_labels");
  fields.take("label2id");  // the inverse of id2label
  if (names.is_null() && number.is_null()) return BertConfig{}.labels;
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

void parse_numbers(Fields& fields, BertConfig& config) {
  for (const SizeField& field : k_size_fields)
    if (const auto value = fields.take_set(field.name, "a positive integer"))
      config.*field.member = natural(*value, field.name, fields.path);
  for (const RealField& field : k_real_fields) {
    const auto value = fields.take_set(field.name, to_string(field.range));
    if (!value) continue;
    if (!value->is_number()) malformed(fields.path, field.name, to_string(field.range), describe(*value));
    config.*field.member = value->get<double>();
  }
  if (const Json value = fields.take("classifier_dropout"); !value.is_null()) {
    if (!value.is_number()) malformed(fields.path, "classifier_dropout", "a number in [0, 1)", describe(value));
    config.classifier_dropout = value.get<double>();
  }
  if (fields.object.contains("pad_token_id")) {
    const Json value = fields.take("pad_token_id");
    config.pad_token_id.reset();
    if (!value.is_null()) config.pad_token_id = natural(value, "pad_token_id", fields.path);
  }
}

}  // namespace

Head head_of(const BertConfig& config) {
  if (config.architectures.empty()) return Head::none;
  const std::string& name = config.architectures.front();
  if (name == "BertForPreTraining") return Head::masked_lm;
  std::string names = "BertForPreTraining";
  for (const Head head : {Head::none, Head::masked_lm, Head::sequence_classification, Head::token_classification}) {
    if (name == architecture_name(head)) return head;
    names += ", ";
    names += architecture_name(head);
  }
  refuse("config.json", "architectures[0]", "one of " + names, "\"" + name + "\"");
}

std::string_view architecture_name(Head head) noexcept {
  switch (head) {
    case Head::none:
      return "BertModel";
    case Head::masked_lm:
      return "BertForMaskedLM";
    case Head::sequence_classification:
      return "BertForSequenceClassification";
    case Head::token_classification:
      return "BertForTokenClassification";
  }
  return "";
}

void check_config(const BertConfig& config, const std::string& path) {
  for (const SizeField& field : k_size_fields)
    if (config.*field.member < 1 || config.*field.member > field.highest)
      malformed(path, field.name, "1 .. " + std::to_string(field.highest), std::to_string(config.*field.member));
  if (config.hidden_size % config.num_attention_heads != 0)
    malformed(path, "hidden_size",
              "a multiple of num_attention_heads (" + std::to_string(config.num_attention_heads) + ")",
              std::to_string(config.hidden_size));
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

BertConfig parse_config(std::string_view text, const std::string& path) {
  Fields fields{parse_strict_json(text, path, ErrorCode::bad_checkpoint), path};
  if (!fields.object.is_object()) malformed(path, "the document", "an object", fields.object.type_name());
  refuse_unsupported(fields);
  BertConfig config;
  parse_numbers(fields, config);
  if (const auto activation = fields.take_set("hidden_act", "a string")) {
    if (!activation->is_string()) malformed(path, "hidden_act", "a string", describe(*activation));
    config.hidden_act = parse_activation(activation->get<std::string>(), path);
  }
  config.labels = parse_labels(fields);
  config.architectures = parse_architectures(fields);
  config.problem_type = fields.take_text("problem_type").value_or("");
  check_config(config, path);
  const auto tie = fields.object.find("tie_word_embeddings");
  if (head_of(config) == Head::masked_lm && tie != fields.object.end() && *tie != true)
    refuse(path, "tie_word_embeddings", "true for a masked-LM head", describe(*tie));
  fields.take("torch_dtype");  // of the weights in the file; to_json names those it writes
  fields.take("dtype");
  config.other_fields = fields.object.dump();
  return config;
}

std::string to_json(const BertConfig& config) {
  check_config(config, "configuration to write");
  Json json = Json::parse(config.other_fields);
  json["model_type"] = "bert";
  json["dtype"] = "float32";
  json["architectures"] = config.architectures;
  if (config.architectures.empty()) json["architectures"] = {architecture_name(Head::none)};
  for (const SizeField& field : k_size_fields) json[field.name] = config.*field.member;
  for (const RealField& field : k_real_fields) json[field.name] = config.*field.member;
  json["classifier_dropout"] = nullptr;
  if (config.classifier_dropout) json["classifier_dropout"] = *config.classifier_dropout;
  json["pad_token_id"] = nullptr;
  if (config.pad_token_id) json["pad_token_id"] = *config.pad_token_id;
  for (const ActivationName& known : k_activations) {
    if (known.activation != config.hidden_act) continue;
    json["hidden_act"] = known.name;
    break;
  }
  if (!config.problem_type.empty()) json["problem_type"] = config.problem_type;
  if (config.labels != BertConfig{}.labels) {  // transformers' default
    for (std::size_t id = 0; id < config.labels.size(); ++id) {
      json["id2label"][std::to_string(id)] = config.labels[id];
      json["label2id"][config.labels[id]] = id;
    }
  }
  return json.dump(2) + "\n";
}

}  // namespace seqguard
