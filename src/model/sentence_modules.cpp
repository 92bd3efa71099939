// The files of a sentence-transformers directory, in the forms of its versions up to 6.
#include <algorithm>
#include <cstdint>
#include <set>
#include <utility>

#include "core/json_tree.hpp"
#include "model/checkpoint_rows.hpp"
#include "seqguard/core/error.hpp"
#include "seqguard/core/files.hpp"
#include "seqguard/model/sentence_embedding.hpp"
#include "seqguard/model/tensor_source.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

constexpr std::size_t k_max_bytes = std::size_t{1} << 20;
constexpr std::size_t k_max_tokenizer_bytes = std::size_t{64} << 20;
constexpr std::size_t k_max_features = std::size_t{1} << 20;

struct JsonFile : JsonTree {
  explicit JsonFile(const std::string& path)
      : JsonTree(read_file(path, k_max_bytes), path, ErrorCode::bad_checkpoint) {}
};

/// Newer versions name the mode, older ones have a flag for each; several are concatenated, flags in this order.
struct PoolingName {
  const char *flag, *mode;
  Pooling pooling;
};
constexpr PoolingName k_poolings[] = {
    {"pooling_mode_cls_token", "cls", Pooling::cls},
    {"pooling_mode_max_tokens", "max", Pooling::max},
    {"pooling_mode_mean_tokens", "mean", Pooling::mean},
    {"pooling_mode_mean_sqrt_len_tokens", "mean_sqrt_len_tokens", Pooling::mean_sqrt},
    {"pooling_mode_weightedmean_tokens", "weightedmean", Pooling::weighted_mean},
    {"pooling_mode_lasttoken", "lasttoken", Pooling::last},
};

Pooling pooling_of(const JsonValue& mode) {
  std::string names;
  for (const PoolingName& known : k_poolings) {
    if (mode.equals(known.mode)) return known.pooling;
    names.append(names.empty() ? "" : ", ").append(known.mode);
  }
  mode.refuse_unsupported(names, ErrorCode::unsupported_model);
}

std::vector<Pooling> read_poolings(const JsonValue& json, std::size_t hidden_size) {
  for (const char* name : {"word_embedding_dimension", "embedding_dimension"})
    if (const auto width = json.member(name);
        width && !(width->is_number() && width->number() == static_cast<double>(hidden_size)))
      width->refuse(std::to_string(hidden_size));
  std::vector<Pooling> result;
  if (const auto mode = json.member("pooling_mode")) {
    if (!mode->is(JsonValue::Kind::array)) return {pooling_of(*mode)};
    mode->for_each([&](JsonValue one) {
      const Pooling pooling = pooling_of(one);
      if (std::find(result.begin(), result.end(), pooling) != result.end()) one.refuse("each mode once");
      result.push_back(pooling);
    });
  } else {
    for (const PoolingName& known : k_poolings)
      if (json.boolean_or(known.flag, false)) result.push_back(known.pooling);
  }
  if (result.empty()) fail(ErrorCode::bad_checkpoint, json.where(), "no pooling mode is chosen");
  return result;
}

std::optional<Activation> activation_of(const JsonValue& class_path) {
  constexpr std::pair<const char*, std::optional<Activation>> k_known[] = {
      {"Identity", std::nullopt}, {"Tanh", Activation::tanh}, {"GELU", Activation::gelu},
      {"ReLU", Activation::relu}, {"SiLU", Activation::silu},
  };
  std::string names;
  const std::string_view path = class_path.text(), name = path.substr(path.rfind('.') + 1);
  for (const auto& [known, activation] : k_known) {
    if (name == known) return activation;
    names.append(names.empty() ? "" : ", ").append(known);
  }
  class_path.refuse_unsupported(names, ErrorCode::unsupported_model);
}

/// The fields of a module's file that its row in the table does not let pass.
void check_module(const JsonTree& json, std::string_view row_file, LoadReport& report) {
  json.root().demand(JsonValue::Kind::object);
  check_fields(json.root(), sentence_rows_of(row_file), ErrorCode::unsupported_model, report);
}

/// The configuration of a layer says what the tensors say: [out_features, in_features], and whether there is a bias.
void compare_dense(const JsonValue& json, const TensorSource& tensors, std::size_t in_features) {
  for (const auto& [name, info] : tensors.tensors())
    if (name != "linear.weight" && name != "linear.bias")
      fail(ErrorCode::bad_checkpoint, tensors.path(), "tensor \"" + name + "\" is not used",
           "linear.weight and linear.bias", "another");
  const auto weight = tensors.tensors().find("linear.weight");
  if (weight == tensors.tensors().end()) fail(ErrorCode::bad_checkpoint, tensors.path(), "no tensor linear.weight");
  const std::vector<std::size_t>& shape = weight->second.shape;
  if (shape.size() != 2 || shape[0] == 0 || shape[0] > k_max_features)
    fail(ErrorCode::bad_checkpoint, tensors.path(), "shape of linear.weight", "[features, features]",
         std::to_string(shape.size()) + " dimensions or other sizes");
  for (const auto& [name, extent] : {std::pair{"in_features", shape[1]}, std::pair{"out_features", shape[0]}})
    if (const auto said = json.find(name); said && said->natural() != extent)
      said->refuse(std::to_string(extent) + " as in linear.weight");
  if (shape[1] != in_features)
    fail(ErrorCode::bad_checkpoint, tensors.path(), "columns of linear.weight",
         std::to_string(in_features) + ", the features before it", std::to_string(shape[1]));
  const auto bias = tensors.tensors().find("linear.bias");
  const bool has_bias = bias != tensors.tensors().end();
  if (const auto said = json.find("bias"); said && said->boolean() != has_bias)
    said->refuse(has_bias ? "true: there is a linear.bias" : "false: there is no linear.bias");
  if (has_bias && bias->second.shape != std::vector<std::size_t>{shape[0]})
    fail(ErrorCode::bad_checkpoint, tensors.path(), "size of linear.bias", std::to_string(shape[0]),
         std::to_string(bias->second.count()));
}

SentenceDense read_dense(const Context<float>& context, const std::string& folder, std::size_t in_features,
                         LoadReport& report) {
  const JsonFile json(folder + "/config.json");
  check_module(json, "2_Dense/config.json", report);
  SentenceDense dense;
  const auto activation = json.root().member("activation_function");
  dense.activation = activation ? activation_of(*activation) : std::optional<Activation>(Activation::tanh);
  const auto tensors = open_tensors(folder);
  compare_dense(json.root(), *tensors, in_features);
  const std::size_t out_features = tensors->tensors().find("linear.weight")->second.shape[0];
  std::vector<float> values(out_features * in_features);
  tensors->read("linear.weight", values);
  if (tensors->tensors().contains("linear.bias")) {
    dense.bias.resize(out_features);
    tensors->read("linear.bias", dense.bias);
  }
  // A vector that is moved keeps its elements where they are: the packed layer may point to the bias.
  dense.packed.pack(context, {values.data(), out_features, in_features},
                    dense.bias.empty() ? nullptr : dense.bias.data(), false);
  return dense;
}

/// The prompt of this name, or the default one; empty: there is none.
std::string read_prompt(const std::string& directory, const std::optional<std::string>& wanted) {
  if (wanted && wanted->empty()) return "";
  const std::string path = directory + "/config_sentence_transformers.json";
  const JsonTree json(file_exists(path) ? read_file(path, k_max_bytes) : "{}", path, ErrorCode::bad_checkpoint);
  const auto standard = json.root().find("default_prompt_name"), prompts = json.root().find("prompts");
  if (!wanted && !standard) return "";
  const std::string name = wanted ? *wanted : std::string(standard->text());
  const auto prompt =
      prompts && prompts->is(JsonValue::Kind::object) ? prompts->member(name) : std::optional<JsonValue>();
  if (!prompt)
    fail(wanted ? ErrorCode::invalid_argument : ErrorCode::bad_checkpoint, path, "prompts",
         "one named \"" + name + "\"" + (wanted ? "" : ", the default"), "none");
  return std::string(prompt->text());
}

/// The configuration of the network among the modules, or "".
std::string transformer_config(const std::string& directory) {
  if (!file_exists(directory + "/modules.json")) return "";
  for (const char* family : {"bert", "roberta", "distilbert", "camembert", "albert", "xlm-roberta", "xlnet"})
    if (std::string path = directory + "/sentence_" + family + "_config.json"; file_exists(path)) return path;
  return "";
}

/// transformers writes 1e30 for "none", takes all above 1e20 for it, and can cut nothing to another number with a
/// point.
bool is_no_limit(const JsonValue& length) {
  constexpr double k_large = 1e20;
  return length.is(JsonValue::Kind::real) && (length.number_text() == "Infinity" || length.number() > k_large);
}

/// sentence-transformers puts every text through a chat template where the tokenizer has one.
void refuse_chat_template(const std::string& directory) {
  const auto refuse = [](const std::string& where, const char* what) {
    fail(ErrorCode::unsupported_model, where, what,
         "none, or a modality_config in sentence_bert_config.json that keeps texts as they are", "one");
  };
  if (const std::string path = directory + "/chat_template.jinja"; file_exists(path)) refuse(path, "a chat template");
  const std::string path = directory + "/tokenizer_config.json";
  if (file_exists(path) && JsonTree(read_file(path, k_max_tokenizer_bytes), path, ErrorCode::bad_checkpoint,
                                    DuplicateKeys::refuse_if_asked_for)
                               .root()
                               .find("chat_template"))
    refuse(path, "chat_template");
}

/// The folder of a module: a plain name and no link, so that it lies in the directory, and its files with it.
std::string module_folder(const std::string& directory, const JsonValue& place) {
  const std::string name(place.text());
  const bool plain = std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
           c == '.';
  });
  if (!plain || name.find("..") != std::string::npos) place.refuse("a plain name");
  if (name.empty()) return directory;
  const std::string folder = directory + "/" + name;
  refuse_foreign_link(folder);
  for (const char* file : {"config.json", "model.safetensors", "model.safetensors.index.json", "pytorch_model.bin",
                           "pytorch_model.bin.index.json"})
    refuse_foreign_link(folder + "/" + file);
  return folder;
}

}  // namespace

SentenceEmbedding SentenceEmbedding::load(const Context<float>& context, const std::string& directory,
                                          const ModelConfig& config, const std::optional<std::string>& prompt_name,
                                          LoadReport* report) {
  SentenceEmbedding result;
  LoadReport unasked;
  if (report == nullptr) report = &unasked;
  const std::string path = directory + "/modules.json";
  if (file_exists(path)) result.load_modules(context, directory, config, *report);
  if (result.poolings_.empty()) {
    if (file_exists(path) && head_of(config) != Head::sequence_classification)
      fail(ErrorCode::bad_checkpoint, path, "no pooling module");
    result.poolings_ = {Pooling::mean};
    result.size_ = config.hidden_size;
  }
  result.uncut_size_ = result.size_;
  if (file_exists(path))
    result.load_settings(directory, *report);
  else if (head_of(config) != Head::sequence_classification)  // a cross-encoder's activation is read without modules
    for (const char* file : {"/config_sentence_transformers.json", "/sentence_bert_config.json"})
      if (file_exists(directory + file))
        report->notes.push_back(directory + file + ": not read without a modules.json, as by sentence-transformers");
  if (prompt_name || file_exists(path)) result.prompt_ = read_prompt(directory, prompt_name);
  const bool weighted = std::count(result.poolings_.begin(), result.poolings_.end(), Pooling::weighted_mean) > 0;
  if (!result.prompt_.empty() && !result.pools_prompt_ && weighted)
    fail(ErrorCode::unsupported_model, path, "weighted mean with a prompt", "include_prompt true", "false");
  return result;
}

void SentenceEmbedding::load_settings(const std::string& directory, LoadReport& report) {
  const std::string network = transformer_config(directory);
  bool plain_texts = false;
  if (!network.empty()) {
    const JsonFile json(network);
    check_module(json, "sentence_bert_config.json", report);
    plain_texts = json.root().find("modality_config").has_value();
  }
  if (!plain_texts) refuse_chat_template(directory);
  const std::string path = directory + "/config_sentence_transformers.json";
  if (!file_exists(path)) return;
  const JsonFile json(path);
  check_module(json, "config_sentence_transformers.json", report);
  similarity_ = json.root().text_or("similarity_fn_name", "");
  const auto cut = json.root().find("truncate_dim");
  if (!cut) return;
  if (cut->natural() == 0) cut->refuse("a positive integer");
  size_ = std::min<std::size_t>(size_, cut->natural());
}

void SentenceEmbedding::load_modules(const Context<float>& context, const std::string& directory,
                                     const ModelConfig& config, LoadReport& report) {
  const std::string path = directory + "/modules.json";
  const JsonFile json(path);
  const JsonValue modules = json.root().demand(JsonValue::Kind::array);
  constexpr std::size_t k_max_modules = 32;  // each may bring a matrix; the longest lists in use have 5
  if (modules.size() > k_max_modules)
    fail(ErrorCode::bad_checkpoint, path, "modules", "at most " + std::to_string(k_max_modules),
         std::to_string(modules.size()));
  std::set<std::string> dense_folders;
  std::size_t i = 0;
  modules.for_each([&](JsonValue module) {
    check_fields(module, sentence_rows_of("modules.json"), ErrorCode::unsupported_model, report);
    const JsonValue type = module.at("type"), place = module.at("path");
    const std::string_view name = type.text().substr(type.text().rfind('.') + 1);
    const std::string folder = module_folder(directory, place);
    const std::size_t before = std::min<std::size_t>(i++, 2);  // Transformer, Pooling, then the others in any order
    const auto check_own_file = [&](const char* row_file) {    // which few of these modules have
      if (const std::string own = folder + "/config.json"; folder != directory && file_exists(own))
        check_module(JsonFile(own), row_file, report);
    };
    if (before == 0 && name == "Transformer" && folder == directory) return;
    if (before == 1 && name == "Pooling") {
      const JsonFile pooling(folder + "/config.json");
      check_module(pooling, "1_Pooling/config.json", report);
      poolings_ = read_poolings(pooling.root(), config.hidden_size);
      pools_prompt_ = pooling.root().boolean_or("include_prompt", true);
      size_ = poolings_.size() * config.hidden_size;
    } else if (before == 2 && name == "Normalize") {
      check_own_file("3_Normalize/config.json");
      steps_.emplace_back(SentenceNormalize{});
    } else if (before == 2 && name == "Dropout") {  // of training: an identity here
      check_own_file("2_Dropout/config.json");
    } else if (before == 2 && name == "Dense") {
      if (!dense_folders.insert(folder).second) place.refuse("a folder of its own");
      steps_.emplace_back(read_dense(context, folder, size_, report));
      size_ = std::get<SentenceDense>(steps_.back()).packed.forward.n();
    } else {
      type.refuse_unsupported("Transformer in the directory itself, Pooling, then Dense, Normalize and Dropout",
                              ErrorCode::unsupported_model);
    }
  });
}

bool lower_cases_texts(const std::string& directory) {
  const std::string path = transformer_config(directory);
  return !path.empty() && JsonFile(path).root().boolean_or("do_lower_case", false);
}

std::size_t max_text_tokens(const std::string& directory, const ModelConfig& config) {
  const std::string tokenizer = directory + "/tokenizer_config.json";
  for (const auto& [path, field] : {std::pair{transformer_config(directory), "max_seq_length"},
                                    {tokenizer, "model_max_length"},
                                    {tokenizer, "max_len"}}) {
    if (path.empty() || !file_exists(path)) continue;
    const JsonTree json(read_file(path, k_max_tokenizer_bytes), path, ErrorCode::bad_checkpoint,
                        DuplicateKeys::refuse_if_asked_for);
    const auto found = json.root().find(field);
    if (!found) continue;
    if (is_no_limit(*found)) break;
    const std::uint64_t value = found->natural();
    if (value == 0) found->refuse("a positive integer");
    return std::min<std::size_t>(value, config.max_tokens());
  }
  return config.max_tokens();
}

}  // namespace v0
}  // namespace seqguard
