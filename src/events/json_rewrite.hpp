// Fields of a JSON object in one line, read and replaced with every other byte kept. What is given is valid JSON.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace seqguard {
inline namespace v0 {

/// The value of the field `name` ("a.b" is also {"a":{"b":..}}), as JsonCell has it; empty where there is none.
std::string json_field_value(std::string_view row, std::string_view name);

/// `row` with another value: a number or truth value stays one where the new value is one, everything else becomes a
/// text; an empty value becomes null, or an empty text where there was a text. A field that is missing is added behind
/// the others of its object.
std::string replace_json_field(std::string_view row, std::string_view name, std::string_view value);

/// Appends an object and a line end: nested and typed as in `like`, a row of the same source (fields that it lacks:
/// texts of the whole object), without the fields that are empty. With an empty `like` all are texts, or null.
void append_json_row(std::string& text, std::span<const std::string> names, std::span<const std::string_view> fields,
                     std::string_view like);

}  // namespace v0
}  // namespace seqguard
