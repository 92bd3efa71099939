// AdamW over the flat parameter buffer, with the gradient collected in lanes. A step is reduce(), then apply(); what
// several machines have reduced is summed between the two.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "seqguard/core/error.hpp"
#include "seqguard/model/model.hpp"

namespace seqguard {
inline namespace v0 {

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
template <class Real>
struct OptimizerState {
  std::vector<Real> m, v;  ///< of the trainable parameters, as their gradients lie (ParameterInfo::gradient_offset)
  std::uint64_t step = 0;
};

template <class Real>
class Optimizer {
 public:
  Optimizer(const ParameterTable& table, const AdamWOptions& options);

  /// The lane's gradient buffer, [table.gradient_size()]: zero before a step's first addition.
  std::vector<Real>& lane(std::size_t i) noexcept { return lanes_[i]; }
  /// Drops what has been collected.
  void zero_lanes();

  /// Sums the lanes into gradient(); the others are zero afterwards. Returns the norm of the sum.
  double reduce(const Model<Real>& model);
  /// What apply() will use: of the trainable parameters. Whoever changes it gives apply() the norm of the new one.
  std::span<Real> gradient() noexcept { return {lanes_[0].data(), state_.m.size()}; }
  /// Clips gradient(), whose norm is `norm`, and updates the model's values; all lanes are zero afterwards.
  /// @throws Error non_finite if the norm is not finite; values and state are then unchanged.
  void apply(Model<Real>& model, double norm, double learning_rate);

  OptimizerState<Real>& state() noexcept { return state_; }
  const OptimizerState<Real>& state() const noexcept { return state_; }

 private:
  AdamWOptions options_;
  OptimizerState<Real> state_;
  std::vector<std::vector<Real>> lanes_;
};

template <class Real>
Optimizer<Real>::Optimizer(const ParameterTable& table, const AdamWOptions& options)
    : options_(options), lanes_(k_gradient_lanes, std::vector<Real>(table.gradient_size())) {
  state_.m.resize(table.unread_gradient());
  state_.v.resize(table.unread_gradient());
}

template <class Real>
void Optimizer<Real>::zero_lanes() {
  for (std::vector<Real>& lane : lanes_) std::fill(lane.begin(), lane.end(), Real(0));
}

template <class Real>
double Optimizer<Real>::reduce(const Model<Real>& model) {
  const KernelTable<Real>& kernels = *model.context().kernels;
  std::vector<Real>& sum = lanes_[0];
  // Block by block: the sum stays in the first-level cache, and each lane is cleared while it is there.
  constexpr std::size_t k_block = 2048;
  for (std::size_t first = 0; first < sum.size(); first += k_block) {
    const std::size_t count = std::min(k_block, sum.size() - first);
    for (std::size_t i = 1; i < lanes_.size(); ++i) {
      kernels.add(sum.data() + first, sum.data() + first, lanes_[i].data() + first, count);
      std::fill_n(lanes_[i].data() + first, count, Real(0));
    }
  }
  for (const ParameterInfo& info : model.table().entries())
    if (info.fixed && info.trainable)
      std::fill_n(sum.begin() + static_cast<std::ptrdiff_t>(info.gradient_offset), info.count, Real(0));
  return std::sqrt(kernels.squared_norm(gradient().data(), gradient().size()));
}

template <class Real>
void Optimizer<Real>::apply(Model<Real>& model, double norm, double learning_rate) {
  if (!std::isfinite(norm)) {
    zero_lanes();
    fail(ErrorCode::non_finite, "training", "the gradient is not finite");
  }
  const double scale = options_.clip_norm > 0 && norm > options_.clip_norm ? options_.clip_norm / norm : 1.0;
  const auto t = static_cast<double>(++state_.step);
  for (const ParameterInfo& info : model.table().entries()) {
    if (!info.trainable) continue;
    const bool decayed = info.role == ParameterRole::weight || info.role == ParameterRole::embedding;
    model.context().kernels->adamw({.parameter = model.values().data() + info.offset,
                                    .m = state_.m.data() + info.gradient_offset,
                                    .v = state_.v.data() + info.gradient_offset,
                                    .gradient = gradient().data() + info.gradient_offset,
                                    .n = info.count,
                                    .gradient_scale = static_cast<Real>(scale),
                                    .learning_rate = static_cast<Real>(learning_rate),
                                    .beta1 = static_cast<Real>(options_.beta1),
                                    .beta2 = static_cast<Real>(options_.beta2),
                                    .eps = static_cast<Real>(options_.eps),
                                    .weight_decay = static_cast<Real>(decayed ? options_.weight_decay : 0.0),
                                    .bias_correction1 = static_cast<Real>(1 - std::pow(options_.beta1, t)),
                                    .bias_correction2 = static_cast<Real>(1 - std::pow(options_.beta2, t))});
  }
  std::fill(lanes_[0].begin(), lanes_[0].end(), Real(0));
}

extern template class Optimizer<float>;
extern template class Optimizer<double>;

}  // namespace v0
}  // namespace seqguard
