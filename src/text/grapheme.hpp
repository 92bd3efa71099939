// Grapheme clusters (Unicode annex 29, extended): what a reader takes for one character.
#pragma once

#include <cstddef>
#include <string_view>

namespace seqguard {
inline namespace v0 {

/// The end of the cluster that starts at byte `begin` of well-formed text (begin < size, itself the start of a
/// cluster).
std::size_t grapheme_end(std::string_view text, std::size_t begin) noexcept;

}  // namespace v0
}  // namespace seqguard
