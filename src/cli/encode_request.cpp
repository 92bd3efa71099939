#include "cli/encode_request.hpp"

#include <nlohmann/json.hpp>
#include <string>

#include "core/strict_json.hpp"
#include "seqguard/core/error.hpp"

namespace seqguard::cli {
namespace {

std::vector<std::int32_t> ids_of(const nlohmann::json& value, const char* name, std::size_t limit) {
  const std::string where(name);
  if (!value.is_array()) fail(ErrorCode::bad_event, where, "wrong type", "an array of ids", value.type_name());
  std::vector<std::int32_t> ids;
  ids.reserve(value.size());
  for (std::size_t i = 0; i < value.size(); ++i) {
    const bool fits = value[i].is_number_unsigned() && value[i].get<std::uint64_t>() < limit;
    if (!fits)
      fail(ErrorCode::bad_event, where + "[" + std::to_string(i) + "]", "not an id of the model",
           "0 .. " + std::to_string(limit - 1), value[i].is_structured() ? value[i].type_name() : value[i].dump());
    ids.push_back(value[i].get<std::int32_t>());
  }
  return ids;
}

std::string text_of(const nlohmann::json& object, const char* name) {
  const nlohmann::json& value = object[name];
  if (!value.is_string()) fail(ErrorCode::bad_event, name, "wrong type", "a string", value.type_name());
  return value.get<std::string>();
}

}  // namespace

EncodeRequest parse_encode_request(std::string_view line, const ModelConfig& config) {
  const nlohmann::json json = parse_strict_json(line, "line", ErrorCode::bad_event);
  if (!json.is_object()) fail(ErrorCode::bad_event, "line", "wrong type", "an object", json.type_name());
  const bool is_text = json.contains("text");
  for (const auto& [name, value] : json.items())
    if (is_text ? name != "text" && name != "text_pair" : name != "input_ids" && name != "token_type_ids")
      fail(ErrorCode::bad_event, "field \"" + name + "\"", "unknown, or not beside the others",
           "input_ids and token_type_ids, or text and text_pair", name);
  EncodeRequest request;
  if (is_text) {
    request.text = text_of(json, "text");
    if (json.contains("text_pair")) request.text_pair = text_of(json, "text_pair");
    return request;
  }
  if (!json.contains("input_ids")) fail(ErrorCode::bad_event, "line", "has neither \"input_ids\" nor \"text\"");
  request.input_ids = ids_of(json["input_ids"], "input_ids", config.vocab_size);
  const std::size_t n = request.input_ids.size();
  if (n == 0 || n > config.max_tokens())
    fail(ErrorCode::bad_event, "input_ids", "wrong length", "1 .. " + std::to_string(config.max_tokens()),
         std::to_string(n));
  if (!json.contains("token_type_ids")) return request;
  if (!config.traits().token_types)
    fail(ErrorCode::bad_event, "token_type_ids", std::string(config.traits().model_type) + " models have none");
  request.token_type_ids = ids_of(json["token_type_ids"], "token_type_ids", config.type_vocab_size);
  if (request.token_type_ids.size() != n)
    fail(ErrorCode::bad_event, "token_type_ids", "wrong length", std::to_string(n),
         std::to_string(request.token_type_ids.size()));
  return request;
}

}  // namespace seqguard::cli
