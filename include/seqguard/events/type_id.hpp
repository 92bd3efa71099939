// Event types as the statistics of the profile see them.
#pragma once

#include <cstdint>

namespace seqguard {

/// Type of one event: 0 .. V-1 are the types of the training normals. A type outside them has the top bit set and a
/// hash of the raw event below it, so that three unseen types count as three.
using TypeId = std::uint32_t;

inline constexpr TypeId k_unseen_type = 0x8000'0000u;

constexpr bool is_unseen(TypeId type) noexcept { return (type & k_unseen_type) != 0; }

}  // namespace seqguard
