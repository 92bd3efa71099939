#include "seqguard/model/model.hpp"

#include <algorithm>
#include <utility>

#include "seqguard/core/error.hpp"
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
Model<Real>::Model(const Context<Real>& context, ModelSpec spec, ReadParameter read)
    : context_(context), spec_(std::move(spec)), table_(spec_, Matrices::packed) {
  const std::vector<ParameterInfo>& entries = table_.entries();
  others_.reserve(table_.size() * sizeof(Real));
  const std::span<Real> values = others_.allocate<Real>(table_.size());
  parameters_ = bind_parameters<const Real>(table_, spec_, values.data());
  for (const ParameterInfo& info : entries) {
    if (info.offset == k_packed) continue;
    const std::span<Real> out = values.subspan(info.offset, info.count);
    if (info.fixed)
      std::fill(out.begin(), out.end(), Real(0));
    else
      read(info, out);
  }
  matrices_.reserve(PackedModel<Real>::storage_bytes(context_, parameters_));
  Arena one_matrix;
  packed_.pack(
      context_, spec_.config, parameters_,
      [&](const LinearParameters<const Real>& linear) -> const Real* {
        const std::size_t count = linear.out_features * linear.in_features;
        one_matrix.reset();
        one_matrix.reserve(count * sizeof(Real));
        const std::span<Real> out = one_matrix.allocate<Real>(count);
        // Parts of one matrix (query, key, value) follow each other in the table.
        for (std::size_t done = 0, i = linear.place; done < count; done += entries[i++].count)
          read(entries[i], out.subspan(done, entries[i].count));
        return out.data();
      },
      matrices_);
}

template <class Real>
void Model<Real>::require_flat() const {
  if (table_.matrices() != Matrices::flat)
    fail(ErrorCode::unsupported, "model",
         "was loaded for scoring and keeps its matrices packed only: to train or save it, use load_model()");
}

template <class Real>
void Model<Real>::initialize(std::uint64_t seed) {
  require_flat();
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
  require_flat();
  packed_.pack(context_, spec_.config, parameters_, for_training);
}

template class Model<float>;
template class Model<double>;

}  // namespace seqguard
