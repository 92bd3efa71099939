// Infinity, -Infinity and NaN, which Python's json module writes where JSON has no number. Private to the library.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace seqguard {
inline namespace v0 {

/// The text with a number of JSON in the place of each such literal; nothing where there is none.
std::optional<std::string> without_python_literals(std::string_view text);

/// The literal that a number of the text above stands for; empty: none.
std::string_view python_literal(std::string_view number) noexcept;

}  // namespace v0
}  // namespace seqguard
