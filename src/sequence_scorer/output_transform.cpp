#include "sequence_scorer/output_transform.hpp"

#include <nlohmann/json.hpp>

#include "core/strict_json.hpp"
#include "seqguard/core/error.hpp"
#include "seqguard/core/files.hpp"
#include "seqguard/model/config.hpp"

namespace seqguard {
namespace {

constexpr std::size_t k_max_bytes = std::size_t{1} << 20;

/// The text of a field, "" where it is absent or null.
std::string text_of(const nlohmann::json& object, const char* field, const std::string& file) {
  const auto found = object.find(field);
  if (found == object.end() || found->is_null()) return "";
  if (!found->is_string()) fail(ErrorCode::bad_checkpoint, file, field, "a text", found->type_name());
  return found->get<std::string>();
}

}  // namespace

OutputTransform read_output_transform(const std::string& directory, const ModelConfig& config) {
  std::string file = directory + "/config_sentence_transformers.json", named;
  if (file_exists(file)) {
    const nlohmann::json modules = parse_strict_json(read_file(file, k_max_bytes), file, ErrorCode::bad_checkpoint);
    if (modules.is_object()) named = text_of(modules, "activation_fn", file);
  }
  if (named.empty()) {
    file = directory + "/config.json";
    const nlohmann::json other = nlohmann::json::parse(config.other_fields);
    if (const auto own = other.find("sentence_transformers"); own != other.end() && own->is_object())
      named = text_of(*own, "activation_fn", file);
    if (named.empty()) named = text_of(other, "sbert_ce_default_activation_function", file);
  }
  if (named.ends_with(".Sigmoid")) return OutputTransform::sigmoid;
  if (named.ends_with(".Identity")) return OutputTransform::identity;
  if (!named.empty())
    fail(ErrorCode::unsupported_model, file, "activation of the cross-encoder", "Sigmoid or Identity", named);
  if (config.problem_type == "regression") return OutputTransform::identity;
  if (config.problem_type == "multi_label_classification" || config.num_labels() == 1) return OutputTransform::sigmoid;
  return OutputTransform::softmax;
}

}  // namespace seqguard
