// Early stopping: the weights with the lowest held-out loss so far, and how long ago that was.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace seqguard {
inline namespace v0 {

/// Has to be stored to go on bit for bit.
template <class Real>
struct EarlyStopping {
  std::vector<Real> best_values;        ///< empty: nothing was judged yet
  double best_loss = 0;                 ///< held-out loss of best_values
  std::uint64_t validations_since = 0;  ///< validations since the best one

  /// `values` have this held-out loss, a finite one. Equal is no improvement.
  void judge(double loss, const std::vector<Real>& values);
  /// Whether `patience` validations in a row brought no improvement; never with 0.
  bool exhausted(std::size_t patience) const noexcept { return patience > 0 && validations_since >= patience; }
};

template <class Real>
void EarlyStopping<Real>::judge(double loss, const std::vector<Real>& values) {
  const bool better = best_values.empty() || loss < best_loss;
  validations_since = better ? 0 : validations_since + 1;
  if (!better) return;
  best_loss = loss;
  best_values = values;
}

extern template struct EarlyStopping<float>;
extern template struct EarlyStopping<double>;

}  // namespace v0
}  // namespace seqguard
