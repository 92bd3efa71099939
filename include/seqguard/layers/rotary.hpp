// Rotary positions: queries and keys are turned by angles that grow with the position (RoFormer; ModernBERT).
//
//   (x_d, x_{d + D/2}) -> (x_d cos a - x_{d + D/2} sin a, x_{d + D/2} cos a + x_d sin a),  a = t theta^(-2d / D)
#pragma once

#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

#include "seqguard/core/views.hpp"

namespace seqguard {
inline namespace v0 {

/// cos and sin of all angles: [positions, D / 2] each. Empty: no rotation.
template <class Real>
struct RotaryTable {
  std::vector<Real> cosine, sine;

  /// Angles are products of single-precision numbers, as in transformers: at position 8,000 their rounding would show.
  void fill(std::size_t positions, std::size_t head_dim, double theta) {
    const std::size_t half = head_dim / 2;
    cosine.resize(positions * half);
    sine.resize(positions * half);
    for (std::size_t d = 0; d < half; ++d) {
      const float exponent = static_cast<float>(2 * d) / static_cast<float>(head_dim);
      const float frequency = 1.0F / std::pow(static_cast<float>(theta), exponent);
      for (std::size_t t = 0; t < positions; ++t) {
        const auto angle = static_cast<double>(static_cast<float>(t) * frequency);
        cosine[t * half + d] = static_cast<Real>(std::cos(angle));
        sine[t * half + d] = static_cast<Real>(std::sin(angle));
      }
    }
  }
};

/// Turns the queries and keys of qkv[N, 3H] in place, `direction` 1; of their gradients, -1.
template <class Real>
void rotate(MatrixView<Real> qkv, Offsets offsets, const RotaryTable<Real>& table, std::size_t heads,
            std::size_t head_dim, Real direction) {
  if (table.cosine.empty()) return;
  const std::size_t half = head_dim / 2;
  for (std::size_t b = 0; b + 1 < offsets.size(); ++b)
    for (std::size_t row = offsets[b]; row < offsets[b + 1]; ++row) {
      const Real *const cosine = table.cosine.data() + (row - offsets[b]) * half, *const sine =
                                                                                      table.sine.data() +
                                                                                      (row - offsets[b]) * half;
      for (std::size_t head = 0; head < 2 * heads; ++head) {  // queries, then keys
        Real *const lower = qkv.row(row) + head * head_dim, *const upper = lower + half;
        for (std::size_t d = 0; d < half; ++d) {
          const Real x = lower[d], y = upper[d], s = direction * sine[d];
          lower[d] = x * cosine[d] - y * s;
          upper[d] = y * cosine[d] + x * s;
        }
      }
    }
}

// Instantiated once, in src/layers/layers.cpp: a host's compiler flags do not change the arithmetic.
#define SEQGUARD_ROTARY(PREFIX, Real)                                                                \
  PREFIX template struct RotaryTable<Real>;                                                          \
  PREFIX template void rotate(MatrixView<Real> qkv, Offsets offsets, const RotaryTable<Real>& table, \
                              std::size_t heads, std::size_t head_dim, Real direction);
SEQGUARD_ROTARY(extern, float)
SEQGUARD_ROTARY(extern, double)
#ifndef SEQGUARD_INSTANTIATES
#undef SEQGUARD_ROTARY
#endif

}  // namespace v0
}  // namespace seqguard
