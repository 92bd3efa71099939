// How a sequence that is longer than the encoder's window is cut, for scoring and for training.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "seqguard/core/random.hpp"

namespace seqguard {
inline namespace v0 {

/// The positions [begin, begin + size) of a sequence, beginning and end marks included.
struct Window {
  std::size_t begin = 0;
  std::size_t size = 0;
  bool operator==(const Window&) const = default;
};

/// Windows of `window` positions, `stride` apart, that cover a sequence of `positions`; the last one is aligned with
/// the end, so that all have full length. A sequence that fits is one window; none if positions is 0. Requires 1 <=
/// stride <= window. Reuses the capacity of `out`.
inline void scoring_windows(std::size_t positions, std::size_t window, std::size_t stride, std::vector<Window>& out) {
  out.clear();
  if (positions == 0) return;
  if (positions <= window) {
    out.push_back({0, positions});
    return;
  }
  const std::size_t last = positions - window;
  for (std::size_t begin = 0; begin < last; begin += stride) out.push_back({begin, window});
  out.push_back({last, window});
}

/// Training crops of one sequence in one epoch: ceil(positions / window) windows whose start is uniform in
/// [-window / 2, positions - window / 2], clamped to the sequence, so that both ends are seen often
/// (reference/detection.md, section 4). A pure function of its arguments; a sequence that fits is one whole crop.
inline void training_crops(std::size_t positions, std::size_t window, std::uint64_t seed, std::uint64_t sequence,
                           std::uint64_t epoch, std::vector<Window>& out) {
  out.clear();
  if (positions == 0) return;
  if (positions <= window) {
    out.push_back({0, positions});
    return;
  }
  Random random(mix64(seed) ^ epoch, sequence);
  const std::size_t crops = (positions + window - 1) / window;
  for (std::size_t i = 0; i < crops; ++i) {
    const std::size_t shifted = random.below(positions + 1);  // start + window / 2
    const std::size_t start = shifted > window / 2 ? shifted - window / 2 : 0;
    out.push_back({std::min(start, positions - window), window});
  }
}

}  // namespace v0
}  // namespace seqguard
