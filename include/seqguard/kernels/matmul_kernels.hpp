// Matrix products in tables of their own, one per instruction set and precision: how the right-hand side is packed, and
// the product with it. A later matrix unit adds a table, and no element-wise kernel is compiled for it.
//
// Nobody but a table knows what its packed matrices look like: they are bytes, and as many as it says.
#pragma once

#include <cstddef>

#include "seqguard/core/isa.hpp"
#include "seqguard/core/load_options.hpp"
#include "seqguard/kernels/kernel_table.hpp"

namespace seqguard {
inline namespace v0 {

/// c[M, N] = start + A[M, K] B[K, N], where start is c (accumulate), else the bias in each row, else 0.
template <class Real>
struct MatmulCall {
  Real* c = nullptr;        ///< [M, N], row stride `c_stride`; overlaps nothing. Null: the result goes to `c_rows`
  const Real* a = nullptr;  ///< element (m, k) at a[m * a_row_stride + k * a_k_stride]; not read if the table has rows
  const std::byte* packed = nullptr;  ///< B, from MatmulKernels::pack of the same table
  const Real* bias = nullptr;         ///< [N], or null; null if accumulate
  std::size_t m = 0, n = 0, k = 0, c_stride = 0, a_row_stride = 0, a_k_stride = 1;
  bool accumulate = false;
  // Of a table with rows (MatmulKernels::rows) only:
  const std::byte* a_rows = nullptr;  ///< A
  std::byte* c_rows = nullptr;        ///< [M, N] in that form, where c is null; not with accumulate
  bool gelu = false;                  ///< x Phi(x) of each element of c_rows before it is rounded
  bool to_attention = false;          ///< c_rows are read by attention (RowForm::round_for_attention)
};

/// Attention over one sequence (AttentionForward, kernels/kernel_table.hpp) from rows to rows; no dropout. A head's
/// dimensions are even and at most 128: rows_attend().
template <class Real>
struct RowsAttention {
  std::byte* out;                      ///< [L, H], read by a product
  const std::byte* qkv;                ///< [L, 3H], written for attention
  std::size_t out_stride, qkv_stride;  ///< in bytes: RowForm::row_bytes
  std::size_t length, heads, head_dim;
  Real scale;
  bool causal;
  std::size_t window = 0;
  RelativeBias<Real> bias = {};
};
constexpr bool rows_attend(std::size_t head_dim) { return head_dim % 2 == 0 && head_dim <= 128; }

/// Of a table that reads the left-hand side in a form of its own: rows, rounded once for all the products that read
/// them. What a product or attention writes in this form, the next product reads.
template <class Real>
struct RowForm {
  /// Bytes from one row of k elements to the next.
  std::size_t (*row_bytes)(std::size_t k);
  /// rows[m, :] = a[m, :], row stride `row_stride`, for a product.
  void (*round)(std::byte* rows, const Real* a, std::size_t m, std::size_t k, std::size_t row_stride);
  /// The same for attention. In bf16 both forms are one.
  void (*round_for_attention)(std::byte* rows, const Real* a, std::size_t m, std::size_t k, std::size_t row_stride);
  void (*attention)(const RowsAttention<Real>&);
};

template <class Real>
struct MatmulKernels {
  Isa isa;  ///< the least that it needs
  Precision precision;

  /// Bytes of a packed B[K, N].
  std::size_t (*packed_bytes)(std::size_t k, std::size_t n);
  /// packed[packed_bytes(k, n)] = B, whose element (k, n) is b[k * k_stride + n * n_stride]. On cache lines (64 bytes)
  /// products are faster; no alignment is required beyond that of Real.
  void (*pack)(std::byte* packed, const Real* b, std::size_t k, std::size_t n, std::size_t k_stride,
               std::size_t n_stride);
  /// fp32: each element is one chain of multiply-adds in the order of k, beginning at the start value, whatever M and N
  /// are: a row's bits do not depend on its place or on the other rows. bf16: likewise, pair by pair, the odd element
  /// of a pair first; denormals are zeros. int8: sums of integers, exact for K <= 66,311. Never allocates, never
  /// throws.
  void (*multiply)(const MatmulCall<Real>&);
  const RowForm<Real>* rows = nullptr;  ///< null: A is read where it lies
};

/// The fastest table that this CPU offers for the instruction set and the precision.
/// @throws Error unsupported if the precision is not offered here, or not for that instruction set.
const MatmulKernels<float>& matmul_kernels_for(Isa isa, Precision precision);

/// Plain loops in double precision.
const MatmulKernels<double>& reference_matmul_kernels();

}  // namespace v0
}  // namespace seqguard
