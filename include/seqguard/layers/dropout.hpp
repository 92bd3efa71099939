// Dropout whose mask is a function of (seed, step, site, token): the backward pass draws the same mask again, and the
// mask does not depend on how a batch was cut into chunks.
#pragma once

#include <cstddef>
#include <cstdint>

#include "seqguard/core/random.hpp"
#include "seqguard/core/views.hpp"
#include "seqguard/kernels/kernel_table.hpp"

namespace seqguard {
inline namespace v0 {

/// What one pass over a chunk needs to know; rate 0 (scoring) turns dropout off.
struct Dropout {
  float rate = 0;
  std::uint64_t key = 0;          ///< random_bits(seed, step, ..)
  std::uint64_t first_token = 0;  ///< place of the chunk's first token in the whole batch

  /// The same pass at another place of the network.
  Dropout at(std::uint64_t site) const { return {rate, mix64(key ^ site), first_token}; }
};

/// Applies the mask in place: on activations in the forward pass, on their gradients in the backward pass. x is dense.
template <class Real>
void dropout_apply(const KernelTable<Real>& kernels, MatrixView<Real> x, const Dropout& dropout) {
  if (dropout.rate > 0)
    kernels.dropout(x.data, x.rows * x.cols, static_cast<Real>(dropout.rate), dropout.key,
                    dropout.first_token * x.cols);
}

// Instantiated once, in src/layers/layers.cpp: a host's compiler flags do not change the arithmetic.
#define SEQGUARD_DROPOUT(PREFIX, Real) \
  PREFIX template void dropout_apply(const KernelTable<Real>& kernels, MatrixView<Real> x, const Dropout& dropout);
SEQGUARD_DROPOUT(extern, float)
SEQGUARD_DROPOUT(extern, double)
#ifndef SEQGUARD_INSTANTIATES
#undef SEQGUARD_DROPOUT
#endif

}  // namespace v0
}  // namespace seqguard
