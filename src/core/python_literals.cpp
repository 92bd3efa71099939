#include "core/python_literals.hpp"

#include <utility>

namespace seqguard {
inline namespace v0 {
namespace {

/// Spellings of 0 that no program writes; the longer literal first, which the shorter one is a part of.
constexpr std::pair<std::string_view, std::string_view> k_literals[] = {
    {"-Infinity", "-0.0e-0000000000000000000"},
    {"Infinity", "0.0e-0000000000000000000"},
    {"NaN", "0.0e-0000000000000000001"},
};

/// Whether what stands before makes the next letters a part of something else: "-NaN", "1Infinity".
bool continues_a_word(std::string_view before) {
  if (before.empty()) return false;
  const char c = before.back();
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.';
}

}  // namespace

std::optional<std::string> without_python_literals(std::string_view text) {
  if (text.find("Infinity") == std::string_view::npos && text.find("NaN") == std::string_view::npos)
    return std::nullopt;
  std::string result;
  result.reserve(text.size() + 64);
  bool in_string = false;
  for (std::size_t i = 0; i < text.size();) {
    std::size_t length = 1;
    std::string_view written = text.substr(i, 1);
    if (in_string && text[i] == '\\') {
      written = text.substr(i, 2);
      length = written.size();
    } else if (text[i] == '"') {
      in_string = !in_string;
    } else if (!in_string && !continues_a_word(result)) {
      for (const auto& [literal, number] : k_literals)
        if (text.substr(i).starts_with(literal)) {
          written = number;
          length = literal.size();
          break;
        }
    }
    result += written;
    i += length;
  }
  return result;
}

std::string_view python_literal(std::string_view number) noexcept {
  for (const auto& [literal, spelling] : k_literals)
    if (number == spelling) return literal;
  return {};
}

}  // namespace v0
}  // namespace seqguard
