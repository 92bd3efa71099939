// Adversarial training: beside each example, the same one with its embeddings moved a little to where the loss rises.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "seqguard/core/views.hpp"

namespace seqguard {
inline namespace v0 {

/// The gradient of a step becomes that of L(x) + weight L(x + r), r a constant: of each sequence [n, E], added to the
/// sums of its embeddings before their LayerNorm, and not longer than epsilon in the Euclidean norm of all its numbers.
///   steps 1   FGM (Miyato et al. 2017, arXiv:1605.07725):  r = epsilon g / |g|, g the gradient of L at x
///   steps K   PGD (Madry et al. 2018, arXiv:1706.06083):   K times  r = shortened to epsilon(r + step_size g / |g|),
///             g the gradient at x + r
/// A step takes 1 + K passes forward and backward instead of one; all have the same dropout. The loss that is reported
/// is L(x).
struct AdversarialOptions {
  std::size_t steps = 0;   ///< 0: none
  double epsilon = 0.2;    ///< above 0
  double step_size = 0.1;  ///< of PGD, above 0
  double weight = 1;       ///< above 0
};

/// @throws Error invalid_argument: out of range.
void check_adversarial(const AdversarialOptions& options);

/// Moves shift[N, E] one step along gradient[N, E], sequence by sequence; one without a gradient stays.
template <class Real>
void move_embeddings(MatrixView<Real> shift, MatrixView<const Real> gradient, Offsets offsets,
                     const AdversarialOptions& options);

// --- bodies ----------------------------------------------------------------------------------------------------------

template <class Real>
void move_embeddings(MatrixView<Real> shift, MatrixView<const Real> gradient, Offsets offsets,
                     const AdversarialOptions& options) {
  const auto norm = [](const Real* values, std::size_t n) {
    double squares = 0;
    for (std::size_t i = 0; i < n; ++i) squares += static_cast<double>(values[i]) * static_cast<double>(values[i]);
    return std::sqrt(squares);
  };
  for (std::size_t b = 0; b + 1 < offsets.size(); ++b) {
    const std::size_t n = (offsets[b + 1] - offsets[b]) * shift.cols;
    Real* const r = shift.row(offsets[b]);
    const Real* const g = gradient.row(offsets[b]);
    const double steepness = norm(g, n);
    if (!(steepness > 0 && std::isfinite(steepness))) continue;
    const double length = (options.steps == 1 ? options.epsilon : options.step_size) / steepness;
    for (std::size_t i = 0; i < n; ++i) r[i] += static_cast<Real>(length * static_cast<double>(g[i]));
    const double moved = norm(r, n);
    if (moved <= options.epsilon) continue;
    for (std::size_t i = 0; i < n; ++i) r[i] = static_cast<Real>(options.epsilon / moved * static_cast<double>(r[i]));
  }
}

extern template void move_embeddings(MatrixView<float>, MatrixView<const float>, Offsets, const AdversarialOptions&);
extern template void move_embeddings(MatrixView<double>, MatrixView<const double>, Offsets, const AdversarialOptions&);

}  // namespace v0
}  // namespace seqguard
