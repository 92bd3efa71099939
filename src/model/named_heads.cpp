#include "model/named_heads.hpp"

#include <array>
#include <span>
#include <utility>

#include "core/json_tree.hpp"
#include "core/json_writer.hpp"
#include "model/values_as_tensors.hpp"
#include "seqguard/core/error.hpp"
#include "seqguard/model/safetensors.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

constexpr const char* k_format = "seqguard-heads";
constexpr int k_version = 1;
constexpr std::size_t k_max_bytes = std::size_t{16} << 20, k_max_heads = 1000;

constexpr std::array<std::pair<Head, std::string_view>, 3> k_kinds{
    {{Head::sequence_classification, "sequence_classification"},
     {Head::token_classification, "token_classification"},
     {Head::gap_classification, "gap_classification"}}};
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

template <class Table>
auto named(const Table& table, const JsonValue& name) {
  std::string known;
  for (const auto& [entry, entry_name] : table) {
    if (name.text() == entry_name) return entry;
    known.append(known.empty() ? "" : ", ").append(entry_name);
  }
  name.refuse(known);
}

HeadSpec read_head(const JsonValue& json) {
  json.allow_only({"name", "kind", "labels", "pooling", "loss", "hidden_layer"}, ErrorCode::bad_checkpoint);
  HeadSpec head;
  head.name = json.at("name").text();
  if (head.name.empty()) json.at("name").refuse("a name");
  head.kind = named(k_kinds, json.at("kind"));
  head.pooling = named(k_poolings, json.at("pooling"));
  head.loss = named(k_losses, json.at("loss"));
  head.labels = json.at("labels").texts();
  if (const auto hidden_layer = json.find("hidden_layer")) head.hidden_layer = hidden_layer->boolean();
  return head;
}

}  // namespace

NamedHeads read_named_heads(std::string_view description, const std::string& directory,
                            std::unique_ptr<const TensorSource> tensors) {
  const std::string path = directory + "/" + k_named_heads_file;
  NamedHeads result;
  const JsonTree tree(description, path, ErrorCode::bad_checkpoint);
  const JsonValue document = tree.root();
  if (const JsonValue format = document.at("format"); !format.equals(k_format)) format.refuse(k_format);
  if (const JsonValue version = document.at("version"); !version.is_number() || version.number() != k_version)
    version.refuse_unsupported(std::to_string(k_version));
  const JsonValue heads = document.at("heads").demand(JsonValue::Kind::array);
  if (heads.size() == 0 || heads.size() > k_max_heads) heads.refuse("1 to " + std::to_string(k_max_heads) + " heads");
  heads.for_each([&](JsonValue head) { result.heads.push_back(read_head(head)); });
  try {
    check_heads(result.heads);
  } catch (const Error& error) {
    fail(ErrorCode::bad_checkpoint, path, error.what());
  }
  result.tensors = std::move(tensors);
  return result;
}

NamedHeads open_named_heads(const std::string& directory) {
  const std::string path = directory + "/" + k_named_heads_file, weights = directory + "/" + k_named_heads_weights;
  if (!file_exists(path) && !file_exists(weights)) return {};
  return read_named_heads(read_file(path, k_max_bytes), directory, std::make_unique<SafetensorsFile>(weights));
}

void write_named_heads(DirectoryWriter& writer, const Model<float>& model, std::span<const float> model_values) {
  const auto is_named = [](const ParameterInfo& parameter) { return !parameter.key.head.empty(); };
  const ValuesAsTensors tensors(model, model_values, is_named, "", false);
  if (tensors.tensors().empty()) return;
  JsonWriter json(2);
  json.begin_object().field("format", k_format).key("heads").begin_array();
  for (const HeadSpec& head : model.spec().heads) {
    if (head.name.empty()) continue;
    json.begin_object();
    if (head.hidden_layer) json.field("hidden_layer", true);
    json.field("kind", name_in(k_kinds, head.kind)).key("labels").values(head.labels);
    json.field("loss", name_in(k_losses, head.loss)).field("name", head.name);
    json.field("pooling", name_in(k_poolings, head.pooling)).end_object();
  }
  json.end_array().field("version", k_version).end_object().end_line();
  writer.write(k_named_heads_file, json.text());
  std::vector<std::vector<float>> values;
  std::vector<TensorToWrite> to_write;
  for (const auto& [name, info] : tensors.tensors()) {
    std::vector<float>& value = values.emplace_back(info.count());
    tensors.read(name, value);
    to_write.push_back({name, Dtype::f32, info.shape, std::as_bytes(std::span<const float>(value))});
  }
  writer.write(k_named_heads_weights, serialize_safetensors(to_write, {{"format", "pt"}}));
}

}  // namespace v0
}  // namespace seqguard
