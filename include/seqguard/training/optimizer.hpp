// The optimisers over the flat parameter buffer, with the gradient collected in lanes. A step is reduce(), then
// apply(); what several machines have reduced is summed between the two.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "seqguard/core/error.hpp"
#include "seqguard/model/model.hpp"
#include "seqguard/training/optimizer_options.hpp"

namespace seqguard {
inline namespace v0 {

/// Gradients are added up in a fixed number of lanes: chunk i of a step adds to lane i mod k_gradient_lanes in order,
/// and the lanes are summed in order. So the bits do not depend on the number of threads.
inline constexpr std::size_t k_gradient_lanes = 8;

/// Moments and step counter: what has to be stored to go on bit for bit. A moment is that of the trainable parameters,
/// as their gradients lie (ParameterInfo::gradient_offset), or empty where the kind needs none.
template <class Real>
struct OptimizerState {
  std::vector<Real> m;  ///< adamw, adam: mean of the gradients; sgd, rmsprop with momentum: its buffer
  std::vector<Real> v;  ///< adamw, adam, rmsprop: mean of their squares
  std::uint64_t step = 0;
};

template <class Real>
class Optimizer {
 public:
  /// @throws Error invalid_argument as parameter_settings().
  Optimizer(const ParameterTable& table, const OptimizerOptions& options);

  /// The lane's gradient buffer, [table.gradient_size()]: zero before a step's first addition.
  std::vector<Real>& lane(std::size_t i) noexcept { return lanes_[i]; }
  /// Drops what has been collected.
  void zero_lanes();

  /// Sums the lanes into gradient(); the others are zero afterwards. Returns the norm of the sum.
  double reduce(const Model<Real>& model);
  /// What apply() will use: of the trainable parameters. Whoever changes it gives apply() the norm of the new one.
  std::span<Real> gradient() noexcept { return {lanes_[0].data(), trainable_}; }
  /// Clips gradient(), whose norm is `norm`, and updates the model's values; all lanes are zero afterwards.
  /// @throws Error non_finite if the norm is not finite; values and state are then unchanged.
  void apply(Model<Real>& model, double norm, double learning_rate);

  OptimizerState<Real>& state() noexcept { return state_; }
  const OptimizerState<Real>& state() const noexcept { return state_; }

 private:
  /// The step of one parameter: its elements, and the numbers that hold for all of them.
  struct ParameterStep {
    Real *parameter, *m, *v, *gradient;  // m, v: null where the kind needs none
    std::size_t n;
    Real gradient_scale, learning_rate, weight_decay, l1;
  };
  void adamw(const KernelTable<Real>& kernels, const ParameterStep& p) const;
  void decay_and_scale(const ParameterStep& p) const;
  void sgd(const ParameterStep& p) const;
  void rmsprop(const ParameterStep& p) const;

  OptimizerOptions options_;
  std::vector<ParameterSettings> settings_;  // by entry of the table
  std::size_t trainable_;                    // elements
  OptimizerState<Real> state_;
  std::vector<std::vector<Real>> lanes_;
};

template <class Real>
Optimizer<Real>::Optimizer(const ParameterTable& table, const OptimizerOptions& options)
    : options_(options),
      settings_(parameter_settings(table, options)),
      trainable_(table.unread_gradient()),
      lanes_(k_gradient_lanes, std::vector<Real>(table.gradient_size())) {
  const bool is_adam = options.kind == OptimizerKind::adamw || options.kind == OptimizerKind::adam;
  if (is_adam || options.momentum > 0) state_.m.resize(trainable_);
  if (options.kind != OptimizerKind::sgd) state_.v.resize(trainable_);
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
  ++state_.step;
  const std::vector<ParameterInfo>& entries = model.table().entries();
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const ParameterInfo& info = entries[i];
    if (!info.trainable) continue;
    const auto moment = [&](std::vector<Real>& m) { return m.empty() ? nullptr : m.data() + info.gradient_offset; };
    ParameterStep p{model.values().data() + info.offset,
                    moment(state_.m),
                    moment(state_.v),
                    gradient().data() + info.gradient_offset,
                    info.count,
                    static_cast<Real>(scale),
                    static_cast<Real>(learning_rate * settings_[i].learning_rate_factor),
                    static_cast<Real>(settings_[i].weight_decay),
                    static_cast<Real>(settings_[i].l1)};
    if (options_.kind != OptimizerKind::adamw) {
      decay_and_scale(p);
      p.gradient_scale = 1;
      p.weight_decay = 0;
    }
    if (options_.kind == OptimizerKind::sgd)
      sgd(p);
    else if (options_.kind == OptimizerKind::rmsprop)
      rmsprop(p);
    else
      adamw(*model.context().kernels, p);
    if (p.l1 > 0)
      for (std::size_t j = 0; j < p.n; ++j)
        p.parameter[j] =
            std::copysign(std::max(std::abs(p.parameter[j]) - p.learning_rate * p.l1, Real(0)), p.parameter[j]);
  }
  std::fill(lanes_[0].begin(), lanes_[0].end(), Real(0));
}

// --- the kinds: OptimizerKind has their definitions ------------------------------------------------------------------

template <class Real>
void Optimizer<Real>::adamw(const KernelTable<Real>& kernels, const ParameterStep& p) const {
  const auto t = static_cast<double>(state_.step);
  kernels.adamw({.parameter = p.parameter,
                 .m = p.m,
                 .v = p.v,
                 .gradient = p.gradient,
                 .n = p.n,
                 .gradient_scale = p.gradient_scale,
                 .learning_rate = p.learning_rate,
                 .beta1 = static_cast<Real>(options_.beta1),
                 .beta2 = static_cast<Real>(options_.beta2),
                 .eps = static_cast<Real>(options_.eps),
                 .weight_decay = p.weight_decay,
                 .bias_correction1 = static_cast<Real>(1 - std::pow(options_.beta1, t)),
                 .bias_correction2 = static_cast<Real>(1 - std::pow(options_.beta2, t))});
}

/// Clips the gradient, and decays in it or beside it.
template <class Real>
void Optimizer<Real>::decay_and_scale(const ParameterStep& p) const {
  if (options_.decoupled_weight_decay) {
    for (std::size_t j = 0; j < p.n; ++j) {
      p.gradient[j] *= p.gradient_scale;
      p.parameter[j] -= p.learning_rate * p.weight_decay * p.parameter[j];
    }
  } else {
    for (std::size_t j = 0; j < p.n; ++j)
      p.gradient[j] = p.gradient_scale * p.gradient[j] + p.weight_decay * p.parameter[j];
  }
}

template <class Real>
void Optimizer<Real>::sgd(const ParameterStep& p) const {
  const Real momentum = static_cast<Real>(options_.momentum);
  for (std::size_t j = 0; j < p.n; ++j) {
    Real step = p.gradient[j];
    if (p.m != nullptr) {
      p.m[j] = momentum * p.m[j] + step;
      step = options_.nesterov ? step + momentum * p.m[j] : p.m[j];
    }
    p.parameter[j] -= p.learning_rate * step;
  }
}

template <class Real>
void Optimizer<Real>::rmsprop(const ParameterStep& p) const {
  const Real momentum = static_cast<Real>(options_.momentum);
  const Real alpha = static_cast<Real>(options_.alpha), rest = static_cast<Real>(1 - options_.alpha);
  const Real eps = static_cast<Real>(options_.eps);
  for (std::size_t j = 0; j < p.n; ++j) {
    p.v[j] = alpha * p.v[j] + rest * p.gradient[j] * p.gradient[j];
    Real step = p.gradient[j] / (std::sqrt(p.v[j]) + eps);
    if (p.m != nullptr) step = p.m[j] = momentum * p.m[j] + step;
    p.parameter[j] -= p.learning_rate * step;
  }
}

extern template class Optimizer<float>;
extern template class Optimizer<double>;

}  // namespace v0
}  // namespace seqguard
