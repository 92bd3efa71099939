// A model in memory: what it is (spec), its parameters in one flat buffer, and the weights packed for the products. A
// model that only scores keeps its matrices packed and nowhere else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "seqguard/core/arena.hpp"
#include "seqguard/core/function_ref.hpp"
#include "seqguard/kernels/matmul.hpp"
#include "seqguard/model/packed_model.hpp"
#include "seqguard/model/parameters.hpp"

namespace seqguard {
inline namespace v0 {

/// Immutable while it scores; training changes `values()` and calls pack() after each step. Movable.
/// Const members may be called from any number of threads at once.
///
/// Memory: 8 bytes a matrix element and 4 bytes any other (training packs a second time, for the backward pass, what
/// lies above the lowest block that learns); in a model that only scores 4 bytes each. The tables that a masked-LM head
/// predicts from count twice.
template <class Real>
class Model {
 public:
  /// Parameters are zero and nothing is packed.
  Model(const Context<Real>& context, ModelSpec spec);
  /// Gives the values of a parameter, which are zeros before.
  using ReadParameter = FunctionRef<void(const ParameterInfo&, std::span<Real>)>;
  /// A model that only scores, with the table of its spec (Matrices::packed): `read` is called once for each parameter
  /// that is not fixed. initialize(), pack() and values() are refused.
  Model(const Context<Real>& context, ModelSpec spec, ParameterTable table, ReadParameter read);
  Model(Model&&) noexcept = default;
  Model& operator=(Model&&) noexcept = default;

  /// N(0, config.initializer_range) for matrices and tables, 0 for biases, 1 for LayerNorm weights; a function of the
  /// seed and of each parameter's place. Adapters as in PEFT: lora_A uniform in +-1 / sqrt(in), lora_B 0.
  void initialize(std::uint64_t seed);
  /// Packs the present values; needed before any forward pass. Adapters are products of their own in training; for
  /// scoring they are merged into the matrices and cost nothing, and what only the backward pass reads is given up.
  void pack(bool for_training);
  /// After a step of training, when pack(true) has been called before: the same as pack(true), but what is frozen is
  /// taken to be as it was.
  void pack_learned();

  const Context<Real>& context() const noexcept { return context_; }
  const ModelSpec& spec() const noexcept { return spec_; }
  const ModelConfig& config() const noexcept { return spec_.config; }
  const ParameterTable& table() const noexcept { return table_; }
  /// @throws Error unsupported: the model only scores.
  void require_flat() const;
  /// Place in spec().heads of the head that predicts events. @throws Error unsupported: there is none.
  std::size_t masked_lm_head() const;
  /// Columns of an event that it predicts: 0 without one.
  std::size_t predicted_columns() const noexcept;
  /// All parameters, laid out as the table says. @throws Error unsupported: the model only scores.
  std::vector<Real>& values() { return require_flat(), values_; }
  const std::vector<Real>& values() const { return require_flat(), values_; }
  const ModelParameters<const Real>& parameters() const noexcept { return parameters_; }
  const PackedModel<Real>& packed() const noexcept { return packed_; }

 private:
  Context<Real> context_;
  ModelSpec spec_;
  ParameterTable table_;
  std::vector<Real> values_;  // of all parameters; none if the model only scores
  Arena others_, matrices_;   // if it does: those that are no matrices, and the packed matrices
  void prepare();

  ModelParameters<const Real> parameters_;
  PackedModel<Real> packed_;
};

/// A model of `spec` with the parameters that `base` has under the same name and of the same shape; the others are as
/// initialize(seed) makes them. It computes in single precision. @throws Error unsupported: `base` only scores.
template <class Real>
Model<Real> begin_from(const Model<Real>& base, ModelSpec spec, std::uint64_t seed);

/// `model` without its adapters (ModelSpec::lora): what they add is in the matrices, W + scale B A.
/// @throws Error unsupported: it only scores.
template <class Real>
Model<Real> merge_adapters(const Model<Real>& model);

extern template class Model<float>;
extern template class Model<double>;
extern template Model<float> merge_adapters(const Model<float>&);
extern template Model<double> merge_adapters(const Model<double>&);
extern template Model<float> begin_from(const Model<float>&, ModelSpec, std::uint64_t);
extern template Model<double> begin_from(const Model<double>&, ModelSpec, std::uint64_t);

}  // namespace v0
}  // namespace seqguard
