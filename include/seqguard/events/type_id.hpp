// Event types as the statistics of the profile see them.
#pragma once

#include <cstdint>

namespace seqguard {
inline namespace v0 {

/// A raw value of the primary column: dense (below Vocabulary::types()) if the training data held it, else
/// k_unseen_type | 31 bits of its hash, so that three different unseen values still count as three.
using TypeId = std::uint32_t;

inline constexpr TypeId k_unseen_type = 0x8000'0000u;

constexpr bool is_unseen(TypeId type) noexcept { return (type & k_unseen_type) != 0; }

}  // namespace v0
}  // namespace seqguard
