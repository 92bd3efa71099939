// From the hidden states of a sequence to one vector.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <string_view>

#include "seqguard/core/views.hpp"
#include "seqguard/kernels/kernel_table.hpp"

namespace seqguard {
inline namespace v0 {

/// Of the hidden states h_1 .. h_L of a sequence, as sentence-transformers names them.
enum class Pooling {
  cls,            ///< h_1
  max,            ///< the largest of each feature
  mean,           ///< sum h_t / L
  mean_sqrt,      ///< sum h_t / sqrt L
  weighted_mean,  ///< sum t h_t / sum t
  last,           ///< h_L
};

/// "mean", "cls", ...: pooling_mode of sentence-transformers.
std::string_view to_string(Pooling pooling) noexcept;

/// out[H] of one sequence [L, H], L >= 1, summed in double.
template <class Real>
void pool_sequence(std::span<Real> out, Pooling pooling, MatrixView<const Real> hidden) {
  const std::size_t n = hidden.rows;
  if (pooling == Pooling::cls || pooling == Pooling::last) {
    std::copy_n(hidden.row(pooling == Pooling::cls ? 0 : n - 1), out.size(), out.begin());
    return;
  }
  if (pooling == Pooling::max) {
    std::copy_n(hidden.row(0), out.size(), out.begin());
    for (std::size_t t = 1; t < n; ++t)
      for (std::size_t c = 0; c < out.size(); ++c) out[c] = std::max(out[c], hidden(t, c));
    return;
  }
  const bool weighted = pooling == Pooling::weighted_mean;
  const auto length = static_cast<double>(n);
  const double total = weighted ? length * (length + 1) / 2 : length;
  const double divisor = pooling == Pooling::mean_sqrt ? std::sqrt(total) : total;
  for (std::size_t c = 0; c < out.size(); ++c) {
    double sum = 0;
    for (std::size_t t = 0; t < n; ++t) sum += (weighted ? static_cast<double>(t + 1) : 1.0) * hidden(t, c);
    out[c] = static_cast<Real>(sum / divisor);
  }
}

/// pooled[B, H]: the first token of each sequence, or the mean of its tokens.
template <class Real>
void pooling_forward(const KernelTable<Real>& kernels, MatrixView<Real> pooled, Pooling pooling,
                     MatrixView<const Real> hidden, Offsets offsets) {
  for (std::size_t b = 0; b < pooled.rows; ++b) {
    if (pooling == Pooling::cls) {
      std::copy_n(hidden.row(offsets[b]), hidden.cols, pooled.row(b));
      continue;
    }
    const std::size_t length = offsets[b + 1] - offsets[b];
    std::fill_n(pooled.row(b), pooled.cols, Real(0));
    kernels.column_sums(pooled.row(b), hidden.row(offsets[b]), length, hidden.cols, hidden.stride);
    for (std::size_t c = 0; c < pooled.cols; ++c) pooled(b, c) /= static_cast<Real>(length);
  }
}

/// d_hidden[N, H] += the gradient through pooling_forward().
template <class Real>
void pooling_backward(const KernelTable<Real>& kernels, MatrixView<Real> d_hidden, Pooling pooling,
                      MatrixView<const Real> d_pooled, Offsets offsets) {
  for (std::size_t b = 0; b < d_pooled.rows; ++b) {
    const std::size_t length = pooling == Pooling::cls ? 1 : offsets[b + 1] - offsets[b];
    for (std::size_t t = offsets[b]; t < offsets[b] + length; ++t)
      kernels.axpy(d_hidden.row(t), d_pooled.row(b), d_hidden.cols, Real(1) / static_cast<Real>(length));
  }
}

// Instantiated once, in src/layers/layers.cpp: a host's compiler flags do not change the arithmetic.
#define SEQGUARD_POOLING(PREFIX, Real)                                                                                \
  PREFIX template void pool_sequence(std::span<Real> out, Pooling pooling, MatrixView<const Real> hidden);            \
  PREFIX template void pooling_forward(const KernelTable<Real>& kernels, MatrixView<Real> pooled, Pooling pooling,    \
                                       MatrixView<const Real> hidden, Offsets offsets);                               \
  PREFIX template void pooling_backward(const KernelTable<Real>& kernels, MatrixView<Real> d_hidden, Pooling pooling, \
                                        MatrixView<const Real> d_pooled, Offsets offsets);
SEQGUARD_POOLING(extern, float)
SEQGUARD_POOLING(extern, double)
#ifndef SEQGUARD_INSTANTIATES
#undef SEQGUARD_POOLING
#endif

}  // namespace v0
}  // namespace seqguard
