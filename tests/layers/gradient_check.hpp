// A layer by itself: its tensors by name, one call of it, and what is asked of every layer - gradients that agree with
// difference quotients in double, and float on the instruction set under test that agrees with double.
//
// A layer under test is a structure with two members:
//   TensorList tensors() const;                               its inputs and parameters
//   template <class Real> void run(Pass<Real>& pass) const;   forward, and backward where it is asked for
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "seqguard/core/isa.hpp"
#include "seqguard/core/random.hpp"
#include "seqguard/layers/layer_norm.hpp"
#include "seqguard/layers/linear.hpp"
#include "support/compare.hpp"

namespace layer_tests {

using namespace seqguard;

/// What the backward pass does with the gradient that it finds in memory.
enum class Gradient { overwritten, added };

/// A tensor, filled with normal random numbers.
struct TensorInfo {
  std::string name;
  std::size_t rows, cols;
  Gradient gradient = Gradient::added;
  double mean = 0, deviation = 1;
  bool moves = true;  ///< false: the result does not depend on it, whatever its values are
};
using TensorList = std::vector<TensorInfo>;

/// Weights that keep the magnitude of what they multiply.
inline void add_linear(TensorList& list, const std::string& name, std::size_t out, std::size_t in, bool bias = true) {
  list.push_back({name + ".weight", out, in, Gradient::added, 0, 1 / std::sqrt(static_cast<double>(in))});
  if (bias) list.push_back({name + ".bias", 1, out, Gradient::added, 0, 0.3});
}
inline void add_norm(TensorList& list, const std::string& name, std::size_t width) {
  list.push_back({name + ".weight", 1, width, Gradient::added, 1, 0.3});
  list.push_back({name + ".bias", 1, width, Gradient::added, 0, 0.3});
}

/// Numbers that float and double both hold.
template <class Real>
std::vector<Real> random_numbers(std::size_t n, std::uint64_t seed, double mean = 0, double deviation = 1) {
  Random random(seed);
  std::vector<Real> values(n);
  for (Real& value : values) value = static_cast<float>(mean + deviation * random.normal());
  return values;
}
inline std::vector<std::int32_t> random_ids(std::size_t n, std::size_t below, std::uint64_t seed) {
  Random random(seed);
  std::vector<std::int32_t> ids(n);
  for (std::int32_t& id : ids) id = static_cast<std::int32_t>(random.below(below));
  return ids;
}

template <class Real>
struct Tensor {
  TensorInfo info;
  std::vector<Real> values;
};

/// The same for every Real. Absent tensors are null views.
template <class Real>
class Tensors {
 public:
  Tensors(const TensorList& list, std::uint64_t seed) {
    for (const TensorInfo& info : list)
      all_.push_back({info, random_numbers<Real>(info.rows * info.cols, seed++, info.mean, info.deviation)});
  }
  /// What stands where the gradients go: NaN, or numbers that must be kept.
  static Tensors gradients(const TensorList& list) {
    Tensors result(list, 1000);
    for (Tensor<Real>& tensor : result.all_)
      if (tensor.info.gradient == Gradient::overwritten) std::ranges::fill(tensor.values, Real(NAN));
    return result;
  }

  MatrixView<Real> operator[](std::string_view name) { return find<MatrixView<Real>>(*this, name); }
  MatrixView<const Real> operator[](std::string_view name) const { return find<MatrixView<const Real>>(*this, name); }
  std::vector<Tensor<Real>>& all() { return all_; }
  void remove(std::string_view name) {
    REQUIRE(std::erase_if(all_, [&](const Tensor<Real>& tensor) { return tensor.info.name == name; }) == 1);
  }

 private:
  template <class View, class Self>
  static View find(Self& self, std::string_view name) {
    for (auto& tensor : self.all_)
      if (tensor.info.name == name) return {tensor.values.data(), tensor.info.rows, tensor.info.cols};
    return {};
  }

  std::vector<Tensor<Real>> all_;
};

/// One call of a layer.
template <class Real>
struct Pass {
  Context<Real> context;
  const Tensors<Real>& values;
  Tensors<Real>* gradients;  ///< null: forward only
  std::vector<Real> d_out;   ///< a backward pass may destroy it
  std::vector<Real> out;
  Arena memory = filled(), scratch = filled();

  MatrixView<const Real> value(std::string_view name) const { return values[name]; }
  MatrixView<Real> gradient(std::string_view name) const { return (*gradients)[name]; }
  MatrixView<Real> matrix(std::size_t rows, std::size_t cols) {
    return {memory.allocate<Real>(rows * cols).data(), rows, cols};
  }
  MatrixView<Real> d_result(MatrixView<const Real> result) { return {d_out.data(), result.rows, result.cols}; }

  LinearParameters<const Real> linear(const std::string& name) const {
    const MatrixView<const Real> weight = value(name + ".weight");
    return {weight.data, value(name + ".bias").data, weight.rows, weight.cols};
  }
  LinearParameters<Real> d_linear(const std::string& name) const {
    const LinearParameters<const Real> p = linear(name);
    return {gradient(name + ".weight").data, gradient(name + ".bias").data, p.out_features, p.in_features};
  }
  LayerNormParameters<const Real> norm(const std::string& name) const {
    return {value(name + ".weight").data, value(name + ".bias").data};
  }
  LayerNormParameters<Real> d_norm(const std::string& name) const {
    return {gradient(name + ".weight").data, gradient(name + ".bias").data};
  }
  /// One below the other.
  PackedLinear<Real> pack(std::span<const LinearParameters<const Real>> stack) const {
    PackedLinear<Real> packed;
    std::vector<Real> weights;
    const std::size_t in = stack[0].in_features;
    for (const LinearParameters<const Real>& p : stack) {
      weights.insert(weights.end(), p.weight, p.weight + p.out_features * in);
      if (p.bias != nullptr) packed.stacked_bias.insert(packed.stacked_bias.end(), p.bias, p.bias + p.out_features);
    }
    packed.pack(context, {weights.data(), weights.size() / in, in},
                packed.stacked_bias.empty() ? nullptr : packed.stacked_bias.data(), true);
    return packed;
  }
  PackedLinear<Real> pack(const LinearParameters<const Real>& p) const { return pack({&p, 1}); }

  /// Keeps the result of the forward pass; whether the backward pass is asked for.
  bool finish_forward(MatrixView<const Real> result) {
    out.clear();
    for (std::size_t r = 0; r < result.rows; ++r) out.insert(out.end(), result.row(r), result.row(r) + result.cols);
    return gradients != nullptr;
  }

 private:
  /// Memory in which everything is a NaN: what a layer does not write shows.
  static Arena filled() {
    constexpr std::size_t k_bytes = std::size_t{1} << 16;
    Arena arena(k_bytes);
    const Arena::Frame frame(arena);
    std::memset(arena.allocate<std::byte>(k_bytes).data(), 0xFF, k_bytes);
    return arena;
  }
};

template <class Real, class Layer>
Pass<Real> run_layer(const Layer& layer, const Context<Real>& context, const Tensors<Real>& values,
                     Tensors<Real>* gradients = nullptr, std::vector<Real> d_out = {}) {
  Pass<Real> pass{context, values, gradients, std::move(d_out), {}};
  layer.run(pass);
  return pass;
}

constexpr std::uint64_t k_values_seed = 1, k_factors_seed = 500;

/// What a layer makes of its random tensors, in double.
template <class Layer>
std::vector<double> result_of(const Layer& layer) {
  return run_layer(layer, make_reference_context(), Tensors<double>(layer.tensors(), k_values_seed)).out;
}

/// The gradient of sum_i factor_i out_i by every tensor, against difference quotients in double.
template <class Layer>
void check_gradients(const Layer& layer) {
  // Five points: the error of the quotient is h^4 f^(5) / 30 + 1.5 eps f / h. f is a sum of up to 100 numbers of order
  // 1, random signs: of order 10, and the second part 3e-12. A LayerNorm of a few features has fifth derivatives of
  // order 10^4, hence 2e-11. A wrong formula differs by 1e-2 and more.
  constexpr double k_step = 5e-4, k_bound = 1e-9;
  const Context<double> context = make_reference_context();
  const TensorList list = layer.tensors();
  Tensors<double> values(list, k_values_seed), gradients = Tensors<double>::gradients(list), start = gradients;
  const std::vector<double> out = run_layer(layer, context, values).out;
  const auto factors = random_numbers<double>(out.size(), k_factors_seed);
  CHECK(run_layer(layer, context, values, &gradients, factors).out == out);
  for (std::size_t i = 0; i < list.size(); ++i) {
    CAPTURE(list[i].name);
    double worst = 0, largest = 0;
    for (std::size_t k = 0; k < values.all()[i].values.size(); ++k) {
      double& value = values.all()[i].values[k];
      const double before = value;
      const auto loss_at = [&](double steps) {
        value = before + steps * k_step;
        const std::vector<double> result = run_layer(layer, context, values).out;
        value = before;
        double loss = 0;
        for (std::size_t r = 0; r < result.size(); ++r) loss += factors[r] * result[r];
        return loss;
      };
      const double numeric = (8 * (loss_at(1) - loss_at(-1)) - (loss_at(2) - loss_at(-2))) / (12 * k_step);
      double found = gradients.all()[i].values[k];
      if (list[i].gradient == Gradient::added) found -= start.all()[i].values[k];
      const double difference = std::abs(numeric - found) / (1 + std::abs(numeric));
      worst = std::isnan(difference) ? std::numeric_limits<double>::infinity() : std::max(worst, difference);
      largest = std::max(largest, std::abs(numeric));
    }
    CHECK(worst < k_bound);
    CHECK((largest > 1e-3) == list[i].moves);  // a tensor that the layer does not read has the right gradient, 0
  }
}

/// The layer in float on the instruction set under test against the same in double: outputs and gradients.
/// `terms`: of all the sums that follow each other on the longest way through the layer and back. Each term rounds its
/// partial sum, which is of the order of the largest result, by at most eps / 2 of it. The roundings add up as a random
/// walk does; four standard deviations, because the worst of some thousand elements counts.
template <class Layer>
void check_float(const Layer& layer, std::size_t terms) {
  const TensorList list = layer.tensors();
  const Tensors<double> values(list, k_values_seed);
  const Tensors<float> float_values(list, k_values_seed);
  auto gradients = Tensors<double>::gradients(list);
  auto float_gradients = Tensors<float>::gradients(list);
  const Context<double> reference = make_reference_context();
  const std::size_t n = run_layer(layer, reference, values).out.size();
  const std::vector<double> expected =
      run_layer(layer, reference, values, &gradients, random_numbers<double>(n, k_factors_seed)).out;
  const std::vector<float> found = run_layer(layer, make_context(default_isa()), float_values, &float_gradients,
                                             random_numbers<float>(n, k_factors_seed))
                                       .out;
  double largest_of_all = 0;
  const auto compare = [&](const std::string& name, std::span<const float> f, std::span<const double> e, bool moves) {
    double largest = 0;
    for (const double value : e) largest = std::max(largest, std::abs(value));
    largest_of_all = std::max(largest_of_all, largest);
    if (!moves) largest = largest_of_all;  // its terms cancel each other, but not their roundings
    const double bound = 4 * std::sqrt(static_cast<double>(terms)) * k_eps / 2 * largest;
    CHECK(mismatch(name, f, e, [&](std::size_t) { return bound; }) == "");
  };
  compare("output", found, expected, true);
  for (std::size_t i = 0; i < list.size(); ++i)
    compare("gradient of " + list[i].name, float_gradients.all()[i].values, gradients.all()[i].values, list[i].moves);
}

/// Without a place for one of these gradients all others have the same bits.
template <class Layer>
void check_unwanted(const Layer& layer, std::initializer_list<std::string_view> names) {
  const Context<double> context = make_reference_context();
  const TensorList list = layer.tensors();
  const Tensors<double> values(list, k_values_seed);
  auto whole = Tensors<double>::gradients(list);
  const auto factors = random_numbers<double>(run_layer(layer, context, values).out.size(), k_factors_seed);
  run_layer(layer, context, values, &whole, factors);
  for (const std::string_view name : names) {
    CAPTURE(name);
    auto part = Tensors<double>::gradients(list);
    part.remove(name);
    run_layer(layer, context, values, &part, factors);
    for (const Tensor<double>& tensor : part.all()) {
      const MatrixView<double> expected = whole[tensor.info.name];
      CHECK_MESSAGE(std::equal(tensor.values.begin(), tensor.values.end(), expected.data), tensor.info.name);
    }
  }
}

}  // namespace layer_tests
