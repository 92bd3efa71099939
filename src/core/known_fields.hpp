// Files of others, field by field: what becomes of each. The rows stand beside the code that reads them, and all of
// them together are the table of docs/checkpoints.md. Private to the library.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "core/json_tree.hpp"
#include "seqguard/core/load_report.hpp"

namespace seqguard {
inline namespace v0 {

enum class Treatment {
  obeyed,    ///< read, and it has its effect
  shown,     ///< read and shown by `inspect`; it changes no number
  harmless,  ///< changes nothing here, whatever it says
  refused,   ///< any value but the neutral ones ends the load
};
std::string_view to_string(Treatment treatment) noexcept;

/// A field of a JSON object, or the whole of a file (an empty field).
struct KnownField {
  std::string_view file;
  std::string_view field;  ///< "*_token": every other name with this end
  Treatment treatment;
  std::string_view what;          ///< for the table: what is done with it, or why nothing needs to be
  std::string_view example = "";  ///< a value, as JSON, for the test of the row; of a refused one: one that is refused
  std::string_view neutral = "";  ///< of a refused one: values, as JSON with a blank between, that change nothing
};

/// The row of a field, or null.
const KnownField* find_field(std::span<const KnownField> rows, std::string_view field) noexcept;

/// Refuses a member of a JSON object whose row says so, and notes, in one sentence, the names of members that have
/// none.
/// @throws Error `code`, with file, place and the values that would be right.
void check_fields(const JsonValue& object, std::span<const KnownField> rows, ErrorCode code, LoadReport& report);

/// The refusals alone.
void refuse_fields(const JsonValue& object, std::span<const KnownField> rows, ErrorCode code);

/// "a, b and 3 more"; long names are cut.
std::string listed_names(std::span<const std::string> names);

/// "FILE: not read: a, b and 3 more (docs/checkpoints.md lists what is)"; nothing for an empty list.
void note_unread(const std::string& file, std::span<const std::string> names, LoadReport& report);

}  // namespace v0
}  // namespace seqguard
