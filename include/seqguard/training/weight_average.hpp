// The exponential moving average of the weights, which forgets the noise of single steps.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "seqguard/model/model.hpp"

namespace seqguard {
inline namespace v0 {

/// After step t = 1, 2, .. the average is that of before times d + (1 - d) times the weights, with
/// d = min(decay, (1 + t) / (10 + t)), so that the weights of the beginning are soon forgotten (as TensorFlow's
/// ExponentialMovingAverage with num_updates); the first average is the weights themselves. Of the trainable parameters
/// only, so that frozen ones cost no memory. Has to be stored to go on bit for bit.
template <class Real>
struct WeightAverage {
  std::vector<Real> values;  ///< as gradients lie (ParameterInfo::gradient_offset); empty before the first update
  std::uint64_t updates = 0;

  /// `decay` in (0, 1): the average reaches back about 1 / (1 - decay) steps.
  void update(const Model<Real>& model, double decay);
  /// The average becomes the model's weights and the other way round; nothing is packed.
  void exchange(Model<Real>& model);
  /// The model gets the average, if there is one; nothing is packed.
  void put(Model<Real>& model) const;

  template <class Self, class Visit>
  static void visit_fields(Self& self, const Visit& visit) {
    visit("values", self.values);
    visit("updates", self.updates);
  }
};

template <class Real>
void WeightAverage<Real>::update(const Model<Real>& model, double decay) {
  const auto t = static_cast<double>(++updates);
  const double d = values.empty() ? 0.0 : std::min(decay, (1 + t) / (10 + t));
  const auto rest = static_cast<Real>(1 - d);
  values.resize(model.table().unread_gradient());
  for (const ParameterInfo& info : model.table().entries()) {
    if (!info.trainable) continue;
    const Real* const weight = model.values().data() + info.offset;
    Real* const average = values.data() + info.gradient_offset;
    for (std::size_t i = 0; i < info.count; ++i) average[i] += rest * (weight[i] - average[i]);
  }
}

template <class Real>
void WeightAverage<Real>::exchange(Model<Real>& model) {
  for (const ParameterInfo& info : model.table().entries()) {
    if (!info.trainable) continue;
    Real* const weight = model.values().data() + info.offset;
    std::swap_ranges(weight, weight + info.count, values.data() + info.gradient_offset);
  }
}

template <class Real>
void WeightAverage<Real>::put(Model<Real>& model) const {
  if (values.empty()) return;
  for (const ParameterInfo& info : model.table().entries())
    if (info.trainable)
      std::copy_n(values.data() + info.gradient_offset, info.count, model.values().data() + info.offset);
}

extern template struct WeightAverage<float>;
extern template struct WeightAverage<double>;

}  // namespace v0
}  // namespace seqguard
