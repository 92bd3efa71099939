// The files of a sentence-transformers directory, in the forms of its versions up to 6.
#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "core/strict_json.hpp"
#include "seqguard/core/error.hpp"
#include "seqguard/core/files.hpp"
#include "seqguard/model/sentence_embedding.hpp"
#include "seqguard/model/tensor_source.hpp"

namespace seqguard {
namespace {

using Json = nlohmann::json;

constexpr std::size_t k_max_bytes = std::size_t{1} << 20;
constexpr std::size_t k_max_features = std::size_t{1} << 20;

Json read_object(const std::string& path) {
  Json json = parse_strict_json(read_file(path, k_max_bytes), path, ErrorCode::bad_checkpoint);
  if (!json.is_object()) fail(ErrorCode::bad_checkpoint, path, "the document", "an object", json.type_name());
  return json;
}

std::string text_field(const Json& object, const char* name, const std::string& path) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_string())
    fail(ErrorCode::bad_checkpoint, path, name, "a string", found == object.end() ? "nothing" : found->type_name());
  return found->get<std::string>();
}

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

Pooling pooling_of(const Json& mode, const std::string& path) {
  std::string names;
  for (const PoolingName& known : k_poolings) {
    if (mode == known.mode) return known.pooling;
    names.append(names.empty() ? "" : ", ").append(known.mode);
  }
  fail(ErrorCode::unsupported_model, path, "pooling_mode", names, mode.dump().substr(0, 100));
}

std::vector<Pooling> read_poolings(const Json& json, const std::string& path, std::size_t hidden_size) {
  for (const char* width : {"word_embedding_dimension", "embedding_dimension"})
    if (json.contains(width) && json[width] != hidden_size)
      fail(ErrorCode::bad_checkpoint, path, width, std::to_string(hidden_size), json[width].dump().substr(0, 100));
  std::vector<Pooling> result;
  if (const auto mode = json.find("pooling_mode"); mode != json.end()) {
    if (!mode->is_array()) return {pooling_of(*mode, path)};
    for (const Json& one : *mode) {
      const Pooling pooling = pooling_of(one, path);
      if (std::find(result.begin(), result.end(), pooling) != result.end())
        fail(ErrorCode::bad_checkpoint, path, "pooling_mode", "each mode once", one.dump());
      result.push_back(pooling);
    }
  } else {
    for (const PoolingName& known : k_poolings)
      if (json.contains(known.flag) && json[known.flag] == true) result.push_back(known.pooling);
  }
  if (result.empty()) fail(ErrorCode::bad_checkpoint, path, "no pooling mode is chosen");
  return result;
}

std::optional<Activation> activation_of(const std::string& class_path, const std::string& path) {
  constexpr std::pair<const char*, std::optional<Activation>> k_known[] = {
      {"Identity", std::nullopt}, {"Tanh", Activation::tanh}, {"GELU", Activation::gelu},
      {"ReLU", Activation::relu}, {"SiLU", Activation::silu},
  };
  std::string names;
  const std::string name = class_path.substr(class_path.rfind('.') + 1);
  for (const auto& [known, activation] : k_known) {
    if (name == known) return activation;
    names.append(names.empty() ? "" : ", ").append(known);
  }
  fail(ErrorCode::unsupported_model, path, "activation_function", names, class_path);
}

SentenceDense read_dense(const Context<float>& context, const std::string& folder, std::size_t in_features) {
  const std::string path = folder + "/config.json";
  const Json json = read_object(path);
  SentenceDense dense;
  dense.activation = json.contains("activation_function")
                         ? activation_of(text_field(json, "activation_function", path), path)
                         : std::optional<Activation>(Activation::tanh);
  const auto tensors = open_tensors(folder);
  const auto weight = tensors->tensors().find("linear.weight"), bias = tensors->tensors().find("linear.bias");
  if (weight == tensors->tensors().end()) fail(ErrorCode::bad_checkpoint, tensors->path(), "no tensor linear.weight");
  const std::vector<std::size_t>& shape = weight->second.shape;
  if (shape.size() != 2 || shape[1] != in_features || shape[0] == 0 || shape[0] > k_max_features)
    fail(ErrorCode::bad_checkpoint, tensors->path(), "shape of linear.weight",
         "[features, " + std::to_string(in_features) + "]",
         std::to_string(shape.size()) + " dimensions or other sizes");
  std::vector<float> values(weight->second.count());
  tensors->read("linear.weight", values);
  if (bias != tensors->tensors().end()) {
    dense.bias.resize(shape[0]);
    if (bias->second.count() != shape[0])
      fail(ErrorCode::bad_checkpoint, tensors->path(), "size of linear.bias", std::to_string(shape[0]),
           std::to_string(bias->second.count()));
    tensors->read("linear.bias", dense.bias);
  }
  // A vector that is moved keeps its elements where they are: the packed layer may point to the bias.
  dense.packed.pack(context, {values.data(), shape[0], in_features}, dense.bias.empty() ? nullptr : dense.bias.data(),
                    false);
  return dense;
}

bool flag_field(const Json& object, const char* name, bool absent, const std::string& path) {
  const auto found = object.find(name);
  if (found == object.end() || found->is_null()) return absent;
  if (!found->is_boolean()) fail(ErrorCode::bad_checkpoint, path, name, "true or false", found->type_name());
  return found->get<bool>();
}

/// The prompt of this name, or the default one; empty: there is none.
std::string read_prompt(const std::string& directory, const std::optional<std::string>& wanted) {
  if (wanted && wanted->empty()) return "";
  const std::string path = directory + "/config_sentence_transformers.json";
  const Json json = file_exists(path) ? read_object(path) : Json::object();
  if (!wanted && json.value("default_prompt_name", Json()).is_null()) return "";
  const std::string name = wanted ? *wanted : text_field(json, "default_prompt_name", path);
  const auto prompts = json.find("prompts");
  if (prompts == json.end() || !prompts->is_object() || !prompts->contains(name))
    fail(wanted ? ErrorCode::invalid_argument : ErrorCode::bad_checkpoint, path, "prompts",
         "one named \"" + name + "\"" + (wanted ? "" : ", the default"), "none");
  return text_field(*prompts, name.c_str(), path + ": prompts");
}

/// The configuration of the network among the modules, or "".
std::string transformer_config(const std::string& directory) {
  if (!file_exists(directory + "/modules.json")) return "";
  for (const char* family : {"bert", "roberta", "distilbert", "camembert", "albert", "xlm-roberta", "xlnet"})
    if (std::string path = directory + "/sentence_" + family + "_config.json"; file_exists(path)) return path;
  return "";
}

/// The folder of a module: a plain name and no link, so that it lies in the directory, and its files with it.
std::string module_folder(const std::string& directory, const std::string& name, const std::string& path) {
  const bool plain = std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
           c == '.';
  });
  if (!plain || name.find("..") != std::string::npos)
    fail(ErrorCode::bad_checkpoint, path, "path of a module", "a plain name", name);
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
                                          const ModelConfig& config, const std::optional<std::string>& prompt_name) {
  SentenceEmbedding result;
  const std::string path = directory + "/modules.json";
  if (file_exists(path)) result.load_modules(context, directory, config);
  if (result.poolings_.empty()) {
    if (file_exists(path) && head_of(config) != Head::sequence_classification)
      fail(ErrorCode::bad_checkpoint, path, "no pooling module");
    result.poolings_ = {Pooling::mean};
    result.size_ = config.hidden_size;
  }
  if (prompt_name || file_exists(path)) result.prompt_ = read_prompt(directory, prompt_name);
  const bool weighted = std::count(result.poolings_.begin(), result.poolings_.end(), Pooling::weighted_mean) > 0;
  if (!result.prompt_.empty() && !result.pools_prompt_ && weighted)
    fail(ErrorCode::unsupported_model, path, "weighted mean with a prompt", "include_prompt true", "false");
  return result;
}

void SentenceEmbedding::load_modules(const Context<float>& context, const std::string& directory,
                                     const ModelConfig& config) {
  const std::string path = directory + "/modules.json";
  const Json modules = parse_strict_json(read_file(path, k_max_bytes), path, ErrorCode::bad_checkpoint);
  if (!modules.is_array()) fail(ErrorCode::bad_checkpoint, path, "the document", "an array", modules.type_name());
  constexpr std::size_t k_max_modules = 32;  // each may bring a matrix; the longest lists in use have 5
  if (modules.size() > k_max_modules)
    fail(ErrorCode::bad_checkpoint, path, "modules", "at most " + std::to_string(k_max_modules),
         std::to_string(modules.size()));
  std::set<std::string> dense_folders;
  for (std::size_t i = 0; i < modules.size(); ++i) {
    const std::string where = path + ": module " + std::to_string(i);
    if (!modules[i].is_object())
      fail(ErrorCode::bad_checkpoint, where, "an entry", "an object", modules[i].type_name());
    const std::string type = text_field(modules[i], "type", where), name = type.substr(type.rfind('.') + 1);
    const std::string folder = module_folder(directory, text_field(modules[i], "path", where), where);
    const std::size_t before = i == 0 ? 0 : i == 1 ? 1 : 2;  // Transformer, Pooling, then the others in any order
    if (before == 0 && name == "Transformer" && folder == directory) continue;
    if (before == 1 && name == "Pooling") {
      const std::string file = folder + "/config.json";
      const Json pooling = read_object(file);
      poolings_ = read_poolings(pooling, file, config.hidden_size);
      pools_prompt_ = flag_field(pooling, "include_prompt", true, file);
      size_ = poolings_.size() * config.hidden_size;
    } else if (before == 2 && name == "Normalize") {
      steps_.emplace_back(SentenceNormalize{});
    } else if (before == 2 && name == "Dense") {
      if (!dense_folders.insert(folder).second)
        fail(ErrorCode::bad_checkpoint, where, "path of a module", "a folder of its own", folder);
      steps_.emplace_back(read_dense(context, folder, size_));
      size_ = std::get<SentenceDense>(steps_.back()).packed.forward.n();
    } else {
      fail(ErrorCode::unsupported_model, where, "type at this place",
           "Transformer in the directory itself, Pooling, then Dense and Normalize", type);
    }
  }
}

bool lower_cases_texts(const std::string& directory) {
  const std::string path = transformer_config(directory);
  return !path.empty() && flag_field(read_object(path), "do_lower_case", false, path);
}

std::size_t max_text_tokens(const std::string& directory, const ModelConfig& config) {
  constexpr std::uint64_t k_sentinel = 1'000'000'000;  // transformers writes 1e30 for "none"
  for (const auto& [path, field] : {std::pair{transformer_config(directory), "max_seq_length"},
                                    {directory + "/tokenizer_config.json", "model_max_length"}}) {
    if (path.empty() || !file_exists(path)) continue;
    const Json json = read_object(path);
    const auto found = json.find(field);
    if (found == json.end() || found->is_null() || found->is_number_float()) continue;
    if (!found->is_number_unsigned() || *found == 0)
      fail(ErrorCode::bad_checkpoint, path, field, "a positive integer", found->dump().substr(0, 100));
    const auto value = found->get<std::uint64_t>();
    if (value < k_sentinel) return std::min<std::size_t>(value, config.max_tokens());
  }
  return config.max_tokens();
}

}  // namespace seqguard
