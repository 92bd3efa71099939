#include "core/json_object.hpp"

#include <utility>

namespace seqguard {
inline namespace v0 {

JsonObject::JsonObject(const JsonValue& object) {
  object.demand(JsonValue::Kind::object).for_each([&](JsonValue member) { set_json(member.key(), member.dump()); });
}

void JsonObject::erase(std::string_view name) {
  if (const auto found = members_.find(name); found != members_.end()) members_.erase(found);
}

void JsonObject::set_json(std::string_view name, std::string json) {
  members_.insert_or_assign(std::string(name), std::move(json));
}

std::string JsonObject::text(std::size_t indent) const {
  JsonWriter flat;
  flat.begin_object();
  for (const auto& [name, json] : members_) flat.key(name).raw(json);
  flat.end_object();
  const JsonTree tree(flat.text(), "JSON to write", ErrorCode::invalid_argument);
  JsonWriter writer(indent);
  tree.root().write(writer);
  return writer.text();
}

}  // namespace v0
}  // namespace seqguard
