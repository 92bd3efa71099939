// The order of classes that are named by labels; private to the library.
#pragma once

#include <string>
#include <string_view>

namespace seqguard {
inline namespace v0 {

/// Whether a label says that nothing is wrong: "normal", "none", "0", or no text at all.
bool means_normal(std::string_view label) noexcept;

/// By name, numbers by size and before texts.
bool class_precedes(const std::string& a, const std::string& b);

}  // namespace v0
}  // namespace seqguard
