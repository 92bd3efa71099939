// Which events attend to which.
#pragma once

namespace seqguard {
inline namespace v0 {

/// Which events an event sees. An argument of the call, not a property of the weights.
enum class AttentionMask {
  full,    ///< all events of its sequence
  causal,  ///< itself and the earlier ones
};

}  // namespace v0
}  // namespace seqguard
