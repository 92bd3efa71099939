#include "model/named_heads.hpp"

#include <array>
#include <nlohmann/json.hpp>
#include <span>
#include <utility>

#include "core/strict_json.hpp"
#include "seqguard/core/error.hpp"
#include "seqguard/model/safetensors.hpp"

namespace seqguard {
namespace {

using nlohmann::json;

constexpr const char* k_format = "seqguard-heads";
constexpr int k_version = 1;
constexpr std::size_t k_max_bytes = std::size_t{16} << 20, k_max_heads = 1000;

constexpr std::array<std::pair<Head, std::string_view>, 2> k_kinds{
    {{Head::sequence_classification, "sequence_classification"}, {Head::token_classification, "token_classification"}}};
constexpr std::array<std::pair<Pooling, std::string_view>, 2> k_poolings{
    {{Pooling::cls, "cls"}, {Pooling::mean, "mean"}}};
constexpr std::array<std::pair<HeadLoss, std::string_view>, 3> k_losses{
    {{HeadLoss::softmax, "softmax"}, {HeadLoss::binary, "binary"}, {HeadLoss::squared_error, "squared_error"}}};

template <class Table, class Value>
std::string_view name_in(const Table& table, Value value) {
  for (const auto& [entry, name] : table)
    if (entry == value) return name;
  return "";  // check_heads() has refused it
}

/// The text of a field. @throws Error bad_checkpoint.
std::string text(const json& object, const char* field, const std::string& where) {
  const auto found = object.find(field);
  if (found == object.end() || !found->is_string())
    fail(ErrorCode::bad_checkpoint, where, std::string("field ") + field, "a text",
         found == object.end() ? "none" : found->type_name());
  return found->get<std::string>();
}

template <class Table>
auto named(const Table& table, const json& object, const char* field, const std::string& where) {
  const std::string name = text(object, field, where);
  std::string known;
  for (const auto& [entry, entry_name] : table) {
    if (entry_name == name) return entry;
    known.append(known.empty() ? "" : ", ").append(entry_name);
  }
  fail(ErrorCode::bad_checkpoint, where, std::string("field ") + field, known, "\"" + name + "\"");
}

HeadSpec head_from_json(const json& object, const std::string& where) {
  if (!object.is_object()) fail(ErrorCode::bad_checkpoint, where, "wrong type", "an object", object.type_name());
  for (const auto& [key, value] : object.items())
    if (key != "name" && key != "kind" && key != "labels" && key != "pooling" && key != "loss")
      fail(ErrorCode::bad_checkpoint, where, "unknown field " + key);
  HeadSpec head;
  head.name = text(object, "name", where);
  if (head.name.empty()) fail(ErrorCode::bad_checkpoint, where, "field name", "a name", "\"\"");
  head.kind = named(k_kinds, object, "kind", where);
  head.pooling = named(k_poolings, object, "pooling", where);
  head.loss = named(k_losses, object, "loss", where);
  const auto labels = object.find("labels");
  if (labels == object.end() || !labels->is_array())
    fail(ErrorCode::bad_checkpoint, where, "field labels", "an array of texts",
         labels == object.end() ? "none" : labels->type_name());
  for (const json& label : *labels) {
    if (!label.is_string()) fail(ErrorCode::bad_checkpoint, where, "a label", "a text", label.type_name());
    head.labels.push_back(label.get<std::string>());
  }
  return head;
}

}  // namespace

NamedHeads open_named_heads(const std::string& directory) {
  const std::string path = directory + "/" + k_named_heads_file, weights = directory + "/" + k_named_heads_weights;
  NamedHeads result;
  if (!file_exists(path) && !file_exists(weights)) return result;
  const json document = parse_strict_json(read_file(path, k_max_bytes), path, ErrorCode::bad_checkpoint);
  if (!document.is_object()) fail(ErrorCode::bad_checkpoint, path, "document", "an object", document.type_name());
  if (text(document, "format", path) != k_format)
    fail(ErrorCode::bad_checkpoint, path, "field format", k_format, text(document, "format", path));
  const auto version = document.find("version");
  if (version == document.end() || *version != k_version)
    fail(ErrorCode::unsupported, path, "field version", std::to_string(k_version),
         version == document.end() ? "none" : version->dump().substr(0, 100));
  const auto heads = document.find("heads");
  if (heads == document.end() || !heads->is_array() || heads->empty() || heads->size() > k_max_heads)
    fail(ErrorCode::bad_checkpoint, path, "field heads", "an array of 1 to " + std::to_string(k_max_heads),
         heads == document.end() ? "none"
         : heads->is_array()     ? std::to_string(heads->size())
                                 : heads->type_name());
  for (std::size_t h = 0; h < heads->size(); ++h)
    result.heads.push_back(head_from_json((*heads)[h], path + ": heads[" + std::to_string(h) + "]"));
  result.tensors = std::make_unique<SafetensorsFile>(weights);
  return result;
}

void write_named_heads(DirectoryWriter& writer, const ModelSpec& spec, const TensorSource& tensors) {
  json heads = json::array();
  for (const HeadSpec& head : spec.heads)
    if (!head.name.empty())
      heads.push_back({{"name", head.name},
                       {"kind", name_in(k_kinds, head.kind)},
                       {"labels", head.labels},
                       {"pooling", name_in(k_poolings, head.pooling)},
                       {"loss", name_in(k_losses, head.loss)}});
  const json document = {{"format", k_format}, {"version", k_version}, {"heads", std::move(heads)}};
  writer.write(k_named_heads_file, document.dump(2) + "\n");
  std::vector<std::vector<float>> values;
  std::vector<TensorToWrite> to_write;
  for (const auto& [name, info] : tensors.tensors()) {
    std::vector<float>& value = values.emplace_back(info.count());
    tensors.read(name, value);
    to_write.push_back({name, Dtype::f32, info.shape, std::as_bytes(std::span<const float>(value))});
  }
  writer.write(k_named_heads_weights, serialize_safetensors(to_write, {{"format", "pt"}}));
}

}  // namespace seqguard
