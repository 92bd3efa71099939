// What turns a hidden state into the vector that is compared with the embeddings: BertPredictionHeadTransform.
//
//   h --transform.dense--> activation --transform.LayerNorm--> t        (then t E^T + bias: layers/vocabulary_loss.hpp)
#pragma once

#include <cstddef>

#include "seqguard/core/arena.hpp"
#include "seqguard/core/views.hpp"
#include "seqguard/kernels/matmul.hpp"
#include "seqguard/layers/activation.hpp"
#include "seqguard/layers/layer_norm.hpp"
#include "seqguard/layers/linear.hpp"

namespace seqguard {

template <class Real>
struct PredictionTransformParameters {
  LinearParameters<Real> dense;  ///< [E, H]
  LayerNormParameters<Real> layer_norm;
};

template <class Real>
struct PredictionTransformCache {
  MatrixView<Real> pre_activation;  ///< [R, E]
  LayerNormCache<Real> layer_norm;  ///< its sum is the activation
  MatrixView<Real> out;             ///< [R, E]

  static PredictionTransformCache allocate(Arena& arena, std::size_t rows, std::size_t width) {
    PredictionTransformCache cache;
    cache.pre_activation = {arena.allocate<Real>(rows * width).data(), rows, width};
    cache.layer_norm = LayerNormCache<Real>::allocate(arena, rows, width);
    cache.out = {arena.allocate<Real>(rows * width).data(), rows, width};
    return cache;
  }
};

/// cache.out[R, E] = LN(act(W x + b)) from x[R, H].
template <class Real>
void prediction_transform_forward(const Context<Real>& context, PredictionTransformCache<Real>& cache,
                                  MatrixView<const Real> x, const PredictionTransformParameters<const Real>& p,
                                  const PackedLinear<Real>& packed, Activation activation, Real layer_norm_eps,
                                  Arena& scratch) {
  linear_forward<Real>(cache.pre_activation, x, packed, scratch);
  const MatrixView<Real> activated(cache.layer_norm.sum, x.rows, cache.out.cols);
  activation_forward(*context.kernels, activation, activated.data, cache.pre_activation.data, x.rows * activated.cols);
  layer_norm_forward<Real>(*context.kernels, cache.out, cache.layer_norm, activated, {}, p.layer_norm, layer_norm_eps);
}

/// d_x[R, H] overwritten; d_p accumulated; d_out is destroyed.
template <class Real>
void prediction_transform_backward(const Context<Real>& context, MatrixView<Real> d_x,
                                   const PredictionTransformParameters<Real>& d_p, MatrixView<Real> d_out,
                                   const PredictionTransformCache<Real>& cache, MatrixView<const Real> x,
                                   const PredictionTransformParameters<const Real>& p, const PackedLinear<Real>& packed,
                                   Activation activation, Arena& scratch) {
  layer_norm_backward<Real>(*context.kernels, d_out, d_p.layer_norm, d_out, cache.layer_norm, p.layer_norm);
  activation_backward(*context.kernels, activation, d_out.data, d_out.data, cache.pre_activation.data,
                      cache.layer_norm.sum, d_out.rows * d_out.cols);
  linear_backward<Real>(context, d_x, d_p.dense, d_out, x, packed, scratch);
}

}  // namespace seqguard
