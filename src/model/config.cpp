#include "seqguard/model/config.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "core/json_events.hpp"
#include "model/checkpoint_rows.hpp"
#include "model/config_fields.hpp"
#include "seqguard/layers/relative_position.hpp"

namespace seqguard {
inline namespace v0 {
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
  const auto type = fields.look_at("model_type");
  std::string names;
  for (const FamilyTraits* traits : families()) {
    if (type && type->equals(traits->model_type)) return traits->family;
    names.append(names.empty() ? "one of " : ", ").append(traits->model_type);
  }
  if (type) refuse(*type, names);
  fail(ErrorCode::unsupported_model, fields.path(), "model_type is not supported", names, "no such field");
}

/// id2label (keys "0" .. "C-1") and num_labels, which must agree; without both: two labels.
std::vector<std::string> parse_labels(Fields& fields) {
  const auto names = fields.take("id2label"), number = fields.take("num_labels");
  fields.take("label2id");  // the inverse of id2label
  if (!names && !number) return ModelConfig{}.labels;
  if (names) names->demand(JsonValue::Kind::object);
  const std::size_t count = number ? number->natural() : names->size();
  if (count < 1 || count > k_max_labels)
    malformed(fields.path(), "number of labels", "1 .. " + std::to_string(k_max_labels), std::to_string(count));
  if (names && names->size() != count) number->refuse(std::to_string(names->size()) + " as in id2label");
  std::vector<std::string> labels(count);
  if (!names)
    for (std::size_t id = 0; id < count; ++id) labels[id] = "LABEL_" + std::to_string(id);
  // Keys that are all different and below the count are all there.
  if (names)
    names->for_each([&](JsonValue label) {
      std::size_t id = count;
      std::from_chars(label.key().data(), label.key().data() + label.key().size(), id);
      if (id >= count || std::to_string(id) != label.key())
        malformed(fields.path(), "id2label", "keys \"0\" .. \"" + std::to_string(count - 1) + "\"",
                  "\"" + std::string(label.key().substr(0, 100)) + "\"");
      labels[id] = label.is(JsonValue::Kind::text) ? std::string(label.text()) : label.dump();
    });
  return labels;
}

std::vector<std::string> parse_architectures(Fields& fields) {
  const auto list = fields.take("architectures");
  if (!list) return {};
  if (!list->is(JsonValue::Kind::array)) list->refuse("an array of strings");
  return list->texts();
}

double number_in(const JsonValue& value, Range range) {
  if (!value.is_number()) value.refuse(to_string(range));
  return value.number();
}

/// DistilBERT's sizes under BERT's names, which transformers takes too; beside its own they must say the same.
std::optional<JsonValue> take_alias(Fields& fields, std::string_view bert, std::string_view own) {
  constexpr std::string_view k_aliases[] = {"hidden_size", "num_hidden_layers", "num_attention_heads"};
  return own != bert && contains(k_aliases, bert) ? fields.take_set(bert, "a positive integer") : std::nullopt;
}

void parse_numbers(Fields& fields, ModelConfig& config) {
  for (const SizeField& field : k_size_fields) {
    const std::string name = field_name(config.traits(), field.name);
    if (name.empty()) continue;
    const auto value = fields.take_set(name, "a positive integer"), alias = take_alias(fields, field.name, name);
    if (value && alias && value->natural() != alias->natural())
      alias->refuse(std::to_string(value->natural()) + " as " + name);
    if (value || alias) config.*field.member = (value ? value : alias)->natural();
  }
  for (const RealField& field : k_real_fields) {
    const std::string name = field_name(config.traits(), field.name);
    if (name.empty()) continue;
    if (const auto value = fields.take_set(name, to_string(field.range)))
      config.*field.member = number_in(*value, field.range);
  }
  if (const auto value = fields.take(field_name(config.traits(), "classifier_dropout")))
    config.classifier_dropout = number_in(*value, Range::zero_to_below_one);
  if (fields.look_at("pad_token_id")) {
    const auto value = fields.take("pad_token_id");
    config.pad_token_id.reset();
    if (value) config.pad_token_id = value->natural();
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
      malformed(path, field.name, to_string(field.range), exact_json_number(config.*field.member));
  if (config.classifier_dropout && !in_range(*config.classifier_dropout, Range::zero_to_below_one))
    malformed(path, "classifier_dropout", to_string(Range::zero_to_below_one),
              exact_json_number(*config.classifier_dropout));
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
  Fields fields(text, path);
  // Settings that would change the computation stay in the object where they have their neutral value.
  refuse_fields(fields.root(), config_rows(), ErrorCode::unsupported_model);
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
  config.other_fields = fields.rest();
  return config;
}

std::string to_json(const ModelConfig& config) {
  check_config(config, "configuration to write");
  const JsonTree others(config.other_fields, "other fields of a configuration", ErrorCode::invalid_argument);
  JsonObject json(others.root());
  const FamilyTraits& traits = config.traits();
  json.set("model_type", traits.model_type);
  json.set("dtype", "float32");
  JsonWriter architectures;
  architectures.values(config.architectures.empty()
                           ? std::vector<std::string>{architecture_name(config.family, Head::none)}
                           : config.architectures);
  json.set_json("architectures", architectures.text());
  for (const SizeField& field : k_size_fields)
    if (const std::string name = field_name(traits, field.name); !name.empty()) json.set(name, config.*field.member);
  for (const RealField& field : k_real_fields)
    if (const std::string name = field_name(traits, field.name); !name.empty()) json.set(name, config.*field.member);
  const std::string dropout = field_name(traits, "classifier_dropout");
  json.set_json(dropout, "null");
  if (config.classifier_dropout) json.set(dropout, *config.classifier_dropout);
  json.set_json("pad_token_id", "null");
  if (config.pad_token_id) json.set("pad_token_id", *config.pad_token_id);
  json.set(field_name(traits, "hidden_act"), activation_name(config.hidden_act));
  if (traits.local_attention) write_modernbert(config, json);
  if (!config.problem_type.empty()) json.set("problem_type", config.problem_type);
  if (!config.tie_word_embeddings) json.set("tie_word_embeddings", false);
  if (config.labels != ModelConfig{}.labels) {  // transformers' default
    JsonObject id2label, label2id;
    for (std::size_t id = 0; id < config.labels.size(); ++id) {
      id2label.set(std::to_string(id), config.labels[id]);
      label2id.set(config.labels[id], id);
    }
    json.set_json("id2label", id2label.text());
    json.set_json("label2id", label2id.text());
  }
  return json.text(2) + "\n";
}

}  // namespace v0
}  // namespace seqguard
