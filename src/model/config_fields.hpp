// Reading the fields of a config.json; private to the sources that do.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "seqguard/core/error.hpp"
#include "seqguard/model/config.hpp"

namespace seqguard {

using Json = nlohmann::json;

[[noreturn]] inline void refuse(const std::string& path, const std::string& field, std::string_view supported,
                                std::string_view found) {
  fail(ErrorCode::unsupported_model, path, field + " is not supported", supported, found);
}

[[noreturn]] inline void malformed(const std::string& path, const std::string& field, std::string_view expected,
                                   std::string_view found) {
  fail(ErrorCode::bad_checkpoint, path, field, expected, found);
}

/// A value for a message: its text, or its type where that would be long.
inline std::string describe(const Json& value) {
  return value.is_structured() && !value.empty() ? value.type_name() : value.dump().substr(0, 100);
}

/// The object of the file. Fields are taken out as they are understood; the rest is ModelConfig::other_fields.
struct Fields {
  Json object;
  const std::string& path;

  /// The value of a field, or null where it is absent or null.
  Json take(std::string_view name) {
    const auto found = object.find(name);
    if (found == object.end()) return nullptr;
    Json value = std::move(*found);
    object.erase(found);
    return value;
  }
  /// Like take(); for fields that transformers does not let be null.
  std::optional<Json> take_set(std::string_view name, std::string_view expected) {
    if (!object.contains(name)) return std::nullopt;
    Json value = take(name);
    if (value.is_null()) malformed(path, std::string(name), expected, "null");
    return value;
  }
  std::optional<std::string> take_text(const char* name) {
    const Json value = take(name);
    if (value.is_null()) return std::nullopt;
    if (!value.is_string()) malformed(path, name, "a string", describe(value));
    return value.get<std::string>();
  }
  std::optional<bool> take_flag(const char* name) {
    const auto value = take_set(name, "true or false");
    if (!value) return std::nullopt;
    if (!value->is_boolean()) malformed(path, name, "true or false", describe(*value));
    return value->get<bool>();
  }
};

/// A non-negative integer.
inline std::size_t natural(const Json& value, const std::string& field, const std::string& path) {
  if (!value.is_number_unsigned()) malformed(path, field, "a non-negative integer", describe(value));
  return value.get<std::size_t>();
}

/// Takes the activation out of a field, if it is there.
void take_activation(Fields& fields, const std::string& field, Activation& activation);
/// The name that is written.
std::string_view activation_name(Activation activation) noexcept;

/// What only ModernBERT has, in the forms of transformers 4 and 5, and back in that of 5.
void parse_modernbert(Fields& fields, ModelConfig& config);
void write_modernbert(const ModelConfig& config, Json& json);

}  // namespace seqguard
