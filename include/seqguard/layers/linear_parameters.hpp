// The parameters of a linear layer, and of what adapts it.
#pragma once

#include <cstddef>

namespace seqguard {
inline namespace v0 {

/// Of an adapter (layers/lora.hpp).
template <class Real>
struct LoraParameters {
  Real* a = nullptr;     ///< lora_A [rank, in_features]
  Real* b = nullptr;     ///< lora_B [out_features, rank]
  std::size_t rank = 0;  ///< 0: there is none
};

/// Parameters of one linear layer (Real const), or where their gradients go (Real mutable; null: not wanted).
template <class Real>
struct LinearParameters {
  Real* weight = nullptr;  ///< [out_features, in_features]; null where the model keeps it packed only
  Real* bias = nullptr;    ///< [out_features], or null
  std::size_t out_features = 0, in_features = 0;
  LoraParameters<Real> lora = {};

  bool exists() const noexcept { return out_features > 0; }
};

}  // namespace v0
}  // namespace seqguard
