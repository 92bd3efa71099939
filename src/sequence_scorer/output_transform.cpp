#include "sequence_scorer/output_transform.hpp"

#include "core/json_tree.hpp"
#include "seqguard/core/error.hpp"
#include "seqguard/core/files.hpp"
#include "seqguard/model/config.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

constexpr std::size_t k_max_bytes = std::size_t{1} << 20;

}  // namespace

OutputTransform read_output_transform(const std::string& directory, const ModelConfig& config) {
  std::string file = directory + "/config_sentence_transformers.json", named;
  if (file_exists(file)) {
    const JsonTree modules(read_file(file, k_max_bytes), file, ErrorCode::bad_checkpoint);
    if (modules.root().is(JsonValue::Kind::object)) named = modules.root().text_or("activation_fn", "");
  }
  if (named.empty()) {
    file = directory + "/config.json";
    const JsonTree other(config.other_fields, file, ErrorCode::bad_checkpoint);
    if (const auto own = other.root().find("sentence_transformers"); own && own->is(JsonValue::Kind::object))
      named = own->text_or("activation_fn", "");
    if (named.empty()) named = other.root().text_or("sbert_ce_default_activation_function", "");
  }
  if (named.ends_with(".Sigmoid")) return OutputTransform::sigmoid;
  if (named.ends_with(".Identity")) return OutputTransform::identity;
  if (!named.empty())
    fail(ErrorCode::unsupported_model, file, "activation of the cross-encoder", "Sigmoid or Identity", named);
  if (config.problem_type == "regression") return OutputTransform::identity;
  if (config.problem_type == "multi_label_classification" || config.num_labels() == 1) return OutputTransform::sigmoid;
  return OutputTransform::softmax;
}

}  // namespace v0
}  // namespace seqguard
