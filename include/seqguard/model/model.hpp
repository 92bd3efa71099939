// A model in memory: what it is (spec), its parameters in one flat buffer, and the weights packed for the products.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "seqguard/core/arena.hpp"
#include "seqguard/kernels/matmul.hpp"
#include "seqguard/model/encoder.hpp"
#include "seqguard/model/parameters.hpp"

namespace seqguard {

/// Immutable while it scores; training changes `values()` and calls pack() after each step. Movable.
/// Const members may be called from any number of threads at once.
template <class Real>
class Model {
 public:
  /// Parameters are zero and nothing is packed.
  Model(const Context<Real>& context, ModelSpec spec);
  Model(Model&&) noexcept = default;
  Model& operator=(Model&&) noexcept = default;

  /// N(0, config.initializer_range) for matrices and tables, 0 for biases, 1 for LayerNorm weights; a function of the
  /// seed and of each parameter's place.
  void initialize(std::uint64_t seed);
  /// Packs the present values; needed before any forward pass.
  void pack(bool for_training);

  const Context<Real>& context() const noexcept { return context_; }
  const ModelSpec& spec() const noexcept { return spec_; }
  const ModelConfig& config() const noexcept { return spec_.config; }
  const ParameterTable& table() const noexcept { return table_; }
  std::vector<Real>& values() noexcept { return values_; }
  const std::vector<Real>& values() const noexcept { return values_; }
  const ModelParameters<const Real>& parameters() const noexcept { return parameters_; }
  const PackedModel<Real>& packed() const noexcept { return packed_; }

 private:
  Context<Real> context_;
  ModelSpec spec_;
  ParameterTable table_;
  std::vector<Real> values_;
  ModelParameters<const Real> parameters_;
  PackedModel<Real> packed_;
};

extern template class Model<float>;
extern template class Model<double>;

}  // namespace seqguard
