// AdamW over the flat parameter buffer, with the gradient collected in lanes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "seqguard/model/model.hpp"

namespace seqguard {

/// Gradients are added up in a fixed number of lanes: chunk i of a step adds to lane i mod k_gradient_lanes in order,
/// and the lanes are summed in order. So the bits do not depend on the number of threads.
inline constexpr std::size_t k_gradient_lanes = 8;

struct AdamWOptions {
  double beta1 = 0.9;
  double beta2 = 0.98;
  double eps = 1e-8;
  double weight_decay = 0.01;  ///< on matrices and tables only
  double clip_norm = 1;        ///< of the whole gradient; <= 0: no clipping
};

/// Moments and step counter: what has to be stored to go on bit for bit.
struct OptimizerState {
  std::vector<float> m, v;
  std::uint64_t step = 0;
};

class Optimizer {
 public:
  Optimizer(const ParameterTable& table, const AdamWOptions& options);

  /// The lane's gradient buffer, [table.size()]: zero before a step's first addition.
  std::vector<float>& lane(std::size_t i) { return lanes_[i]; }
  /// Drops what has been collected.
  void zero_lanes();

  /// Sums the lanes, clips, updates `values`; the lanes are zero afterwards. Returns the norm of the gradient before
  /// clipping.
  /// @throws Error non_finite if the gradient is not finite; values and state are then unchanged.
  double step(const Context<float>& context, const ParameterTable& table, std::vector<float>& values,
              double learning_rate);

  OptimizerState& state() noexcept { return state_; }
  const OptimizerState& state() const noexcept { return state_; }

 private:
  AdamWOptions options_;
  OptimizerState state_;
  std::vector<std::vector<float>> lanes_;
};

}  // namespace seqguard
