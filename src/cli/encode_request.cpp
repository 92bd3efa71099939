#include "cli/encode_request.hpp"

#include <string>

#include "core/json_tree.hpp"
#include "seqguard/core/error.hpp"

namespace seqguard::cli {
namespace {

std::vector<std::int32_t> ids_of(const JsonValue& value, std::size_t limit) {
  std::vector<std::int32_t> ids;
  ids.reserve(value.size());
  value.demand(JsonValue::Kind::array).for_each([&](JsonValue id) {
    ids.push_back(static_cast<std::int32_t>(id.natural(limit - 1)));
  });
  return ids;
}

}  // namespace

EncodeRequest parse_encode_request(std::string_view line, const ModelConfig& config) {
  const JsonTree tree(line, "line", ErrorCode::bad_event);
  const JsonValue json = tree.root();
  const auto text = json.member("text"), pair = json.member("text_pair");
  json.for_each([&](JsonValue member) {
    const std::string_view name = member.key();
    if (text ? name != "text" && name != "text_pair" : name != "input_ids" && name != "token_type_ids")
      fail(ErrorCode::bad_event, "field \"" + std::string(name) + "\"", "unknown, or not beside the others",
           "input_ids and token_type_ids, or text and text_pair", name);
  });
  EncodeRequest request;
  if (text) {
    request.text = text->text();
    if (pair) request.text_pair = pair->text();
    return request;
  }
  const auto ids = json.member("input_ids"), types = json.member("token_type_ids");
  if (!ids) fail(ErrorCode::bad_event, "line", "has neither \"input_ids\" nor \"text\"");
  request.input_ids = ids_of(*ids, config.vocab_size);
  const std::size_t n = request.input_ids.size();
  if (n == 0 || n > config.max_tokens())
    fail(ErrorCode::bad_event, "input_ids", "wrong length", "1 .. " + std::to_string(config.max_tokens()),
         std::to_string(n));
  if (!types) return request;
  if (!config.traits().token_types)
    fail(ErrorCode::bad_event, "token_type_ids", std::string(config.traits().model_type) + " models have none");
  request.token_type_ids = ids_of(*types, config.type_vocab_size);
  if (request.token_type_ids.size() != n)
    fail(ErrorCode::bad_event, "token_type_ids", "wrong length", std::to_string(n),
         std::to_string(request.token_type_ids.size()));
  return request;
}

}  // namespace seqguard::cli
