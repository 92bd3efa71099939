// What attention and feed-forward have in common: a residual connection, and where it is normalised.
//
//   post: out = LN(x + f(x))        pre: out = x + f(LN(x)), or x + f(x) where the block has no LayerNorm
//
// A block calls sublayer_input(), computes f into sublayer_result(), and calls sublayer_finish(); backward in reverse.
#pragma once

#include <algorithm>
#include <cstddef>

#include "seqguard/core/arena.hpp"
#include "seqguard/core/views.hpp"
#include "seqguard/layers/layer_norm.hpp"

namespace seqguard {
inline namespace v0 {

/// What the LayerNorm of a block reads.
enum class NormPlacement {
  post,  ///< the sum of residual and result
  pre,   ///< the block's input
};

template <class Real>
struct SublayerCache {
  LayerNormCache<Real> layer_norm;
  MatrixView<Real> normalised;  ///< [N, H], LN(x) of pre; not allocated for post
  MatrixView<Real> out;         ///< [N, H]

  static SublayerCache allocate(Arena& arena, std::size_t n, std::size_t hidden, NormPlacement placement) {
    SublayerCache cache;
    cache.layer_norm = LayerNormCache<Real>::allocate(arena, n, hidden);
    if (placement == NormPlacement::pre) cache.normalised = {arena.allocate<Real>(n * hidden).data(), n, hidden};
    cache.out = {arena.allocate<Real>(n * hidden).data(), n, hidden};
    return cache;
  }
};

template <class Real>
bool normalises_input(const LayerNormParameters<const Real>& p, NormPlacement placement) {
  return placement == NormPlacement::pre && p.weight != nullptr;
}

/// What f reads [N, H].
template <class Real>
MatrixView<const Real> sublayer_input(const KernelTable<Real>& kernels, SublayerCache<Real>& cache,
                                      MatrixView<const Real> x, const LayerNormParameters<const Real>& p, Real eps,
                                      NormPlacement placement) {
  if (!normalises_input(p, placement)) return x;
  layer_norm_forward<Real>(kernels, cache.normalised, cache.layer_norm, x, {}, p, eps);
  return cache.normalised;
}

/// Where f writes its result [N, H].
template <class Real>
MatrixView<Real> sublayer_result(const SublayerCache<Real>& cache, NormPlacement placement) {
  if (placement == NormPlacement::pre) return cache.out;
  return {cache.layer_norm.sum, cache.out.rows, cache.out.cols};
}

/// cache.out from f's result.
template <class Real>
void sublayer_finish(const KernelTable<Real>& kernels, SublayerCache<Real>& cache, MatrixView<const Real> x,
                     const LayerNormParameters<const Real>& p, Real eps, NormPlacement placement) {
  const MatrixView<Real> result = sublayer_result(cache, placement);
  if (placement == NormPlacement::pre)
    kernels.add(cache.out.data, result.data, x.data, x.rows * x.cols);
  else
    layer_norm_forward<Real>(kernels, cache.out, cache.layer_norm, result, x, p, eps);
}

/// d_x[N, H] = the gradient through the residual, if it is not null; d_out becomes the gradient of f's result; d_p
/// accumulated.
template <class Real>
void sublayer_finish_backward(const KernelTable<Real>& kernels, MatrixView<Real> d_x,
                              const LayerNormParameters<Real>& d_p, MatrixView<Real> d_out,
                              const SublayerCache<Real>& cache, const LayerNormParameters<const Real>& p,
                              NormPlacement placement) {
  if (placement == NormPlacement::post) layer_norm_backward<Real>(kernels, d_out, d_p, d_out, cache.layer_norm, p);
  std::copy_n(d_out.data, d_x.rows * d_x.cols, d_x.data);
}

/// Where the gradient of what f read is to be added: d_x itself (null stays null), or zeros in scratch for
/// sublayer_input_backward().
template <class Real>
MatrixView<Real> sublayer_d_input(MatrixView<Real> d_x, const LayerNormParameters<const Real>& p,
                                  NormPlacement placement, Arena& scratch) {
  if (!normalises_input(p, placement) || d_x.data == nullptr) return d_x;
  const MatrixView<Real> d_input(scratch.allocate<Real>(d_x.rows * d_x.cols).data(), d_x.rows, d_x.cols);
  std::fill_n(d_input.data, d_x.rows * d_x.cols, Real(0));
  return d_input;
}

/// d_x += the gradient through f, and d_p accumulated; d_input is destroyed. Nothing if d_x is null.
template <class Real>
void sublayer_input_backward(const KernelTable<Real>& kernels, MatrixView<Real> d_x,
                             const LayerNormParameters<Real>& d_p, MatrixView<Real> d_input,
                             const SublayerCache<Real>& cache, const LayerNormParameters<const Real>& p,
                             NormPlacement placement) {
  if (!normalises_input(p, placement) || d_x.data == nullptr) return;
  layer_norm_backward<Real>(kernels, d_input, d_p, d_input, cache.layer_norm, p);
  kernels.add(d_x.data, d_x.data, d_input.data, d_x.rows * d_x.cols);
}

// Instantiated once, in src/layers/layers.cpp: a host's compiler flags do not change the arithmetic.
#define SEQGUARD_SUBLAYER(PREFIX, Real)                                                                              \
  PREFIX template bool normalises_input(const LayerNormParameters<const Real>& p, NormPlacement placement);          \
  PREFIX template MatrixView<const Real> sublayer_input(                                                             \
      const KernelTable<Real>& kernels, SublayerCache<Real>& cache, MatrixView<const Real> x,                        \
      const LayerNormParameters<const Real>& p, Real eps, NormPlacement placement);                                  \
  PREFIX template MatrixView<Real> sublayer_result(const SublayerCache<Real>& cache, NormPlacement placement);       \
  PREFIX template void sublayer_finish(const KernelTable<Real>& kernels, SublayerCache<Real>& cache,                 \
                                       MatrixView<const Real> x, const LayerNormParameters<const Real>& p, Real eps, \
                                       NormPlacement placement);                                                     \
  PREFIX template void sublayer_finish_backward(const KernelTable<Real>& kernels, MatrixView<Real> d_x,              \
                                                const LayerNormParameters<Real>& d_p, MatrixView<Real> d_out,        \
                                                const SublayerCache<Real>& cache,                                    \
                                                const LayerNormParameters<const Real>& p, NormPlacement placement);  \
  PREFIX template MatrixView<Real> sublayer_d_input(MatrixView<Real> d_x, const LayerNormParameters<const Real>& p,  \
                                                    NormPlacement placement, Arena& scratch);                        \
  PREFIX template void sublayer_input_backward(const KernelTable<Real>& kernels, MatrixView<Real> d_x,               \
                                               const LayerNormParameters<Real>& d_p, MatrixView<Real> d_input,       \
                                               const SublayerCache<Real>& cache,                                     \
                                               const LayerNormParameters<const Real>& p, NormPlacement placement);
SEQGUARD_SUBLAYER(extern, float)
SEQGUARD_SUBLAYER(extern, double)
#ifndef SEQGUARD_INSTANTIATES
#undef SEQGUARD_SUBLAYER
#endif

}  // namespace v0
}  // namespace seqguard
