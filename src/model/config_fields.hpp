// Reading the fields of a config.json; private to the sources that do.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/json_object.hpp"
#include "core/json_tree.hpp"
#include "seqguard/core/error.hpp"
#include "seqguard/model/config.hpp"

namespace seqguard {
inline namespace v0 {

[[noreturn]] inline void malformed(const std::string& path, const std::string& field, std::string_view expected,
                                   std::string_view found) {
  fail(ErrorCode::bad_checkpoint, path, field, expected, found);
}

/// A setting that changes the computation into one that is not done here.
[[noreturn]] inline void refuse(const JsonValue& value, std::string_view supported) {
  value.refuse_unsupported(supported, ErrorCode::unsupported_model);
}

/// The object of the file. Fields are taken out as they are understood; the rest is ModelConfig::other_fields.
class Fields {
 public:
  Fields(std::string_view text, const std::string& path)
      : tree_(text, path, ErrorCode::bad_checkpoint), rest_(tree_.root()) {}

  const std::string& path() const noexcept { return tree_.file(); }
  JsonValue root() const { return tree_.root(); }
  /// The value of a field, which stays where it is and may be null.
  std::optional<JsonValue> look_at(std::string_view name) const { return tree_.root().member(name); }
  /// The value of a field, or nothing where it is absent or null.
  std::optional<JsonValue> take(std::string_view name) {
    rest_.erase(name);
    return tree_.root().find(name);
  }
  /// Like take(); for fields that transformers does not let be null.
  std::optional<JsonValue> take_set(std::string_view name, std::string_view expected) {
    const auto value = look_at(name);
    if (value && value->is(JsonValue::Kind::null)) value->refuse(expected);
    return take(name);
  }
  std::optional<std::string> take_text(std::string_view name) {
    const auto value = take(name);
    return value ? std::optional<std::string>(value->text()) : std::nullopt;
  }
  std::optional<bool> take_flag(std::string_view name) {
    const auto value = take_set(name, "true or false");
    return value ? std::optional(value->boolean()) : std::nullopt;
  }
  std::string rest() const { return rest_.text(); }

 private:
  JsonTree tree_;
  JsonObject rest_;
};

/// Takes the activation out of a field, if it is there.
void take_activation(Fields& fields, std::string_view field, Activation& activation);
/// The name that is written.
std::string_view activation_name(Activation activation) noexcept;

/// What only ModernBERT has, in the forms of transformers 4 and 5, and back in that of 5.
void parse_modernbert(Fields& fields, ModelConfig& config);
void write_modernbert(const ModelConfig& config, JsonObject& json);

}  // namespace v0
}  // namespace seqguard
