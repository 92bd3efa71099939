// Stochastic depth (Huang et al. 2016, arXiv:1603.09382): in training a block is left out for some of the sequences, of
// which only the residual goes on; for the others its result is divided by the share that is kept. Which sequences is a
// function of (key, token), as with dropout, so that the backward pass, and any cut into chunks, finds the same.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "seqguard/core/views.hpp"

namespace seqguard {
inline namespace v0 {

/// What one pass over a chunk needs to know; rate 0 (scoring) keeps every block.
struct StochasticDepth {
  float rate = 0;                 ///< share of the sequences that the block is left out for, in [0, 1)
  std::uint64_t key = 0;          ///< of the step and the block
  std::uint64_t first_token = 0;  ///< place of the chunk's first token in the whole batch
  Offsets offsets = {};           ///< of the chunk's sequences

  bool leaves_out(std::size_t sequence) const;
};

/// Applies it in place: to a block's result in the forward pass, to its gradient in the backward pass. x[N, H] is
/// dense.
template <class Real>
void stochastic_depth_apply(MatrixView<Real> x, const StochasticDepth& depth) {
  if (!(depth.rate > 0)) return;
  const Real scale = Real(1) / (Real(1) - static_cast<Real>(depth.rate));
  for (std::size_t b = 0; b + 1 < depth.offsets.size(); ++b) {
    Real *const first = x.row(depth.offsets[b]), *const end =
                                                     first + (depth.offsets[b + 1] - depth.offsets[b]) * x.cols;
    if (depth.leaves_out(b))
      std::fill(first, end, Real(0));
    else
      std::transform(first, end, first, [&](Real value) { return value * scale; });
  }
}

extern template void stochastic_depth_apply(MatrixView<float>, const StochasticDepth&);
extern template void stochastic_depth_apply(MatrixView<double>, const StochasticDepth&);

}  // namespace v0
}  // namespace seqguard
