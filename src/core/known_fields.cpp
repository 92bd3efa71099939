#include "core/known_fields.hpp"

#include <algorithm>
#include <vector>

namespace seqguard {
inline namespace v0 {
namespace {

bool is_neutral(std::string_view values, std::string_view value) {
  while (!values.empty()) {
    const std::size_t end = std::min(values.find(' '), values.size());
    if (values.substr(0, end) == value) return true;
    values.remove_prefix(std::min(end + 1, values.size()));
  }
  return false;
}

/// "false, 0".
std::string listed(std::string_view values) {
  std::string text;
  for (const char c : values) text.append(c == ' ' ? 1 : 0, ',').push_back(c);
  return text;
}

void refuse_by_row(const JsonValue& member, const KnownField& row, ErrorCode code) {
  if (row.treatment != Treatment::refused || is_neutral(row.neutral, member.dump())) return;
  member.refuse_unsupported(row.neutral.empty() || row.neutral.starts_with("null") ? "none" : listed(row.neutral),
                            code);
}

}  // namespace

std::string_view to_string(Treatment treatment) noexcept {
  switch (treatment) {
    case Treatment::obeyed:
      return "obeyed";
    case Treatment::shown:
      return "shown";
    case Treatment::harmless:
      return "harmless";
    case Treatment::refused:
      return "refused";
  }
  return "";
}

const KnownField* find_field(std::span<const KnownField> rows, std::string_view field) noexcept {
  const auto of = [&](auto matches) -> const KnownField* {
    const auto found = std::find_if(rows.begin(), rows.end(), [&](const auto& row) { return matches(row.field); });
    return found == rows.end() ? nullptr : &*found;
  };
  if (const KnownField* const row = of([&](std::string_view name) { return name == field; })) return row;
  return of([&](std::string_view name) { return name.starts_with('*') && field.ends_with(name.substr(1)); });
}

void refuse_fields(const JsonValue& object, std::span<const KnownField> rows, ErrorCode code) {
  object.for_each([&](JsonValue member) {
    if (const KnownField* const row = find_field(rows, member.key())) refuse_by_row(member, *row, code);
  });
}

void check_fields(const JsonValue& object, std::span<const KnownField> rows, ErrorCode code, LoadReport& report) {
  refuse_fields(object, rows, code);
  std::vector<std::string> unread;
  object.for_each([&](JsonValue member) {
    if (find_field(rows, member.key()) == nullptr) unread.emplace_back(member.key());
  });
  note_unread(object.where(), unread, report);
}

std::string listed_names(std::span<const std::string> names) {
  constexpr std::size_t k_shown = 10, k_max_name = 60;
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), k_shown); ++i)
    text.append(i > 0 ? ", " : "").append(names[i], 0, k_max_name);
  return names.size() > k_shown ? text + " and " + std::to_string(names.size() - k_shown) + " more" : text;
}

void note_unread(const std::string& file, std::span<const std::string> names, LoadReport& report) {
  if (!names.empty())
    report.notes.push_back(file + ": not read: " + listed_names(names) + " (docs/checkpoints.md says what is)");
}

}  // namespace v0
}  // namespace seqguard
