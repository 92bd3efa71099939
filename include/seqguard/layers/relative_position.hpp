// Attention biases by distance: a learned number for each head and bucket of distances, MPNet's and T5's.
#pragma once

#include <cmath>
#include <cstddef>
#include <span>

#include "seqguard/kernels/kernel_table.hpp"
#include "seqguard/layers/embedding.hpp"

namespace seqguard {
inline namespace v0 {

/// Buckets that transformers' MPNet uses, whatever its config.json says; further rows of the table stay unused.
inline constexpr std::size_t k_relative_buckets = 32;
/// From this distance on, all are in the last bucket of their side.
inline constexpr std::size_t k_relative_max_distance = 128;

/// Bucket of a key at `key_minus_query` from its query: half of them for either side; of each half, one for each of the
/// first 8 distances, then logarithmic ones (MPNetEncoder.relative_position_bucket, in single precision as there).
std::size_t relative_position_bucket(std::ptrdiff_t key_minus_query);

/// Elements of a RelativeBias for sequences of up to `reach` tokens, per head.
inline std::size_t relative_bias_stride(std::size_t reach) { return 2 * reach - 1 + k_relative_padding; }

/// values[A, stride] from table[rows, A]: the layout of RelativeBias.
template <class Real>
void expand_relative_bias(std::span<Real> values, EmbeddingTable<const Real> table, std::size_t heads,
                          std::size_t reach) {
  const std::size_t stride = relative_bias_stride(reach);
  for (std::size_t distance = 0; distance < stride; ++distance) {  // query - key = distance - (reach - 1)
    const std::ptrdiff_t key_minus_query =
        static_cast<std::ptrdiff_t>(reach) - 1 - static_cast<std::ptrdiff_t>(distance);
    const std::size_t bucket = relative_position_bucket(key_minus_query);
    for (std::size_t h = 0; h < heads; ++h) values[h * stride + distance] = table.weight[bucket * heads + h];
  }
}

/// d_table += the sums over each bucket's distances of d_values[A, stride].
template <class Real>
void reduce_relative_bias(EmbeddingTable<Real> d_table, std::span<const Real> d_values, std::size_t heads,
                          std::size_t reach) {
  const std::size_t stride = relative_bias_stride(reach);
  for (std::size_t distance = 0; distance < 2 * reach - 1; ++distance) {
    const std::ptrdiff_t key_minus_query =
        static_cast<std::ptrdiff_t>(reach) - 1 - static_cast<std::ptrdiff_t>(distance);
    const std::size_t bucket = relative_position_bucket(key_minus_query);
    for (std::size_t h = 0; h < heads; ++h) d_table.weight[bucket * heads + h] += d_values[h * stride + distance];
  }
}

// Instantiated once, in src/layers/layers.cpp: a host's compiler flags do not change the arithmetic.
#define SEQGUARD_RELATIVE_POSITION(PREFIX, Real)                                                          \
  PREFIX template void expand_relative_bias(std::span<Real> values, EmbeddingTable<const Real> table,     \
                                            std::size_t heads, std::size_t reach);                        \
  PREFIX template void reduce_relative_bias(EmbeddingTable<Real> d_table, std::span<const Real> d_values, \
                                            std::size_t heads, std::size_t reach);
SEQGUARD_RELATIVE_POSITION(extern, float)
SEQGUARD_RELATIVE_POSITION(extern, double)
#ifndef SEQGUARD_INSTANTIATES
#undef SEQGUARD_RELATIVE_POSITION
#endif

}  // namespace v0
}  // namespace seqguard
