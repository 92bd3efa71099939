// LayerNorm with the residual added on the way in.
#pragma once

#include <cstddef>

#include "seqguard/core/arena.hpp"
#include "seqguard/core/views.hpp"
#include "seqguard/kernels/kernel_table.hpp"

namespace seqguard {
inline namespace v0 {

template <class Real>
struct LayerNormParameters {
  Real* weight = nullptr;  ///< gamma [H]
  Real* bias = nullptr;    ///< beta [H]
};

/// What the backward pass needs: the sum that was normalised and its statistics.
template <class Real>
struct LayerNormCache {
  Real* sum = nullptr;   ///< [N, H]
  Real* mean = nullptr;  ///< [N]
  Real* rstd = nullptr;  ///< [N]

  static LayerNormCache allocate(Arena& arena, std::size_t rows, std::size_t cols) {
    return {arena.allocate<Real>(rows * cols).data(), arena.allocate<Real>(rows).data(),
            arena.allocate<Real>(rows).data()};
  }
};

/// out = LN(in + residual). residual.data may be null. All views dense; out may alias in or residual.
template <class Real>
void layer_norm_forward(const KernelTable<Real>& kernels, MatrixView<Real> out, const LayerNormCache<Real>& cache,
                        MatrixView<const Real> in, MatrixView<const Real> residual,
                        const LayerNormParameters<const Real>& p, Real eps) {
  kernels.layer_norm_forward(out.data, cache.sum, cache.mean, cache.rstd, in.data, residual.data, p.weight, p.bias,
                             in.rows, in.cols, eps);
}

/// d_sum is the gradient of both in and residual. d_sum may alias d_out.
template <class Real>
void layer_norm_backward(const KernelTable<Real>& kernels, MatrixView<Real> d_sum, const LayerNormParameters<Real>& d_p,
                         MatrixView<const Real> d_out, const LayerNormCache<Real>& cache,
                         const LayerNormParameters<const Real>& p) {
  kernels.layer_norm_backward(d_sum.data, d_p.weight, d_p.bias, d_out.data, cache.sum, cache.mean, cache.rstd, p.weight,
                              d_out.rows, d_out.cols);
}

// Instantiated once, in src/layers/layers.cpp: a host's compiler flags do not change the arithmetic.
#define SEQGUARD_LAYER_NORM(PREFIX, Real)                                                                              \
  PREFIX template void layer_norm_forward(                                                                             \
      const KernelTable<Real>& kernels, MatrixView<Real> out, const LayerNormCache<Real>& cache,                       \
      MatrixView<const Real> in, MatrixView<const Real> residual, const LayerNormParameters<const Real>& p, Real eps); \
  PREFIX template void layer_norm_backward(                                                                            \
      const KernelTable<Real>& kernels, MatrixView<Real> d_sum, const LayerNormParameters<Real>& d_p,                  \
      MatrixView<const Real> d_out, const LayerNormCache<Real>& cache, const LayerNormParameters<const Real>& p);
SEQGUARD_LAYER_NORM(extern, float)
SEQGUARD_LAYER_NORM(extern, double)
#ifndef SEQGUARD_INSTANTIATES
#undef SEQGUARD_LAYER_NORM
#endif

}  // namespace v0
}  // namespace seqguard
