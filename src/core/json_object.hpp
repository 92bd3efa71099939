// A JSON object in the making, for files that hold fields of others beside ours. Private to the library.
#pragma once

#include <concepts>
#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "core/json_tree.hpp"

namespace seqguard {
inline namespace v0 {

/// Members by name, as they will be written.
class JsonObject {
 public:
  JsonObject() = default;
  /// Takes over all members.
  explicit JsonObject(const JsonValue& object);

  bool contains(std::string_view name) const { return members_.find(name) != members_.end(); }
  void erase(std::string_view name);
  template <class T>
  void set(std::string_view name, const T& value) {
    JsonWriter json;
    if constexpr (std::floating_point<T>)
      json.exact(value);
    else
      json.value(value);
    set_json(name, json.text());
  }
  /// A value that is JSON already.
  void set_json(std::string_view name, std::string json);

  /// Members by the bytes of their names, those of objects within likewise.
  std::string text(std::size_t indent = 0) const;

 private:
  std::map<std::string, std::string, std::less<>> members_;
};

}  // namespace v0
}  // namespace seqguard
