// The memory of encoder calls.
#pragma once

#include <cstddef>

#include "seqguard/core/arena.hpp"

namespace seqguard {
inline namespace v0 {

template <class Real>
class Model;

/// Tokens of one encoder call, about: more activations than those of 128 tokens leave the second-level cache. The unit
/// of parallel work, too.
inline constexpr std::size_t k_chunk_tokens = 128;

/// Memory of one thread: what an encoder call leaves behind, and what its layers need meanwhile. It grows to the
/// largest call and is then reused; made for a model, it allocates nothing in calls within its budget (with the own
/// matrix backend).
struct Workspace {
  Arena activations;  ///< a call's result lives here until the enclosing Arena::Frame or reset() ends it
  Arena scratch;      ///< nothing outlives the call that takes it

  Workspace() = default;
  /// For calls of up to `tokens` tokens, with the prediction of all of them.
  template <class Real>
  Workspace(const Model<Real>& model, std::size_t tokens, bool for_training = false);
};

}  // namespace v0
}  // namespace seqguard
