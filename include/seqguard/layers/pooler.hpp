// The summary of a sequence: pooled_b = tanh(W h[first event of b] + b), BertPooler of Hugging Face.
#pragma once

#include <algorithm>
#include <cstddef>

#include "seqguard/core/arena.hpp"
#include "seqguard/core/views.hpp"
#include "seqguard/kernels/matmul.hpp"
#include "seqguard/layers/linear.hpp"

namespace seqguard {

template <class Real>
struct PoolerCache {
  MatrixView<Real> first;  ///< [B, H] hidden states of the first events
  MatrixView<Real> out;    ///< [B, H]

  static PoolerCache allocate(Arena& arena, std::size_t sequences, std::size_t hidden) {
    PoolerCache cache;
    cache.first = {arena.allocate<Real>(sequences * hidden).data(), sequences, hidden};
    cache.out = {arena.allocate<Real>(sequences * hidden).data(), sequences, hidden};
    return cache;
  }
};

/// cache.out[B, H] from x[N, H].
template <class Real>
void pooler_forward(const Context<Real>& context, PoolerCache<Real>& cache, MatrixView<const Real> x, Offsets offsets,
                    const PackedLinear<Real>& packed, Arena& scratch) {
  for (std::size_t b = 0; b + 1 < offsets.size(); ++b) std::copy_n(x.row(offsets[b]), x.cols, cache.first.row(b));
  linear_forward<Real>(cache.out, cache.first, packed, scratch);
  context.kernels->tanh_forward(cache.out.data, cache.out.data, cache.out.rows * cache.out.cols);
}

/// d_x[N, H]: the rows of the first events are added to; d_p accumulated; d_out[B, H] is destroyed.
template <class Real>
void pooler_backward(const Context<Real>& context, MatrixView<Real> d_x, const LinearParameters<Real>& d_p,
                     MatrixView<Real> d_out, const PoolerCache<Real>& cache, Offsets offsets,
                     const PackedLinear<Real>& packed, Arena& scratch) {
  const Arena::Frame frame(scratch);
  context.kernels->tanh_backward(d_out.data, d_out.data, cache.out.data, d_out.rows * d_out.cols);
  const MatrixView<Real> d_first(scratch.allocate<Real>(d_out.rows * d_out.cols).data(), d_out.rows, d_out.cols);
  linear_backward<Real>(context, d_first, d_p, d_out, cache.first, packed, scratch);
  for (std::size_t b = 0; b + 1 < offsets.size(); ++b)
    context.kernels->axpy(d_x.row(offsets[b]), d_first.row(b), d_x.cols, Real(1));
}

}  // namespace seqguard
