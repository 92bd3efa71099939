// y = x W^T + b, the nn.Linear of Hugging Face models.
#pragma once

#include <cstddef>

#include "seqguard/core/arena.hpp"
#include "seqguard/core/views.hpp"
#include "seqguard/kernels/matmul.hpp"

namespace seqguard {

/// Parameters of one linear layer inside the flat buffer (Real const) or of their gradients (Real mutable).
template <class Real>
struct LinearParameters {
  Real* weight = nullptr;  ///< [out_features, in_features]; null where the model keeps it packed only
  Real* bias = nullptr;    ///< [out_features], or null
  std::size_t out_features = 0, in_features = 0;
  std::size_t place = 0;  ///< of the weight in the model's table of parameters

  bool exists() const noexcept { return out_features > 0; }
};

/// The weight, packed for the products that need it.
template <class Real>
struct PackedLinear {
  PackedMatrix<Real> forward;   ///< W^T: y = x W^T
  PackedMatrix<Real> backward;  ///< W: d_x = d_y W. Empty unless training.
  const Real* bias = nullptr;

  /// Packs, or packs again with new values (training) without allocating. `storage`: see PackedMatrix.
  void pack(const Context<Real>& context, const LinearParameters<const Real>& p, bool for_training,
            Arena* storage = nullptr) {
    const MatrixView<const Real> weight(p.weight, p.out_features, p.in_features);
    if (forward.n() == 0) {
      forward = PackedMatrix<Real>(context, weight, Layout::nk, storage);
      if (for_training) backward = PackedMatrix<Real>(context, weight, Layout::kn);
    } else {
      forward.repack(weight);
      if (for_training) backward.repack(weight);
    }
    bias = p.bias;
  }
};

/// y[N, out] = x[N, in] W^T + b.
template <class Real>
void linear_forward(MatrixView<Real> y, MatrixView<const Real> x, const PackedLinear<Real>& p, Arena& scratch) {
  p.forward.multiply(y, x, {.bias = p.bias}, scratch);
}

/// d_x[N, in] = d_y W (or += with accumulate; skipped if d_x.data is null); d_W += d_y^T x; d_b += column sums of d_y.
template <class Real>
void linear_backward(const Context<Real>& context, MatrixView<Real> d_x, const LinearParameters<Real>& d_p,
                     MatrixView<const Real> d_y, MatrixView<const Real> x, const PackedLinear<Real>& p, Arena& scratch,
                     bool accumulate = false) {
  multiply_transposed_add<Real>(context, MatrixView<Real>(d_p.weight, d_p.out_features, d_p.in_features), d_y, x,
                                scratch);
  if (d_p.bias != nullptr) context.kernels->column_sums(d_p.bias, d_y.data, d_y.rows, d_y.cols, d_y.stride);
  if (d_x.data != nullptr) p.backward.multiply(d_x, d_y, {.accumulate = accumulate}, scratch);
}

}  // namespace seqguard
