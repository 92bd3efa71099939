// y = x W^T + b, the nn.Linear of Hugging Face models, with its adapters where it has some.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "seqguard/core/arena.hpp"
#include "seqguard/core/views.hpp"
#include "seqguard/kernels/matmul.hpp"
#include "seqguard/layers/dropout.hpp"
#include "seqguard/layers/linear_parameters.hpp"
#include "seqguard/layers/lora.hpp"

namespace seqguard {
inline namespace v0 {

/// The weight of a linear layer - or of several that read the same x, one below the other -, packed for the products.
template <class Real>
struct PackedLinear {
  PackedMatrix<Real> forward;   ///< W^T: y = x W^T
  PackedMatrix<Real> backward;  ///< W: d_x = d_y W. Empty where no d_x is wanted.
  const Real* bias = nullptr;
  std::vector<Real> stacked_bias;  ///< where several layers' biases became one
  PackedLora<Real> lora;           ///< in training; for scoring it is merged into the weight

  /// Packs weight[out, in], or packs it again with new values without allocating. `for_training`: for the backward
  /// pass too. `storage`: see PackedMatrix.
  void pack(const Context<Real>& context, MatrixView<const Real> weight, const Real* with_bias, bool for_training,
            Arena* storage = nullptr) {
    if (forward.n() == 0)
      forward = PackedMatrix<Real>(context, weight, Layout::nk, storage);
    else
      forward.repack(weight);
    if (!for_training)
      backward = {};
    else if (backward.n() == 0)
      backward = PackedMatrix<Real>(context, weight, Layout::kn);
    else
      backward.repack(weight);
    bias = with_bias;
  }
};

/// y[N, out] = x[N, in] W^T + b, and what adapters add.
template <class Real>
void linear_forward(MatrixView<Real> y, MatrixView<const Real> x, const PackedLinear<Real>& p, Arena& scratch,
                    const Dropout& lora_dropout = {}) {
  p.forward.multiply(y, x, {.bias = p.bias}, scratch);
  if (p.lora.exists()) lora_forward<Real>(y, x, p.lora, lora_dropout, scratch);
}

/// d_x[N, in] = d_y W (or += with accumulate; skipped if d_x.data is null); d_W += d_y^T x; d_b += column sums of d_y;
/// and the gradients of the adapters. Of layers one below the other, each takes its columns of d_y.
template <class Real>
void linear_backward(const Context<Real>& context, MatrixView<Real> d_x, std::span<const LinearParameters<Real>> d_p,
                     MatrixView<const Real> d_y, MatrixView<const Real> x, const PackedLinear<Real>& p, Arena& scratch,
                     bool accumulate = false, const Dropout& lora_dropout = {}) {
  std::size_t first = 0;
  for (const LinearParameters<Real>& layer : d_p) {
    const MatrixView<const Real> own = d_y.cols_from(first, layer.out_features);
    first += layer.out_features;
    if (layer.weight != nullptr)
      multiply_transposed_add<Real>(context, {layer.weight, layer.out_features, layer.in_features}, own, x, scratch);
    if (layer.bias != nullptr) context.kernels->column_sums(layer.bias, own.data, own.rows, own.cols, own.stride);
  }
  if (d_x.data != nullptr) p.backward.multiply(d_x, d_y, {.accumulate = accumulate}, scratch);
  if (p.lora.exists()) lora_backward<Real>(context, d_x, d_p, d_y, x, p.lora, lora_dropout, scratch);
}
template <class Real>
void linear_backward(const Context<Real>& context, MatrixView<Real> d_x, const LinearParameters<Real>& d_p,
                     MatrixView<const Real> d_y, MatrixView<const Real> x, const PackedLinear<Real>& p, Arena& scratch,
                     bool accumulate = false, const Dropout& lora_dropout = {}) {
  linear_backward<Real>(context, d_x, std::span<const LinearParameters<Real>>(&d_p, 1), d_y, x, p, scratch, accumulate,
                        lora_dropout);
}

// Instantiated once, in src/layers/layers.cpp: a host's compiler flags do not change the arithmetic.
#define SEQGUARD_LINEAR(PREFIX, Real)                                                                            \
  PREFIX template struct PackedLinear<Real>;                                                                     \
  PREFIX template void linear_forward(MatrixView<Real> y, MatrixView<const Real> x, const PackedLinear<Real>& p, \
                                      Arena& scratch, const Dropout& lora_dropout);                              \
  PREFIX template void linear_backward(const Context<Real>& context, MatrixView<Real> d_x,                       \
                                       std::span<const LinearParameters<Real>> d_p, MatrixView<const Real> d_y,  \
                                       MatrixView<const Real> x, const PackedLinear<Real>& p, Arena& scratch,    \
                                       bool accumulate, const Dropout& lora_dropout);                            \
  PREFIX template void linear_backward(const Context<Real>& context, MatrixView<Real> d_x,                       \
                                       const LinearParameters<Real>& d_p, MatrixView<const Real> d_y,            \
                                       MatrixView<const Real> x, const PackedLinear<Real>& p, Arena& scratch,    \
                                       bool accumulate, const Dropout& lora_dropout);
SEQGUARD_LINEAR(extern, float)
SEQGUARD_LINEAR(extern, double)
#ifndef SEQGUARD_INSTANTIATES
#undef SEQGUARD_LINEAR
#endif

}  // namespace v0
}  // namespace seqguard
