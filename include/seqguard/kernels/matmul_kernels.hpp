// Matrix products in tables of their own, one per instruction set and precision: how the right-hand side is packed, and
// the product with it. A later matrix unit adds a table, and no element-wise kernel is compiled for it.
//
// Nobody but a table knows what its packed matrices look like: they are bytes, and as many as it says.
#pragma once

#include <cstddef>

#include "seqguard/core/isa.hpp"
#include "seqguard/core/load_options.hpp"

namespace seqguard {
inline namespace v0 {

/// c[M, N] = start + A[M, K] B[K, N], where start is c (accumulate), else the bias in each row, else 0.
template <class Real>
struct MatmulCall {
  Real* c;                  ///< [M, N], row stride `c_stride`; overlaps nothing
  const Real* a;            ///< element (m, k) at a[m * a_row_stride + k * a_k_stride]
  const std::byte* packed;  ///< B, from MatmulKernels::pack of the same table
  const Real* bias;         ///< [N], or null; null if accumulate
  std::size_t m, n, k, c_stride, a_row_stride, a_k_stride;
  bool accumulate;
};

template <class Real>
struct MatmulKernels {
  Isa isa;  ///< the kernels that it goes with: those of this instruction set, and of larger ones without a table
  Precision precision;

  /// Bytes of a packed B[K, N].
  std::size_t (*packed_bytes)(std::size_t k, std::size_t n);
  /// packed[packed_bytes(k, n)] = B, whose element (k, n) is b[k * k_stride + n * n_stride]. On cache lines (64 bytes)
  /// products are faster; no alignment is required beyond that of Real.
  void (*pack)(std::byte* packed, const Real* b, std::size_t k, std::size_t n, std::size_t k_stride,
               std::size_t n_stride);
  /// fp32: each element is one chain of multiply-adds in the order of k, beginning at the start value, whatever M and N
  /// are: a row's bits do not depend on its place or on the other rows. Never allocates, never throws.
  void (*multiply)(const MatmulCall<Real>&);
};

/// The fastest table that this CPU offers for the instruction set and the precision.
/// @throws Error unsupported if the precision is not offered.
const MatmulKernels<float>& matmul_kernels_for(Isa isa, Precision precision);

/// Plain loops in double precision.
const MatmulKernels<double>& reference_matmul_kernels();

}  // namespace v0
}  // namespace seqguard
