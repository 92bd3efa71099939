// A classifier on vectors x: those of sequences, of single tokens, or of pairs of them.
//
//   x [--dropout--> head transform] --dropout--> out_proj --> logits
#pragma once

#include <algorithm>
#include <cstddef>

#include "seqguard/core/arena.hpp"
#include "seqguard/core/views.hpp"
#include "seqguard/kernels/matmul.hpp"
#include "seqguard/layers/dropout.hpp"
#include "seqguard/layers/head_transform.hpp"
#include "seqguard/layers/linear.hpp"

namespace seqguard {
inline namespace v0 {

template <class Real>
struct ClassificationHeadParameters {
  HeadTransformParameters<Real> transform;  ///< [E, H]; absent: out_proj reads x
  LinearParameters<Real> out_proj;          ///< [labels, E]
};

/// The packed weights; those of the transform may be the pooler's.
template <class Real>
struct PackedClassificationHead {
  const PackedLinear<Real>* transform = nullptr;
  const PackedLinear<Real>* out_proj = nullptr;
};

struct ClassificationHeadOptions {
  HeadTransformOptions transform;
  Dropout dropout_before;  ///< the transform; rate 0: none, as in families that do not drop there
  Dropout dropout;         ///< before out_proj
};

template <class Real>
struct ClassificationHeadCache {
  MatrixView<Real> dropped;            ///< [R, H], x after dropout_before; x itself without dropout
  HeadTransformCache<Real> transform;  ///< where there is one
  MatrixView<Real> features;           ///< [R, E], what out_proj reads

  /// For x[R, hidden].
  static ClassificationHeadCache allocate(Arena& arena, std::size_t rows, std::size_t hidden,
                                          const HeadTransformParameters<const Real>& transform,
                                          const ClassificationHeadOptions& options) {
    const auto matrix = [&](std::size_t width) {
      return MatrixView<Real>(arena.allocate<Real>(rows * width).data(), rows, width);
    };
    const bool transforms = transform.dense.exists();
    const std::size_t width = transforms ? transform.dense.out_features : hidden;
    ClassificationHeadCache cache;
    if (transforms) {
      if (options.dropout_before.rate > 0) cache.dropped = matrix(hidden);
      cache.transform = HeadTransformCache<Real>::allocate(arena, rows, width, transform.layer_norm.weight != nullptr);
    }
    // The backward pass reads the transform's output as it was.
    if (options.dropout.rate > 0)
      cache.features = matrix(width);
    else if (transforms)
      cache.features = cache.transform.out;
    return cache;
  }
};

/// logits[R, labels] from x[R, H].
template <class Real>
void classification_head_forward(const Context<Real>& context, MatrixView<Real> logits,
                                 ClassificationHeadCache<Real>& cache, MatrixView<const Real> x,
                                 const ClassificationHeadParameters<const Real>& p,
                                 const PackedClassificationHead<Real>& packed, const ClassificationHeadOptions& options,
                                 Arena& scratch) {
  const KernelTable<Real>& kernels = *context.kernels;
  const auto drop = [&](MatrixView<Real> to, MatrixView<const Real> from, const Dropout& dropout) {
    for (std::size_t r = 0; r < from.rows; ++r) std::copy_n(from.row(r), from.cols, to.row(r));
    dropout_apply(kernels, to, dropout);
  };
  MatrixView<const Real> features = x;
  if (packed.transform != nullptr) {
    if (cache.dropped.data != nullptr) {
      drop(cache.dropped, x, options.dropout_before);
      features = cache.dropped;
    }
    head_transform_forward<Real>(context, cache.transform, features, p.transform, *packed.transform, options.transform,
                                 scratch);
    features = cache.transform.out;
  }
  if (options.dropout.rate > 0) {
    drop(cache.features, features, options.dropout);
    features = cache.features;
  }
  linear_forward<Real>(logits, features, *packed.out_proj, scratch);
}

/// d_x[R, H] overwritten, unless it is null; d_p accumulated.
template <class Real>
void classification_head_backward(const Context<Real>& context, MatrixView<Real> d_x,
                                  const ClassificationHeadParameters<Real>& d_p, MatrixView<const Real> d_logits,
                                  const ClassificationHeadCache<Real>& cache, MatrixView<const Real> x,
                                  const ClassificationHeadParameters<const Real>& p,
                                  const PackedClassificationHead<Real>& packed,
                                  const ClassificationHeadOptions& options, Arena& scratch) {
  const Arena::Frame frame(scratch);
  const KernelTable<Real>& kernels = *context.kernels;
  const MatrixView<const Real> features = cache.features.data != nullptr ? MatrixView<const Real>(cache.features) : x;
  if (packed.transform == nullptr) {
    linear_backward<Real>(context, d_x, d_p.out_proj, d_logits, features, *packed.out_proj, scratch);
    dropout_apply(kernels, d_x, options.dropout);
    return;
  }
  const MatrixView<Real> d_features(scratch.allocate<Real>(x.rows * cache.transform.out.cols).data(), x.rows,
                                    cache.transform.out.cols);
  linear_backward<Real>(context, d_features, d_p.out_proj, d_logits, features, *packed.out_proj, scratch);
  dropout_apply(kernels, d_features, options.dropout);
  head_transform_backward<Real>(context, d_x, d_p.transform, d_features, cache.transform,
                                cache.dropped.data != nullptr ? MatrixView<const Real>(cache.dropped) : x, p.transform,
                                *packed.transform, options.transform, scratch);
  dropout_apply(kernels, d_x, options.dropout_before);
}

// Instantiated once, in src/layers/layers.cpp: a host's compiler flags do not change the arithmetic.
#define SEQGUARD_CLASSIFICATION_HEAD(PREFIX, Real)                                                             \
  PREFIX template void classification_head_forward(                                                            \
      const Context<Real>& context, MatrixView<Real> logits, ClassificationHeadCache<Real>& cache,             \
      MatrixView<const Real> x, const ClassificationHeadParameters<const Real>& p,                             \
      const PackedClassificationHead<Real>& packed, const ClassificationHeadOptions& options, Arena& scratch); \
  PREFIX template void classification_head_backward(                                                           \
      const Context<Real>& context, MatrixView<Real> d_x, const ClassificationHeadParameters<Real>& d_p,       \
      MatrixView<const Real> d_logits, const ClassificationHeadCache<Real>& cache, MatrixView<const Real> x,   \
      const ClassificationHeadParameters<const Real>& p, const PackedClassificationHead<Real>& packed,         \
      const ClassificationHeadOptions& options, Arena& scratch);
SEQGUARD_CLASSIFICATION_HEAD(extern, float)
SEQGUARD_CLASSIFICATION_HEAD(extern, double)
#ifndef SEQGUARD_INSTANTIATES
#undef SEQGUARD_CLASSIFICATION_HEAD
#endif

}  // namespace v0
}  // namespace seqguard
