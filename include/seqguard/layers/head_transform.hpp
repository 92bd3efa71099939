// What stands between a hidden state and the last layer of a head: the pooler, the dense layer of a classifier, and
// BertPredictionHeadTransform of a masked LM, which normalises too.
//
//   x --dense--> activation [--LayerNorm-->] out
#pragma once

#include <cstddef>

#include "seqguard/core/arena.hpp"
#include "seqguard/core/views.hpp"
#include "seqguard/kernels/matmul.hpp"
#include "seqguard/layers/activation.hpp"
#include "seqguard/layers/layer_norm.hpp"
#include "seqguard/layers/linear.hpp"

namespace seqguard {
inline namespace v0 {

template <class Real>
struct HeadTransformParameters {
  LinearParameters<Real> dense;          ///< [E, H]
  LayerNormParameters<Real> layer_norm;  ///< [E]; null: none
};

struct HeadTransformOptions {
  Activation activation = Activation::gelu;
  double layer_norm_eps = 0;
};

template <class Real>
struct HeadTransformCache {
  MatrixView<Real> pre_activation;  ///< [R, E]
  MatrixView<Real> activated;       ///< [R, E]; the same memory as out without a LayerNorm
  LayerNormCache<Real> layer_norm;  ///< its sum is `activated`
  MatrixView<Real> out;             ///< [R, E]

  static HeadTransformCache allocate(Arena& arena, std::size_t rows, std::size_t width, bool normalises) {
    HeadTransformCache cache;
    cache.pre_activation = {arena.allocate<Real>(rows * width).data(), rows, width};
    cache.out = {arena.allocate<Real>(rows * width).data(), rows, width};
    cache.activated = cache.out;
    if (normalises) {
      cache.layer_norm = LayerNormCache<Real>::allocate(arena, rows, width);
      cache.activated = {cache.layer_norm.sum, rows, width};
    }
    return cache;
  }
};

/// cache.out[R, E] from x[R, H].
template <class Real>
void head_transform_forward(const Context<Real>& context, HeadTransformCache<Real>& cache, MatrixView<const Real> x,
                            const HeadTransformParameters<const Real>& p, const PackedLinear<Real>& packed,
                            const HeadTransformOptions& options, Arena& scratch) {
  linear_forward<Real>(cache.pre_activation, x, packed, scratch);
  activation_forward(*context.kernels, options.activation, cache.activated.data, cache.pre_activation.data,
                     x.rows * cache.out.cols);
  if (p.layer_norm.weight != nullptr)
    layer_norm_forward<Real>(*context.kernels, cache.out, cache.layer_norm, cache.activated, {}, p.layer_norm,
                             static_cast<Real>(options.layer_norm_eps));
}

/// d_x[R, H] overwritten, unless it is null; d_p accumulated; d_out is destroyed.
template <class Real>
void head_transform_backward(const Context<Real>& context, MatrixView<Real> d_x,
                             const HeadTransformParameters<Real>& d_p, MatrixView<Real> d_out,
                             const HeadTransformCache<Real>& cache, MatrixView<const Real> x,
                             const HeadTransformParameters<const Real>& p, const PackedLinear<Real>& packed,
                             const HeadTransformOptions& options, Arena& scratch) {
  if (p.layer_norm.weight != nullptr)
    layer_norm_backward<Real>(*context.kernels, d_out, d_p.layer_norm, d_out, cache.layer_norm, p.layer_norm);
  activation_backward(*context.kernels, options.activation, d_out.data, d_out.data, cache.pre_activation.data,
                      cache.activated.data, d_out.rows * d_out.cols);
  linear_backward<Real>(context, d_x, d_p.dense, d_out, x, packed, scratch);
}

// Instantiated once, in src/layers/layers.cpp: a host's compiler flags do not change the arithmetic.
#define SEQGUARD_HEAD_TRANSFORM(PREFIX, Real)                                                                         \
  PREFIX template void head_transform_forward(const Context<Real>& context, HeadTransformCache<Real>& cache,          \
                                              MatrixView<const Real> x, const HeadTransformParameters<const Real>& p, \
                                              const PackedLinear<Real>& packed, const HeadTransformOptions& options,  \
                                              Arena& scratch);                                                        \
  PREFIX template void head_transform_backward(                                                                       \
      const Context<Real>& context, MatrixView<Real> d_x, const HeadTransformParameters<Real>& d_p,                   \
      MatrixView<Real> d_out, const HeadTransformCache<Real>& cache, MatrixView<const Real> x,                        \
      const HeadTransformParameters<const Real>& p, const PackedLinear<Real>& packed,                                 \
      const HeadTransformOptions& options, Arena& scratch);
SEQGUARD_HEAD_TRANSFORM(extern, float)
SEQGUARD_HEAD_TRANSFORM(extern, double)
#ifndef SEQGUARD_INSTANTIATES
#undef SEQGUARD_HEAD_TRANSFORM
#endif

}  // namespace v0
}  // namespace seqguard
