#include "seqguard/model/model.hpp"

#include <algorithm>
#include <utility>

#include "seqguard/core/random.hpp"

namespace seqguard {

template <class Real>
Model<Real>::Model(const Context<Real>& context, ModelSpec spec)
    : context_(context),
      spec_(std::move(spec)),
      table_(spec_),
      values_(table_.size()),
      parameters_(bind_parameters<const Real>(table_, spec_, values_.data())) {}

template <class Real>
void Model<Real>::initialize(std::uint64_t seed) {
  for (std::size_t i = 0; i < table_.entries().size(); ++i) {
    const ParameterInfo& info = table_.entries()[i];
    Real* const first = values_.data() + info.offset;
    const bool is_layer_norm_weight = info.role == ParameterRole::layer_norm && info.name.ends_with("weight");
    std::fill_n(first, info.count, is_layer_norm_weight ? Real(1) : Real(0));
    if (info.role != ParameterRole::weight && info.role != ParameterRole::embedding) continue;
    Random random(seed, i);
    for (std::size_t k = 0; k < info.count; ++k)
      first[k] = static_cast<Real>(random.normal() * spec_.config.initializer_range);
  }
}

template <class Real>
void Model<Real>::pack(bool for_training) {
  packed_.pack(context_, spec_.config, parameters_, for_training);
}

template class Model<float>;
template class Model<double>;

}  // namespace seqguard
