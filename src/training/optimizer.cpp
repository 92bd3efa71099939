#include "seqguard/training/optimizer.hpp"

#include <algorithm>
#include <cmath>

#include "seqguard/core/error.hpp"

namespace seqguard {

Optimizer::Optimizer(const ParameterTable& table, const AdamWOptions& options)
    : options_(options), lanes_(k_gradient_lanes, std::vector<float>(table.size())) {
  state_.m.resize(table.size());
  state_.v.resize(table.size());
}

void Optimizer::zero_lanes() {
  for (std::vector<float>& lane : lanes_) std::fill(lane.begin(), lane.end(), 0.0f);
}

double Optimizer::step(const Context<float>& context, const ParameterTable& table, std::vector<float>& values,
                       double learning_rate) {
  const KernelTable<float>& kernels = *context.kernels;
  std::vector<float>& gradient = lanes_[0];
  // Block by block: the sum stays in the first-level cache, and each lane is cleared while it is there.
  constexpr std::size_t k_block = 2048;
  for (std::size_t first = 0; first < gradient.size(); first += k_block) {
    const std::size_t count = std::min(k_block, gradient.size() - first);
    for (std::size_t i = 1; i < lanes_.size(); ++i) {
      kernels.add(gradient.data() + first, gradient.data() + first, lanes_[i].data() + first, count);
      std::fill_n(lanes_[i].data() + first, count, 0.0f);
    }
  }
  for (const ParameterInfo& info : table.entries())
    if (info.fixed) std::fill_n(gradient.begin() + static_cast<std::ptrdiff_t>(info.offset), info.count, 0.0f);
  const double norm = std::sqrt(kernels.squared_norm(gradient.data(), gradient.size()));
  if (!std::isfinite(norm)) {
    zero_lanes();
    fail(ErrorCode::non_finite, "training", "the gradient is not finite");
  }

  const double scale = options_.clip_norm > 0 && norm > options_.clip_norm ? options_.clip_norm / norm : 1.0;
  ++state_.step;
  const auto t = static_cast<double>(state_.step);
  for (const ParameterInfo& info : table.entries()) {
    const bool decayed = info.role == ParameterRole::weight || info.role == ParameterRole::embedding;
    kernels.adamw({.parameter = values.data() + info.offset,
                   .m = state_.m.data() + info.offset,
                   .v = state_.v.data() + info.offset,
                   .gradient = gradient.data() + info.offset,
                   .n = info.count,
                   .gradient_scale = static_cast<float>(scale),
                   .learning_rate = static_cast<float>(learning_rate),
                   .beta1 = static_cast<float>(options_.beta1),
                   .beta2 = static_cast<float>(options_.beta2),
                   .eps = static_cast<float>(options_.eps),
                   .weight_decay = static_cast<float>(decayed ? options_.weight_decay : 0.0),
                   .bias_correction1 = static_cast<float>(1 - std::pow(options_.beta1, t)),
                   .bias_correction2 = static_cast<float>(1 - std::pow(options_.beta2, t))});
  }
  std::fill(gradient.begin(), gradient.end(), 0.0f);
  return norm;
}

}  // namespace seqguard
