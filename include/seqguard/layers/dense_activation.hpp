// out = act(W x + b) on each row: the pooler, and the first layer of classification heads.
#pragma once

#include <cstddef>

#include "seqguard/core/arena.hpp"
#include "seqguard/core/views.hpp"
#include "seqguard/layers/activation.hpp"
#include "seqguard/layers/linear.hpp"

namespace seqguard {

template <class Real>
struct DenseActivationCache {
  MatrixView<Real> pre_activation;  ///< [R, out_features]
  MatrixView<Real> out;             ///< [R, out_features]

  static DenseActivationCache allocate(Arena& arena, std::size_t rows, std::size_t width) {
    DenseActivationCache cache;
    cache.pre_activation = {arena.allocate<Real>(rows * width).data(), rows, width};
    cache.out = {arena.allocate<Real>(rows * width).data(), rows, width};
    return cache;
  }
};

/// cache.out from x[R, in_features].
template <class Real>
void dense_activation_forward(const Context<Real>& context, DenseActivationCache<Real>& cache, MatrixView<const Real> x,
                              const PackedLinear<Real>& packed, Activation activation, Arena& scratch) {
  linear_forward<Real>(cache.pre_activation, x, packed, scratch);
  activation_forward(*context.kernels, activation, cache.out.data, cache.pre_activation.data,
                     cache.out.rows * cache.out.cols);
}

/// d_x overwritten; d_p accumulated; d_out is destroyed.
template <class Real>
void dense_activation_backward(const Context<Real>& context, MatrixView<Real> d_x, const LinearParameters<Real>& d_p,
                               MatrixView<Real> d_out, const DenseActivationCache<Real>& cache,
                               MatrixView<const Real> x, const PackedLinear<Real>& packed, Activation activation,
                               Arena& scratch) {
  activation_backward(*context.kernels, activation, d_out.data, d_out.data, cache.pre_activation.data, cache.out.data,
                      d_out.rows * d_out.cols);
  linear_backward<Real>(context, d_x, d_p, d_out, x, packed, scratch);
}

}  // namespace seqguard
