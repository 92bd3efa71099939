// The reference table of matrix products: plain loops; a packed B is B with its rows one after another.
#pragma once

#include <cstddef>

#include "seqguard/kernels/matmul_kernels.hpp"

namespace seqguard {
inline namespace v0 {

template <class Real>
struct ReferenceMatmul {
  static std::size_t packed_bytes(std::size_t k, std::size_t n) { return k * n * sizeof(Real); }

  static void pack(std::byte* packed, const Real* b, std::size_t k, std::size_t n, std::size_t k_stride,
                   std::size_t n_stride) {
    Real* out = reinterpret_cast<Real*>(packed);
    for (std::size_t i = 0; i < k; ++i)
      for (std::size_t j = 0; j < n; ++j) *out++ = b[i * k_stride + j * n_stride];
  }

  static void multiply(const MatmulCall<Real>& p) {
    const Real* const b = reinterpret_cast<const Real*>(p.packed);
    for (std::size_t row = 0; row < p.m; ++row) {
      Real* const c = p.c + row * p.c_stride;
      for (std::size_t j = 0; j < p.n && !p.accumulate; ++j) c[j] = p.bias != nullptr ? p.bias[j] : 0;
      for (std::size_t i = 0; i < p.k; ++i) {
        const Real a = p.a[row * p.a_row_stride + i * p.a_k_stride];
        for (std::size_t j = 0; j < p.n; ++j) c[j] += a * b[i * p.n + j];
      }
    }
  }
};

template <class Real>
constexpr MatmulKernels<Real> make_reference_matmul() {
  using K = ReferenceMatmul<Real>;
  return {.isa = Isa::baseline,
          .precision = Precision::fp32,
          .packed_bytes = K::packed_bytes,
          .pack = K::pack,
          .multiply = K::multiply};
}

}  // namespace v0
}  // namespace seqguard
